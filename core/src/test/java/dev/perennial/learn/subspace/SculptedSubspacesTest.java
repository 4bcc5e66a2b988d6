package dev.perennial.learn.subspace;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class SculptedSubspacesTest {

  private static final int WIDTH = TinyBackbone.WIDTH;

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = World.tiny(1);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static SculptedSubspaces.Options options(double least, double most) {
    return new SculptedSubspaces.Options(
        6, 4, OptimiserOptions.adamW(0.02), "linear", HeadOptions.DEFAULT, least, most, 64);
  }

  private static GradientLearner learner(
      SculptedSubspaces.Options options, World world, SculptedSubspaces.Protection protection) {
    return new GradientLearner(
        new GradientOptions(options.epochs(), options.batch(), options.optimisation(), LoraOptions.DEFAULT, options.head())
            .withBrick(new BrickOptions("delta", new LoraOptions(8, 16, 0, options.sites()))),
        world.context(1), protection);
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope stepping = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  /** W of a block: the frozen weight and what was learned, by the name of the parameter. */
  private Tensor weight(GradientLearner learner, int block) {
    String name = learner.parameters().names().get(block);
    Tensor change = learner.parameters().view(learner.parameters().values(), name);
    return world.backbone().frozen(world.backbone().sites().get(block)).weight().add(change);
  }

  @Test
  void learned_protectedPart_isWhatItWas_andTheRestIsNot() {
    var options = options(0.3, 0.6);
    var protection = new SculptedSubspaces.Protection(options, world.context(1));
    try (GradientLearner learner = learner(options, world, protection)) {
      for (Experience experience : world.experiences()) {
        Tensor[] before = new Tensor[2];
        for (int block = 0; block < 2; block++) {
          before[block] = experience.index() == 0
              ? world.backbone().frozen(world.backbone().sites().get(block)).weight()
              : weight(learner, block);
        }
        learn(learner, experience);
        assertEquals(2, protection.subspaces().size());
        for (int block = 0; block < 2; block++) {
          // The twin: a singular value decomposition of its own, of the weight as the experience began.
          long rank = protection.subspaces().get(block).left().size(1);
          var parts = torch.linalg_svd(before[block].to(torch.ScalarType.Double), true, new StringViewOptional());
          Tensor u = parts.get0().narrow(1, 0, rank);
          Tensor v = parts.get2().narrow(0, 0, rank).t();
          Tensor core = torch.mm(torch.mm(u.t(), weight(learner, block).to(torch.ScalarType.Double)), v);
          assertArrayEquals(Tensors.toDoubles(torch.diag(parts.get1().narrow(0, 0, rank))), Tensors.toDoubles(core), 1e-6);
          double moved = weight(learner, block).sub(before[block]).norm(new Scalar(2)).item_double();
          assertTrue(moved > 0.01, "moved " + moved);
        }
      }
    }
  }

  @Test
  void share_followsTheImportance() {
    var protection = new SculptedSubspaces.Protection(options(0.1, 0.8), world.context(1));
    assertEquals(0.8, protection.share(1), 1e-12);
    assertEquals(0.1, protection.share(0), 1e-12);
    assertEquals(0.45, protection.share(0.5), 1e-12);
    assertEquals(1, protection.share(2), 1e-12);
    assertEquals(0, protection.share(-1), 1e-12);
    protection.close();
  }

  @Test
  void ranks_areTheSharesByTheCosinesOfInputsAndOutputs() {
    var options = options(0.1, 0.6);
    var protection = new SculptedSubspaces.Protection(options, world.context(1));
    try (GradientLearner learner = learner(options, world, protection)) {
      Experience first = world.experiences().getFirst();
      learner.step(first, 0);
      double[] cosines = new double[2];
      for (Example row : first.train()) {
        Tensor state = world.backbone().pass(world.backbone().prepare(List.of(row.input()))).start();
        for (int block = 0; block < 2; block++) {
          Tensor weight = world.backbone().frozen(world.backbone().sites().get(block)).weight();
          Tensor next = torch.tanh(torch.mm(state, weight.t()));
          cosines[block] += state.mul(next).sum().item_double()
              / (state.norm(new Scalar(2)).item_double() * next.norm(new Scalar(2)).item_double());
          state = next;
        }
      }
      for (int block = 0; block < 2; block++) {
        double importance = cosines[block] / ((cosines[0] + cosines[1]) / 2);
        long rank = (long) (Math.clamp(0.1 + importance * 0.5, 0, 1) * WIDTH);
        int at = block;
        long own = protection.subspaces().stream()
            .filter(subspace -> subspace.name().equals(learner.parameters().names().get(at)))
            .mapToLong(subspace -> subspace.left().size(1)).sum();
        assertEquals(rank, own, "block " + block);
      }
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected most between least, which is 0.5, and 1, got 0.4",
        assertThrows(UsageException.class, () -> options(0.5, 0.4)).getMessage());
  }
}
