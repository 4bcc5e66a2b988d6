package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Row;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;

/**
 * The LoRA training step of a gradient learner: batches of 32 texts of exactly 64 tokens, rank 8 on query and value, a
 * linear head of 150 classes, AdamW.
 *
 * <p>A step is all that the learner does for a batch: drawing its rows, embedding, forward, backward, update.
 */
final class LoraStep {

  /** Rows of a step. */
  static final int ROWS = 32;

  /** Tokens of a row, {@code [CLS]} and {@code [SEP]} included. */
  static final int TOKENS = 64;

  /** Steps that one experience allows for. */
  static final int MOST_STEPS = 1000;

  private static final int CLASSES = 150;
  private static final int EXAMPLES = 10 * ROWS;
  private static final long WORDS_DRAWN = 202;
  private static final double NANOS = 1e9;
  static final GradientOptions OPTIONS =
      new GradientOptions(MOST_STEPS, ROWS, new OptimiserOptions(
          OptimiserOptions.Kind.ADAMW, 1e-3, 0, OptimiserOptions.Schedule.COSINE, 0, 0), LoraOptions.DEFAULT, HeadOptions.DEFAULT);

  /** Each is one token of the encoder's vocabulary. */
  private static final List<String> WORDS = List.of(
      "time", "year", "people", "way", "day", "man", "thing", "woman", "life", "child", "world", "school", "state",
      "family", "student", "group", "country", "problem", "hand", "part", "place", "case", "week", "company", "system");

  private final LearnerContext context;
  private final LongSupplier ticker;

  /**
   * @param ticker nanoseconds since some moment
   */
  LoraStep(LearnerContext context, LongSupplier ticker) {
    this.context = context;
    this.ticker = ticker;
  }

  /** A learner's context with nothing in its cache, and no limits. */
  static LearnerContext context(Backbone backbone, Workers workers) {
    return BenchContext.of("fine-tune", backbone, new FeatureCache(backbone, workers, 0), workers);
  }

  /** Seconds of each of {@code steps} steps, after {@code warmUp} that do not count; at most {@link #MOST_STEPS} in all. */
  Timings measure(int warmUp, int steps) {
    Experience experience = experience(context.backbone());
    var seconds = new ArrayList<Double>();
    try (var learner = new GradientLearner(OPTIONS, context, new Objective() {})) {
      for (int step = 0; step < warmUp + steps; step++) {
        long start = ticker.getAsLong();
        try (TensorScope scope = TensorScope.inference()) {
          learner.step(experience, step);
        }
        if (step >= warmUp) {
          seconds.add((ticker.getAsLong() - start) / NANOS);
        }
      }
    }
    return new Timings(seconds);
  }

  /** Texts of {@link #TOKENS} tokens in {@value #CLASSES} classes. */
  static Experience experience(Backbone backbone) {
    var examples = new ArrayList<Example>();
    for (int i = 0; i < EXAMPLES; i++) {
      var random = CounterRandom.of(1, WORDS_DRAWN, i);
      List<String> words = IntStream.range(0, TOKENS - 2)
          .mapToObj(word -> WORDS.get(random.below(word, WORDS.size()))).toList();
      examples.add(Example.of(String.join(" ", words), label(i % CLASSES)));
    }
    for (Row row : backbone.prepare(examples.stream().map(Example::input).toList())) {
      if (row.length() != TOKENS) {
        throw new IllegalStateException("expected texts of " + TOKENS + " tokens, one a word, got " + row.length());
      }
    }
    List<String> classes = IntStream.range(0, CLASSES).mapToObj(LoraStep::label).toList();
    return new Experience(0, "steps", classes, examples, List.of());
  }

  private static String label(int index) {
    return "class " + index;
  }
}
