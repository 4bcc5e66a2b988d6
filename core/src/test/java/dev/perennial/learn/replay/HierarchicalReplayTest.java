package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HierarchicalReplayTest {

  private static final double PSEUDO = 0.6;
  /** The classes by number: two coarse ones, then three fine ones. */
  private static final List<String> CLASSES = List.of("noun", "verb", "noun.animal", "noun.food", "verb.motion");

  @Test
  void above_below_followTheNames() {
    var tree = new LabelTree(".");
    tree.setClasses(List.of("noun", "verb", "noun.animal", "nounal", "verb.motion", "adverb.of.place"));
    assertEquals(List.of(0, 1, 2), tree.levels());
    assertEquals(List.of(0, 1, 3), tree.classesOf(0));
    assertEquals(0, tree.above(2, 0));
    assertEquals(2, tree.above(2, 1));
    assertEquals(-1, tree.above(5, 0));
    assertEquals(List.of(2), tree.below(0, 1));
    assertEquals(List.of(), tree.below(3, 1));
  }

  @Test
  void taskLoss_knownLogits_teachesCoarserLevelsAndReplayedRowsFinerOnesToo() {
    var first = new Experience(0, "coarse", CLASSES.subList(0, 2),
        List.of(Example.of("a", "noun"), Example.of("b", "verb")), List.of());
    var second = new Experience(1, "fine", CLASSES.subList(2, 5), List.of(
        Example.of("c", "noun.animal"), Example.of("d", "noun.food"), Example.of("e", "verb.motion")), List.of());
    try (var world = new World(TinyBackbone.frozen(), 1, List.of(first, second));
        TensorScope scope = TensorScope.inference()) {
      var options = new HierarchicalReplay.Options(TwinLoss.TRAINING, MemoryOptions.RESERVOIR, ".", PSEUDO);
      var objective = new HierarchicalReplay.PseudoLabels(options, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        learner.step(first, 0);
        learner.step(second, 0);
        List<Example> rows = List.of(
            Example.of("new fine", "noun.food"), Example.of("new coarse", "noun"), Example.of("old coarse", "noun"));
        var batch = new Batch(second, 0, rows, 2);
        float[][] logits = {{1, 0, -1, 2, 0.5f}, {0.5f, 1, 1, -1, 3}, {-1, 0.25f, 0.5f, 0, 2}};
        double[] gradient = new double[15];
        List<Integer> coarse = List.of(0, 1);
        List<Integer> fine = List.of(2, 3, 4);
        double third = 1 / 3.0;
        double loss = TwinLoss.crossEntropy(logits[0], 3, fine, third, gradient, 0)
            + TwinLoss.crossEntropy(logits[0], 0, coarse, PSEUDO * third, gradient, 0)
            + TwinLoss.crossEntropy(logits[1], 0, coarse, third, gradient, 5)
            + TwinLoss.crossEntropy(logits[2], 0, coarse, third, gradient, 10)
            // Of the two below noun, the model gives the animal more; verb.motion, which it gives the most, is not below.
            + TwinLoss.crossEntropy(logits[2], 2, fine, PSEUDO * third, gradient, 10);
        TwinLoss.Value value =
            TwinLoss.of(objective::taskLoss, batch, new int[] {0, 1, 2}, new long[] {3, 0, 0}, logits);
        assertEquals(loss, value.loss(), 1e-5);
        assertArrayEquals(gradient, value.gradient(), 1e-6);
      }
    }
  }
}
