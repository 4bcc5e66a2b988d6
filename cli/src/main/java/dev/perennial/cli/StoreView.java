package dev.perennial.cli;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import dev.perennial.Options;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Inspection;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.Metrics;
import dev.perennial.store.Commit;
import dev.perennial.store.PartRef;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a store holds, in the order and under the names in which it is shown.
 *
 * @param store where it is
 * @param technique that learns
 * @param options of the technique, in full
 * @param seed of all its randomness
 * @param scenario how the rows became a stream
 * @param data the name of the dataset
 * @param source where the rows come from
 * @param backbone the frozen network asked for; empty for the default of the data's kind
 * @param backboneDigest of its weights
 * @param experiencesLearned in whole
 * @param classes known, in the order in which they came
 * @param bricks learned
 * @param budget the limits
 * @param spent of each resource that anything was spent of, in its own unit
 * @param learnSeconds spent in steps
 * @param accuracy row i: after experience i, on the test rows of each experience so far
 * @param commits the lineage of the state, newest first
 * @param damage what is wrong with newer commits that were passed over; empty where nothing is
 * @param stateDigest of everything learned
 */
@JsonPropertyOrder({
    "store", "technique", "options", "seed", "scenario", "data", "source", "backbone", "backboneDigest",
    "experiencesLearned", "classes", "bricks", "budget", "spent", "learnSeconds", "accuracy", "commits", "damage",
    "stateDigest"})
record StoreView(
    String store,
    String technique,
    Map<String, Object> options,
    long seed,
    String scenario,
    String data,
    DataSpec source,
    String backbone,
    String backboneDigest,
    int experiencesLearned,
    List<String> classes,
    List<Learner.BrickInfo> bricks,
    Budget budget,
    Map<String, Double> spent,
    double learnSeconds,
    List<List<Double>> accuracy,
    List<CommitView> commits,
    String damage,
    String stateDigest) {

  /**
   * A commit as it is shown.
   *
   * @param id its number
   * @param parent the commit that it went on from; 0 for none
   * @param time when it was made, in UTC
   * @param experience experiences that were finished then
   * @param step the next step within the one that follows
   * @param bytes of its blobs; those of other commits may be the same
   * @param whole whether its blobs are still kept
   */
  record CommitView(long id, long parent, String time, int experience, long step, long bytes, boolean whole) {

    private static CommitView of(Commit commit) {
      return new CommitView(commit.id(), commit.parent(), commit.time().toString(), commit.position().experience(),
          commit.position().step(), commit.parts().stream().mapToLong(PartRef::bytes).sum(), !commit.collected());
    }
  }

  /** What was found in {@code directory}. */
  static StoreView of(Path directory, Inspection found) {
    var spec = found.spec();
    var spent = new TreeMap<String, Double>();
    for (Resource resource : Resource.values()) {
      if (found.ledger().total(resource) > 0) {
        spent.put(resource.id(), found.ledger().total(resource));
      }
    }
    boolean told = spec.scenario().taskTold();
    List<List<Double>> accuracy = found.history().evaluations().isEmpty()
        ? List.of()
        : Metrics.of(found.history(), told).accuracy();
    return new StoreView(directory.toString(), spec.technique(),
        Options.flat(Techniques.load().choose(spec.technique(), spec.options()).options()), spec.seed(),
        spec.scenario().text(), found.data(), spec.data(), spec.backbone(), found.backboneDigest(), accuracy.size(), found.classes(),
        found.bricks(), spec.budget(), spent, found.learnSeconds(), accuracy,
        found.commits().stream().map(CommitView::of).toList(), found.fallback(), found.stateDigest());
  }
}
