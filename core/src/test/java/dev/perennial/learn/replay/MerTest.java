package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.junit.jupiter.api.Test;

final class MerTest {

  private static GradientOptions training(double rate) {
    return new GradientOptions(2, 4, OptimiserOptions.sgd(rate), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);
  }

  @Test
  void learner_drawnBackAfterEveryStep_isReplayOfASmallerRate() {
    var mer = new Mer.Options(training(0.2), MemoryOptions.RESERVOIR, 1, 0.25);
    assertArrayEquals(
        learned(training(0.05), new Rehearsal(training(0.05), MemoryOptions.RESERVOIR, 3)),
        learned(training(0.2), new Mer.Reptile(mer, 3)), 1e-5f);
  }

  @Test
  void learner_keptAllTheWay_isReplay() {
    var mer = new Mer.Options(training(0.1), MemoryOptions.RESERVOIR, 3, 1);
    assertArrayEquals(
        learned(training(0.1), new Rehearsal(training(0.1), MemoryOptions.RESERVOIR, 3)),
        learned(training(0.1), new Mer.Reptile(mer, 3)), 1e-5f);
  }

  private static float[] learned(GradientOptions training, Objective objective) {
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference();
        var learner = new GradientLearner(training, world.context(3), objective)) {
      for (Experience experience : world.experiences()) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
        }
      }
      return Tensors.toFloats(learner.parameters().values());
    }
  }

  @Test
  void step_everyThird_goesHalfTheWayFromWhereTheThreeBegan() {
    var options = new Mer.Options(training(0.1), MemoryOptions.RESERVOIR, 3, 0.5);
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = new Mer.Reptile(options, 3);
      var plain = new Rehearsal(options.training(), options.kept(), 3);
      try (var learner = new GradientLearner(options.training(), world.context(3), objective);
          var twin = new GradientLearner(options.training(), world.context(3), plain)) {
        Experience experience = world.experiences().getFirst();
        learner.step(experience, 0);
        learner.step(experience, 1);
        twin.step(experience, 0);
        twin.step(experience, 1);
        assertArrayEquals(values(twin), values(learner));
        float[] start = objective.state().getLast().tensor("values").floats();
        learner.step(experience, 2);
        twin.step(experience, 2);
        float[] there = values(twin);
        float[] half = new float[there.length];
        for (int i = 0; i < half.length; i++) {
          half[i] = start[i] + 0.5f * (there[i] - start[i]);
        }
        assertArrayEquals(half, values(learner), 1e-6f);
        assertEquals(objective.memory().bytes() + 4L * there.length, objective.memoryBytes());
      }
    }
  }

  private static float[] values(GradientLearner learner) {
    return Tensors.toFloats(learner.parameters().values());
  }
}
