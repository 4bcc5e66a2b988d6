package dev.perennial.learn;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Provenance;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;

/** A backbone, workers, and a stream of a few experiences: what the tests of learners learn in. */
public final class World implements AutoCloseable {

  private final Backbone backbone;
  private final Workers workers;
  private final List<Experience> experiences;

  public World(Backbone backbone, int workers, List<Experience> experiences) {
    this.workers = new Workers(workers);
    this.backbone = backbone;
    this.experiences = experiences;
  }

  /** The tiny frozen backbone and texts of random letters, each class with letters of its own. */
  public static World tiny(int workers) {
    return new World(TinyBackbone.frozen(), workers, letters(3, 2, 7));
  }

  /** A stream of texts: a class has four letters, and its texts are random words of them, of 3 to 12 letters. */
  public static List<Experience> letters(int experiences, int classes, int rows) {
    var random = CounterRandom.of(77);
    long drawn = 0;
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < experiences; e++) {
      var names = new ArrayList<String>();
      var train = new ArrayList<Example>();
      for (int c = 0; c < classes; c++) {
        int number = e * classes + c;
        names.add("class-" + number);
        for (int row = 0; row < rows; row++) {
          var text = new StringBuilder();
          int length = 3 + random.below(drawn++, 10);
          for (int i = 0; i < length; i++) {
            text.append((char) ('0' + number * 4 + random.below(drawn++, 4)));
          }
          train.add(Example.of(text.toString(), names.getLast()));
        }
      }
      var shuffled = new ArrayList<Example>();
      for (int place : CounterRandom.of(78, e).permutation(train.size())) {
        shuffled.add(train.get(place));
      }
      // The same input twice, as in any real stream.
      shuffled.add(shuffled.getFirst());
      stream.add(new Experience(e, "experience " + e, names, shuffled, List.of()));
    }
    return stream;
  }

  public Backbone backbone() {
    return backbone;
  }

  public Workers workers() {
    return workers;
  }

  public List<Experience> experiences() {
    return experiences;
  }

  /** Everything that a learner of a run needs, with an empty cache. */
  public LearnerContext context(long seed) {
    return context(seed, new Ledger(Budget.UNLIMITED));
  }

  public LearnerContext context(long seed, Ledger ledger) {
    var cache = new FeatureCache(backbone, workers, 1 << 26);
    var context = new LearnerContext(
        backbone, cache, workers, ledger, Provenance.of("a stream", seed, "a technique", "0", backbone));
    experiences.forEach(context::register);
    return context;
  }

  @Override
  public void close() {
    workers.close();
    backbone.close();
  }
}
