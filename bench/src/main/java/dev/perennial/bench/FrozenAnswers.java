package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Learner;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.learn.analytic.GAcil;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a frozen backbone under an analytic head says of rows that it did not learn.
 *
 * @param classes that it knows
 * @param rows that it was asked about
 */
record FrozenAnswers(List<String> classes, List<Answered> rows) {

  private static final long CACHE_BYTES = 1L << 30;
  private static final int CHUNK = 512;
  private static final int LEVELS = 3;
  private static final double TEMPERATURE = 0.1;

  /**
   * One row.
   *
   * @param embedding pooled features of the last block
   * @param probabilities of the classes
   */
  record Answered(Example row, float[] embedding, float[] probabilities) {

    /** The place of the class that it says. */
    int best() {
      int best = 0;
      for (int c = 1; c < probabilities.length; c++) {
        best = probabilities[c] > probabilities[best] ? c : best;
      }
      return best;
    }

    String text() {
      return ((Input.Text) row.input()).value();
    }
  }

  /**
   * Learns the rows to learn, then answers others.
   *
   * @param features random features of the head
   * @throws UsageException if the rows are no texts
   */
  static FrozenAnswers of(RunSpec run, Dataset data, List<Example> asked, int features, Progress progress) {
    if (!(data.train().getFirst().input() instanceof Input.Text)) {
      throw new UsageException("expected texts, got images: name a table with --data, or wordnet");
    }
    if (asked.isEmpty()) {
      throw new UsageException("expected rows to ask about, got none: name a --split column with test and validation rows");
    }
    try (var workers = new Workers(run.threads());
        Backbone backbone = Backbones.load(
            run.backbone().isEmpty() ? "minilm" : run.backbone(), new Device(run.device()))) {
      var cache = new FeatureCache(backbone, workers, CACHE_BYTES);
      int levels = Math.min(LEVELS, backbone.blocks());
      var options = new GAcil.Options(new AnalyticOptions(features, levels, AnalyticOptions.DEFAULT.ridge()));
      try (Learner learner = new GAcil().learner(options, BenchContext.of("g-acil", backbone, cache, workers, run.seed()))) {
        progress.say("learning " + data.train().size() + " rows on the frozen backbone");
        List<String> names = data.train().stream().map(Example::label).distinct().sorted().toList();
        var experience = new Experience(0, "all", names, data.train(), List.of());
        long steps = learner.steps(experience);
        for (long step = 0; step < steps; step++) {
          try (TensorScope scope = TensorScope.inference()) {
            learner.step(experience, step);
          }
          progress.at(step + 1, steps);
        }
        progress.say("answering " + asked.size() + " others");
        var answered = new ArrayList<Answered>();
        for (int from = 0; from < asked.size(); from += CHUNK) {
          answered.addAll(answers(learner, cache, levels, backbone.width(), asked.subList(from, Math.min(from + CHUNK, asked.size()))));
          progress.at(answered.size(), asked.size());
        }
        return new FrozenAnswers(learner.classNames(), answered);
      }
    }
  }

  private static List<Answered> answers(Learner learner, FeatureCache cache, int levels, int width, List<Example> rows) {
    List<Input> inputs = rows.stream().map(Example::input).toList();
    try (TensorScope scope = TensorScope.inference()) {
      float[] scores = Tensors.toFloats(learner.scores(inputs));
      float[] features = Tensors.toFloats(cache.features(inputs, FeatureCache.Frozen.BACKBONE, levels));
      int classes = scores.length / rows.size();
      var answered = new ArrayList<Answered>();
      for (int row = 0; row < rows.size(); row++) {
        int end = (row + 1) * levels * width;
        answered.add(new Answered(rows.get(row), Arrays.copyOfRange(features, end - width, end),
            probabilities(Arrays.copyOfRange(scores, row * classes, (row + 1) * classes))));
      }
      return answered;
    }
  }

  /** Softmax at a temperature that suits scores of least squares, which are near 1 for the right class and 0 for others. */
  private static float[] probabilities(float[] scores) {
    double sum = 0;
    for (float score : scores) {
      sum += Math.exp(score / TEMPERATURE);
    }
    for (int c = 0; c < scores.length; c++) {
      scores[c] = (float) (Math.exp(scores[c] / TEMPERATURE) / sum);
    }
    return scores;
  }
}
