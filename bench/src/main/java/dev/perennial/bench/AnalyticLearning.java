package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.learn.Learner;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.learn.analytic.GAcil;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Analytic learning of one experience of WordNet glosses: from texts, with nothing computed before, and again from the
 * features that the cache then has. The solution at the end is included, drawing the random features is not.
 */
final class AnalyticLearning {

  private static final long CACHE_BYTES = 256L << 20;
  private static final int WARM_UP_EXAMPLES = 64;
  private static final double NANOS = 1e9;

  private final Backbone backbone;
  private final Workers workers;
  private final GAcil.Options options;
  private final LongSupplier ticker;

  /**
   * @param features random features of an example
   * @param ticker nanoseconds since some moment
   */
  AnalyticLearning(Backbone backbone, Workers workers, int features, LongSupplier ticker) {
    this.backbone = backbone;
    this.workers = workers;
    this.options = new GAcil.Options(
        new AnalyticOptions(features, AnalyticOptions.DEFAULT.levels(), AnalyticOptions.DEFAULT.ridge()));
    this.ticker = ticker;
  }

  /** Measures both ways {@code repeats} times, by turns. */
  LearnFigures.Analytic measure(List<Example> examples, int repeats) {
    Experience experience = experience(examples);
    learn(experience(examples.subList(0, Math.min(WARM_UP_EXAMPLES, examples.size()))), cache());
    var fromTexts = new ArrayList<Double>();
    var fromCache = new ArrayList<Double>();
    for (int repeat = 0; repeat < repeats; repeat++) {
      FeatureCache cache = cache();
      fromTexts.add(learn(experience, cache));
      long computed = cache.rowsComputed();
      fromCache.add(learn(experience, cache));
      if (cache.rowsComputed() != computed) {
        throw new IllegalStateException("features that were computed before were computed again");
      }
    }
    return new LearnFigures.Analytic(examples.size(), options.analytic().features(),
        LearnFigures.Side.of(new Timings(fromTexts), examples.size()),
        LearnFigures.Side.of(new Timings(fromCache), examples.size()));
  }

  private FeatureCache cache() {
    return new FeatureCache(backbone, workers, CACHE_BYTES);
  }

  private double learn(Experience experience, FeatureCache cache) {
    try (Learner learner = new GAcil().learner(options, BenchContext.of("g-acil", backbone, cache, workers))) {
      long start = ticker.getAsLong();
      long steps = learner.steps(experience);
      for (long step = 0; step < steps; step++) {
        try (TensorScope scope = TensorScope.inference()) {
          learner.step(experience, step);
        }
      }
      return (ticker.getAsLong() - start) / NANOS;
    }
  }

  private static Experience experience(List<Example> examples) {
    return new Experience(
        0, "glosses", examples.stream().map(Example::label).distinct().sorted().toList(), examples, List.of());
  }
}
