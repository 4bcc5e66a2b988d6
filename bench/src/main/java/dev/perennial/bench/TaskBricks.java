package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.util.LinkedHashMap;
import java.util.SequencedMap;
import java.util.function.Consumer;

/** Bricks that were learned apart from one another, each with its head, one on each experience of a stream. */
final class TaskBricks {

  private static final String TECHNIQUE = "fine-tune";

  /** Of frozen features, which a brick in the first block has no use for. */
  private static final long CACHE_BYTES = 64L << 20;

  private TaskBricks() {}

  /**
   * Learns them.
   *
   * @param run its options are those of fine-tune; its seed, and the number of the task, decide every draw
   * @param say hears of each that is learned
   * @return {@code task-1} and so on, in the order of the stream
   */
  static SequencedMap<String, SavedBrick> learn(
      RunSpec run, Stream stream, Backbone backbone, Workers workers, Consumer<String> say) {
    var bricks = new LinkedHashMap<String, SavedBrick>();
    for (Experience experience : stream.experiences()) {
      String name = "task-" + (experience.index() + 1);
      say.accept(name + ": learning " + experience.classes().size() + " classes of "
          + Numbers.whole(experience.train().size()) + " rows");
      bricks.put(name, learn(run, stream, experience, backbone, workers));
    }
    return bricks;
  }

  private static SavedBrick learn(
      RunSpec run, Stream stream, Experience experience, Backbone backbone, Workers workers) {
    var choice = Techniques.load().choose(TECHNIQUE, run.options());
    long seed = run.seed() * stream.experiences().size() + experience.index();
    var cache = new FeatureCache(backbone, workers, CACHE_BYTES);
    var context = new LearnerContext(backbone, cache, workers, new Ledger(Budget.UNLIMITED),
        Provenance.of(stream.digest(), seed, TECHNIQUE, "", backbone));
    // It is the first experience of its own learner, whichever it is of the stream.
    var alone = new Experience(0, experience.name(), experience.classes(), experience.train(), experience.test());
    try (Learner learner = choice.learner(context)) {
      context.register(alone);
      long steps = learner.steps(alone);
      for (long step = 0; step < steps; step++) {
        try (TensorScope scope = TensorScope.inference()) {
          learner.step(alone, step);
        }
      }
      try (TensorScope scope = TensorScope.inference()) {
        return learner.saved("brick").orElseThrow();
      }
    }
  }
}
