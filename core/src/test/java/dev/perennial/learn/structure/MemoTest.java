package dev.perennial.learn.structure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MemoTest {

  private static final StructureOptions TRAINING =
      new StructureOptions(2, 4, OptimiserOptions.sgd(0.1), 2, 4, ".*", HeadOptions.DEFAULT);
  private static final int WIDTH = 256;
  private static final long BLOCK = 256 * 256 + 256;
  private static final long SHARED = 36 * 256 + 256;

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = TaskNetworksTest.images("mlp");
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  @Test
  void features_afterTwoTasks_keepTheFormerBlockAndTheSharedLayersToTheBit() {
    var expansion = new Memo.Expansion(options(6, 0, true), world.backbone(), 1);
    try (GradientLearner learner = learner(expansion)) {
      Experience first = world.experiences().getFirst();
      learn(learner, first);
      float[] before = Tensors.toFloats(features(learner, first));
      learn(learner, world.experiences().get(1));
      Tensor both = features(learner, first);
      assertEquals(2 * WIDTH, both.size(1));
      assertArrayEquals(before, Tensors.toFloats(both.narrow(1, 0, WIDTH)));
      assertTrue(both.narrow(1, 0, WIDTH).sub(both.narrow(1, WIDTH, WIDTH)).abs().max().item_double() > 1e-4);
    }
  }

  @Test
  void memoryBytes_everyTask_countsSharedLayersFormerBlocksAndExemplars() {
    var expansion = new Memo.Expansion(options(5, 0, true), world.backbone(), 1);
    try (GradientLearner learner = learner(expansion)) {
      long exemplar = 36 + 2;
      learn(learner, world.experiences().getFirst());
      assertEquals(5 * exemplar, expansion.memoryBytes());
      learn(learner, world.experiences().get(1));
      assertEquals(5 * exemplar + 4 * (SHARED + BLOCK), expansion.memoryBytes());
      learn(learner, world.experiences().get(2));
      assertEquals(5 * exemplar + 4 * (SHARED + 2 * BLOCK), expansion.memoryBytes());
      assertEquals(BLOCK, expansion.blockSize());
    }
  }

  @Test
  void budget_ofOneBlock_leavesTheRestToExemplarsAndRefusesASecond() {
    long exemplar = 36 + 2;
    var expansion = new Memo.Expansion(options(12, 4 * BLOCK + 3 * exemplar + 1, true), world.backbone(), 1);
    try (GradientLearner learner = learner(expansion)) {
      learn(learner, world.experiences().getFirst());
      assertEquals(12 * exemplar, expansion.memoryBytes());
      learn(learner, world.experiences().get(1));
      assertEquals(3 * exemplar + 4 * (SHARED + BLOCK), expansion.memoryBytes());
      var refused = assertThrows(UsageException.class, () -> learner.step(world.experiences().get(2), 0));
      assertEquals("expected a budget of at least " + 8 * BLOCK + " bytes for 2 former blocks, got "
          + (4 * BLOCK + 3 * exemplar + 1) + ": raise budget, or lower specialised", refused.getMessage());
    }
  }

  @Test
  void align_afterTheSecondTask_givesOldAndNewWeightsOneMeanLength() {
    for (boolean align : List.of(true, false)) {
      try (GradientLearner learner = learner(new Memo.Expansion(options(6, 0, align), world.backbone(), 1))) {
        learn(learner, world.experiences().getFirst());
        learn(learner, world.experiences().get(1));
        Tensor head = learner.parameters().view(learner.parameters().values(), "head.weight");
        double difference = meanLength(head, 0) - meanLength(head, 2);
        assertEquals(align, Math.abs(difference) < 1e-5, "difference " + difference);
      }
    }
  }

  /** The mean length of two classes' weights, without their biases. */
  private static double meanLength(Tensor head, int first) {
    double sum = 0;
    for (int c = first; c < first + 2; c++) {
      double square = 0;
      double[] row = Tensors.toDoubles(head.select(0, c));
      for (int i = 0; i < row.length - 1; i++) {
        square += row[i] * row[i];
      }
      sum += Math.sqrt(square);
    }
    return sum / 2;
  }

  private static Memo.Options options(int memory, long budget, boolean align) {
    return new Memo.Options(TRAINING, 0.5, memory, budget, 1, align);
  }

  private GradientLearner learner(Memo.Expansion expansion) {
    return new GradientLearner(TRAINING.training(), world.context(1).on(expansion.backbone()), expansion);
  }

  private static Tensor features(GradientLearner learner, Experience experience) {
    return learner.features(experience.train().stream().map(Example::input).toList());
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }
}
