package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.learn.replay.DrawOptions;
import dev.perennial.learn.replay.MemoryOptions;
import dev.perennial.learn.replay.Replay;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The techniques that are special cases of the unified objective: equal gradients on a fixed batch. */
final class UnifiedTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      3, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = World.tiny(2);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static Objective unified(
      int memory, double replay, double logits, double distillation, double weights, Unified.Metric metric) {
    return Unified.objective(new Unified.Options(
        TRAINING, memory, replay, logits, distillation, 3, weights, metric, 1000), 1);
  }

  @Test
  void noTermOfThePast_isFineTuning() {
    requireEqual(new Objective() {}, unified(10, 0, 0, 0, 0, Unified.Metric.FISHER));
  }

  @Test
  void identityMetric_isL2() {
    requireEqual(new L2.Penalty(new L2.Options(TRAINING, 0.7)), unified(10, 0, 0, 0, 0.7, Unified.Metric.IDENTITY));
  }

  @Test
  void fisherMetric_isEwc() {
    requireEqual(
        new Ewc.Penalty(new Ewc.Options(TRAINING, 40, Fisher.EMPIRICAL, 1000, 1, Ewc.Penalties.ONLINE), 1),
        unified(10, 0, 0, 0, 40, Unified.Metric.FISHER));
  }

  @Test
  void entropicDivergenceFromTheFormerModel_isLwf() {
    requireEqual(
        new Lwf.Distillation(new Lwf.Options(TRAINING, 0.4, 3)), unified(10, 0, 0, 0.4, 0, Unified.Metric.FISHER));
  }

  @Test
  void entropicDivergenceFromReplayedLabels_isExperienceReplay() {
    requireReplay(1, 0);
  }

  /** The same rows are kept and drawn, so that not one gradient but all steps are those of the technique itself. */
  @Test
  void replayedLabelsWithFullWeight_takeTheStepsOfReplay() {
    var training = new GradientOptions(3, 4, OptimiserOptions.sgd(0.05), TRAINING.brick().lora(), TRAINING.head());
    var kept = new MemoryOptions(9, MemoryOptions.Keep.RESERVOIR, MemoryOptions.Offer.EXPERIENCE);
    var options = new Unified.Options(training, 9, 1, 0, 0, 3, 0, Unified.Metric.FISHER, 1000);
    try (var replay = (GradientLearner) new Replay().learner(new Replay.Options(training, kept, DrawOptions.NONE), world.context(1));
        var naive = new GradientLearner(training, world.context(1), new Objective() {});
        var unified = (GradientLearner) new Unified().learner(options, world.context(1))) {
      for (GradientLearner learner : List.of(replay, naive, unified)) {
        for (Experience experience : world.experiences()) {
          for (long step = 0; step < learner.steps(experience); step++) {
            learner.step(experience, step);
          }
        }
      }
      float[] expected = Tensors.toFloats(replay.parameters().values());
      assertArrayEquals(expected, Tensors.toFloats(unified.parameters().values()), 1e-5f);
      assertTrue(replay.parameters().values().sub(naive.parameters().values()).abs().max().item_double() > 1e-2);
    }
  }

  @Test
  void squaredDivergenceFromReplayedLogits_isDer() {
    requireReplay(0, 0.3);
  }

  @Test
  void both_isDerPlusPlus() {
    requireReplay(0.5, 0.3);
  }

  private void requireEqual(Objective technique, Objective unified) {
    try (var one = new GradientLearner(TRAINING, world.context(1), technique);
        var other = new GradientLearner(TRAINING, world.context(1), unified)) {
      Experience second = begun(one, other);
      var batch = new Batch(second, 0, second.train().subList(0, 6), 6);
      float[] expected = gradient(one, technique, batch);
      assertTrue(size(expected) > 0.1);
      assertArrayEquals(expected, gradient(other, unified, batch), 1e-6f * Math.max(1, size(expected)));
    }
  }

  /**
   * Against the formula: the mean over the batch's rows of the cross-entropy, where they were replayed times
   * {@code labels}, and {@code logits |z - h|²} of the replayed rows. All rows of the first experience are kept, so z are
   * the logits of the model that it ended with.
   */
  private void requireReplay(double labels, double logits) {
    Objective unified = unified(1000, labels, logits, 0, 0, Unified.Metric.FISHER);
    try (var one = new GradientLearner(TRAINING, world.context(1), new Objective() {});
        var other = new GradientLearner(TRAINING, world.context(1), unified)) {
      Experience first = world.experiences().getFirst();
      for (long step = 0; step < one.steps(first); step++) {
        one.step(first, step);
      }
      float[] former = Tensors.toFloats(one.logits(first.train()));
      int known = one.classes().size();
      for (long step = 0; step < one.steps(first); step++) {
        other.step(first, step);
      }
      Experience second = world.experiences().get(1);
      one.step(second, 0);
      other.step(second, 0);
      Tensor values = one.parameters().values();
      values.add_(Tensors.gaussians(CounterRandom.of(5), 0, values.numel()), new Scalar(0.1));
      other.parameters().values().copy_(values);

      var rows = new ArrayList<Example>(second.train().subList(0, 6));
      List<Example> replayed = unified.replayed(second, 1);
      rows.addAll(replayed);
      assertEquals(TRAINING.batch(), replayed.size());
      var batch = new Batch(second, 1, rows, 6);
      float[] expected = Tensors.toFloats(one.gradient(rows, part -> {
        Tensor ce = torch.cross_entropy_loss(part.logits(), part.targets(), new TensorOptional(), 0, -100, 0);
        Tensor arrived = ce.mul(part.mask(position -> position < 6)).sum();
        Tensor again = ce.mul(part.mask(position -> position >= 6)).sum().mul(new Scalar(labels));
        Tensor loss = arrived.add(again);
        for (int i = 0; i < part.positions().length; i++) {
          if (part.positions()[i] >= 6) {
            int row = first.train().indexOf(rows.get(part.positions()[i]));
            Tensor wanted = Tensors.floats(Arrays.copyOfRange(former, row * known, (row + 1) * known), known);
            Tensor away = part.logits().select(0, i).narrow(0, 0, known).sub(wanted);
            loss = loss.add(away.mul(away).sum(), new Scalar(logits));
          }
        }
        return loss;
      }));
      assertTrue(size(expected) > 0.1);
      assertArrayEquals(expected, gradient(other, unified, batch), 1e-6f * Math.max(1, size(expected)));
    }
  }

  @Test
  void memoryBytes_everyPartAsked_isTheirSum() {
    Objective unified = unified(3, 1, 0.1, 0.2, 0.3, Unified.Metric.FISHER);
    try (var learner = new GradientLearner(TRAINING, world.context(1), unified)) {
      Experience first = world.experiences().getFirst();
      for (long step = 0; step < learner.steps(first); step++) {
        learner.step(first, step);
      }
      long samples = unified.replayed(first, 0).stream()
          .mapToLong(row -> ((Input.Text) row.input()).value().length() + row.label().length()).sum();
      long anchored = learner.parameters().size();
      long expected = samples + 3 * 2 * Float.BYTES + 2 * anchored * Float.BYTES;
      assertEquals(expected, unified.memoryBytes());
      Experience second = world.experiences().get(1);
      learner.step(second, 0);
      assertEquals(expected + second.train().size() * 2L * Float.BYTES, unified.memoryBytes());
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected a replay of at least 0, got -1.0", assertThrows(
        UsageException.class, () -> unified(3, -1, 0, 0, 0, Unified.Metric.FISHER)).getMessage());
    assertThrows(UsageException.class, () -> unified(0, 1, 0, 0, 0, Unified.Metric.FISHER));
  }

  /** Both have learned the first experience and begun the second; both are then moved to the same place. */
  private Experience begun(GradientLearner one, GradientLearner other) {
    Experience first = world.experiences().getFirst();
    Experience second = world.experiences().get(1);
    for (GradientLearner learner : List.of(one, other)) {
      for (long step = 0; step < learner.steps(first); step++) {
        learner.step(first, step);
      }
      learner.step(second, 0);
    }
    Tensor values = one.parameters().values();
    values.add_(Tensors.gaussians(CounterRandom.of(5), 0, values.numel()), new Scalar(0.1));
    other.parameters().values().copy_(values);
    return second;
  }

  private static float[] gradient(GradientLearner learner, Objective objective, Batch batch) {
    Tensor gradient = learner.gradient(batch.rows(), part -> {
      Tensor loss = objective.taskLoss(batch, part);
      Tensor onOutputs = objective.outputLoss(batch, part);
      return onOutputs == null ? loss : loss.add(onOutputs);
    });
    objective.addWeightGradient(learner.parameters().values(), gradient);
    return Tensors.toFloats(gradient);
  }

  private static float size(float[] values) {
    float size = 0;
    for (float value : values) {
      size = Math.max(size, Math.abs(value));
    }
    return size;
  }
}
