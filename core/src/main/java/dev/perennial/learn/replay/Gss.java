package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/*
 * Gradient-based sample selection, greedy (arXiv 1903.08671, algorithm 2). A row that arrives has the score
 *   c = 1 + max over a few rows of the memory of the cosine of its gradient and theirs
 * (1 while the memory is empty). There is room: it is kept with its score. There is none, and c < 1, so that it points
 * away from all of them: a candidate i is drawn among those kept with probability c_i / sum of c, and the row takes its
 * place with probability c_i / (c_i + c). Gradients are those of the cross-entropy of one row, after the step that the
 * row arrived with; the few rows are drawn once a step.
 */
/** Replay from a memory of rows whose gradients point in different directions. */
@Technique(
    name = "gss",
    title = "Gradient based sample selection for online continual learning",
    source = "arXiv 1903.08671",
    cost = "twice the steps' rows, and a gradient for each row and for the rows compared; keeps rows and their scores")
public final class Gss implements Method<Gss.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory examples kept, 1 to 10 million; default 500
   * @param compared rows of the memory that a row is compared with, 1 to 1000; default 10
   */
  public record Options(GradientOptions training, int memory, int compared) {

    /** Checks the ranges. */
    public Options {
      MemoryOptions.requireSize(memory);
      if (compared < 1 || compared > 1000) {
        throw new UsageException("expected compared between 1 and 1000 rows, got " + compared);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, 10);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Diversity(options, context.seed()));
  }

  static final class Diversity extends Rehearsal {

    private static final long CANDIDATE = 14;
    private static final long EXCHANGED = 15;
    private static final String SCORES = "scores";

    private final long seed;
    private final int compared;
    /** The score of each row that is kept. */
    private final List<Float> scores = new ArrayList<>();
    private long offered;

    Diversity(Options options, long seed) {
      super(options.training(),
          new MemoryOptions(options.memory(), MemoryOptions.Keep.RESERVOIR, MemoryOptions.Offer.STEP), seed);
      this.seed = seed;
      this.compared = options.compared();
    }

    @Override
    public void stepped(Batch batch, Model model) {
      if (!firstEpoch(batch)) {
        return;
      }
      List<Sample> others = drawn(batch.experience(), batch.step(), compared, 1);
      var directions = new Tensor[others.size()];
      for (int i = 0; i < directions.length; i++) {
        directions[i] = direction(others.get(i).example(), model);
      }
      Tensor known = directions.length == 0 ? Tensors.zeros(0, 0) : torch.stack(new TensorVector(directions), 0);
      for (Example row : batch.rows().subList(0, batch.arrived())) {
        try (TensorScope scope = TensorScope.inference()) {
          double likeness = directions.length == 0
              ? 0
              : torch.mv(known, direction(row, model)).max().item_double();
          offer(row, (float) (1 + likeness));
        }
      }
    }

    /** The gradient of one row, at length 1. */
    private static Tensor direction(Example row, Model model) {
      Tensor gradient = model.taskGradient(List.of(row));
      return gradient.div(new Scalar(Math.max(gradient.norm().item_double(), 1e-12)));
    }

    /** Keeps a row of that score, or not. */
    void offer(Example row, float score) {
      long index = offered++;
      if (!memory().isFull()) {
        memory().append(Sample.of(row));
        scores.add(score);
        return;
      }
      if (score >= 1) {
        return;
      }
      double total = scores.stream().mapToDouble(Float::doubleValue).sum();
      double left = CounterRandom.of(seed, CANDIDATE).uniform(index) * total;
      int candidate = 0;
      while (candidate < scores.size() - 1 && left >= scores.get(candidate)) {
        left -= scores.get(candidate++);
      }
      float other = scores.get(candidate);
      if (CounterRandom.of(seed, EXCHANGED).uniform(index) * (other + score) < other) {
        memory().replace(candidate, Sample.of(row));
        scores.set(candidate, score);
      }
    }

    @Override
    public List<StatePart> state() {
      float[] kept = new float[scores.size()];
      for (int i = 0; i < kept.length; i++) {
        kept[i] = scores.get(i);
      }
      var parts = new ArrayList<>(super.state());
      parts.add(StatePart.of(SCORES, Combine.LATEST, Map.of(
          "scores", TensorData.of(kept, kept.length), "offered", TensorData.of(new long[] {offered}, 1))));
      return parts;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      super.restore(state, past);
      StatePart part = LearnerState.part(state, SCORES);
      for (float score : part.tensor("scores").floats()) {
        scores.add(score);
      }
      offered = part.tensor("offered").longs()[0];
    }

    @Override
    public long memoryBytes() {
      return super.memoryBytes() + (long) scores.size() * Float.BYTES;
    }
  }
}
