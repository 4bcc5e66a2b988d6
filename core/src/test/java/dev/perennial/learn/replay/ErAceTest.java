package dev.perennial.learn.replay;

import static dev.perennial.learn.replay.TwinLoss.row;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ErAceTest {

  @Test
  void taskLoss_knownLogits_setsNewRowsAgainstTheClassesOfTheirBatchAlone() {
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = new ErAce.Asymmetric(new ErAce.Options(TwinLoss.TRAINING, MemoryOptions.RESERVOIR, DrawOptions.NONE), 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        // Two classes are known from the first experience, two from the second.
        Experience second = world.experiences().get(1);
        learner.step(world.experiences().getFirst(), 0);
        learner.step(second, 0);
        List<Example> rows = List.of(row("a", 3), row("b", 2), row("c", 3), row("d", 0), row("e", 3));
        var batch = new Batch(second, 0, rows, 3);
        // The rows of one worker of several; the batch's classes 2 and 3 are those of all its rows that arrived.
        int[] positions = {3, 0, 4, 2};
        float[][] logits = {{1, 0, -1, 2}, {0.5f, 9, 1, -1}, {-1, 0.25f, 2, 1}, {3, 3, 0.5f, 0}};
        long[] labels = {0, 3, 3, 3};
        double[] gradient = new double[16];
        double loss = TwinLoss.crossEntropy(logits[0], 0, List.of(0, 1, 2, 3), 0.5, gradient, 0)
            + TwinLoss.crossEntropy(logits[1], 3, List.of(2, 3), 1 / 3.0, gradient, 4)
            + TwinLoss.crossEntropy(logits[2], 3, List.of(0, 1, 2, 3), 0.5, gradient, 8)
            + TwinLoss.crossEntropy(logits[3], 3, List.of(2, 3), 1 / 3.0, gradient, 12);
        TwinLoss.Value value = TwinLoss.of(objective::taskLoss, batch, positions, labels, logits);
        assertEquals(loss, value.loss(), 1e-5);
        assertArrayEquals(gradient, value.gradient(), 1e-6);
      }
    }
  }
}
