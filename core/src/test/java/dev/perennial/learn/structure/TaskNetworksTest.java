package dev.perennial.learn.structure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Backbones;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Techniques under which every task has a network of its own: later tasks change nothing of earlier ones. */
final class TaskNetworksTest {

  private static final OptimiserOptions DECAYING = new OptimiserOptions(
      OptimiserOptions.Kind.SGD, 0.1, 0, OptimiserOptions.Schedule.CONSTANT, 0.9, 0.01);
  private static final StructureOptions TRAINING =
      new StructureOptions(2, 4, DECAYING, 2, 4, ".*", HeadOptions.DEFAULT);

  @Test
  void sparseTraining_laterTasks_leaveTheFirstTasksScoresToTheBit() {
    for (SparseTraining.Growth growth : SparseTraining.Growth.values()) {
      try (World world = images("mlp")) {
        forgetsNothing(
            new SparseTraining().learner(sparse(growth, TaskInference.DISTANCE), world.context(1)), world);
      }
    }
  }

  @Test
  void sparseTraining_task_usesItsShareOfEveryLayer() {
    try (World world = images("mlp");
        TensorScope scope = TensorScope.inference()) {
      var training = new GradientOptions(2, 4, DECAYING, LoraOptions.DEFAULT, HeadOptions.DEFAULT);
      var options = new SparseTraining.Options(training, 0.3, SparseTraining.Initialisation.UNIFORM,
          SparseTraining.Growth.MOMENTUM, 2, 0.5, TaskInference.ENTROPY);
      var sparsity = new SparseTraining.Sparsity(options, 1);
      LearnerContext context = world.context(1);
      try (var learner = new GradientLearner(training, context, sparsity)) {
        for (Experience experience : world.experiences()) {
          for (long step = 0; step < learner.steps(experience); step++) {
            learner.step(experience, step);
            Parameters parameters = learner.parameters();
            for (String name : List.of("linear.0.weight", "linear.1.weight")) {
              float[] weights = Tensors.toFloats(parameters.view(parameters.values(), name));
              int nonZero = 0;
              for (float weight : weights) {
                nonZero += weight == 0 ? 0 : 1;
              }
              assertTrue(nonZero <= Math.round(0.3 * weights.length), name + " has " + nonZero);
            }
            assertEquals(Math.round(0.3 * 36 * 256), sparsity.mask().activeIn(0));
            assertEquals(Math.round(0.3 * 256 * 256), sparsity.mask().activeIn(1));
          }
        }
        long weights = 36 * 256 + 256 + 256 * 256 + 256;
        long heads = 3 * (2 * 257L + 512) * Float.BYTES;
        assertEquals(weights * Float.BYTES + 3 * Math.ceilDiv(weights, 8) + heads, sparsity.memoryBytes());
      }
    }
  }

  @Test
  void sparseTraining_erk_everyLayerHasTheClosedFormsDensityAfterEveryCycle() {
    for (SparseTraining.Growth growth : SparseTraining.Growth.values()) {
      try (World world = images("mlp");
          TensorScope scope = TensorScope.inference()) {
        var sparsity = new SparseTraining.Sparsity(sparse(growth, TaskInference.DISTANCE), 1);
        try (var learner = new GradientLearner(sparse(growth, TaskInference.DISTANCE).training(), world.context(1),
            sparsity)) {
          // 36-256-256: eps (36 + 256) and eps (256 + 256) weights, together a fifth of all.
          double eps = 0.2 * (36 * 256 + 256 * 256) / (36 + 256 + 256 + 256);
          for (Experience experience : world.experiences()) {
            for (long step = 0; step < learner.steps(experience); step++) {
              learner.step(experience, step);
              assertEquals(Math.round(eps * (36 + 256)), sparsity.mask().activeIn(0));
              assertEquals(Math.round(eps * (256 + 256)), sparsity.mask().activeIn(1));
            }
          }
          long weights = 36 * 256 + 256 + 256 * 256 + 256;
          long perTask = Float.BYTES * (2 * 257 + 512 + (2 + 1) * 256) + Math.ceilDiv(weights, 8);
          assertEquals(weights * Float.BYTES + 3 * perTask, sparsity.memoryBytes());
        }
      }
    }
  }

  @Test
  void sparseTraining_laterTasks_leaveTheWeightsOfEarlierOnesToTheBit() {
    for (SparseTraining.Growth growth : SparseTraining.Growth.values()) {
      try (World world = images("mlp");
          TensorScope scope = TensorScope.inference()) {
        try (Learner learner = new SparseTraining().learner(sparse(growth, TaskInference.ENTROPY), world.context(1))) {
          var used = new BitSet();
          float[] before = new float[0];
          for (Experience experience : world.experiences()) {
            learn(learner, experience);
            StatePart part = learner.state().stream().filter(p -> p.name().equals("sparse")).findFirst().orElseThrow();
            float[] now = part.tensor("dense").floats();
            int changed = 0;
            for (int i = 0; i < before.length; i++) {
              boolean same = Float.floatToRawIntBits(now[i]) == Float.floatToRawIntBits(before[i]);
              assertTrue(same || !used.get(i), growth + " changed weight " + i);
              changed += same ? 0 : 1;
            }
            assertTrue(before.length == 0 || changed > 1000, "weights changed: " + changed);
            used.or(BitSet.valueOf(part.tensor("mask." + experience.index()).longs()));
            before = now;
          }
        }
      }
    }
  }

  private static SparseTraining.Options sparse(SparseTraining.Growth growth, TaskInference infer) {
    return new SparseTraining.Options(
        new GradientOptions(2, 4, DECAYING, LoraOptions.DEFAULT, HeadOptions.DEFAULT), 0.2,
        SparseTraining.Initialisation.ERK, growth, 3, 0.5, infer);
  }

  @Test
  void clr_laterTasks_leaveTheFirstTasksScoresToTheBit() {
    for (String backbone : List.of("mlp", "convnet")) {
      try (World world = images(backbone)) {
        for (TaskInference infer : TaskInference.values()) {
          forgetsNothing(new Clr().learner(new Clr.Options(TRAINING, infer), world.context(1)), world);
        }
      }
    }
  }

  @Test
  void clr_kernels_areAsManyAsThePaperCounts() {
    try (World world = images("convnet")) {
      try (var objective = new Clr.Reprogramming(
          new Clr.Options(TRAINING, TaskInference.ENTROPY), world.backbone(), 1)) {
        // A 3x3 kernel for each filter of 16, 32 and 64, one number for each of 128 features.
        assertEquals(9 * (16 + 32 + 64) + 128, objective.kernelNumbers());
      }
    }
  }

  @Test
  void clr_memoryBytes_areTheAnchorAndEachTasksKernelsHeadAndDistances() {
    try (World world = images("mlp");
        TensorScope scope = TensorScope.inference()) {
      var objective = new Clr.Reprogramming(new Clr.Options(TRAINING, TaskInference.DISTANCE), world.backbone(), 1);
      try (var learner = new GradientLearner(
          TRAINING.training(), world.context(1).on(objective.backbone()), objective)) {
        long anchor = 36 * 256 + 256 + 256 * 256 + 256;
        long headAndDistances = 2 * 257 + (2 + 1) * 256;
        for (Experience experience : world.experiences()) {
          learn(learner, experience);
          long kernels = experience.index() * (256L + 256);
          assertEquals(
              Float.BYTES * (anchor + kernels + (experience.index() + 1) * headAndDistances), objective.memoryBytes());
        }
      }
    }
  }

  @Test
  void clr_identityKernels_areTheAnchor() {
    try (World world = images("convnet");
        TensorScope scope = TensorScope.inference()) {
      var options = new Clr.Options(TRAINING, TaskInference.LOGIT);
      var objective = new Clr.Reprogramming(options, world.backbone(), 1);
      try (var learner = new GradientLearner(
          TRAINING.training(), world.context(1).on(objective.backbone()), objective)) {
        learn(learner, world.experiences().getFirst());
        List<Input> inputs = inputs(world.experiences().getFirst());
        float[] anchor = Tensors.toFloats(learner.features(inputs));
        Experience second = world.experiences().get(1);
        objective.reshapes(second, learner);
        var kernels = new Parameters();
        objective.backbone().initialise(kernels);
        float[] reprogrammed;
        try (var network = new GradientLearner(
            TRAINING.training(), world.context(1).on(objective.backbone()), new Objective() {})) {
          network.step(second, 0);
          Parameters fresh = network.parameters();
          kernels.views().forEach((name, view) -> fresh.view(fresh.values(), name).copy_(view));
          reprogrammed = Tensors.toFloats(network.features(inputs));
        }
        kernels.close();
        assertArrayEquals(anchor, reprogrammed, 1e-6f);
      }
    }
  }

  /** Learns the stream; what the first task's network says of its rows must not change by a bit. */
  private static void forgetsNothing(Learner learner, World world) {
    try (learner;
        TensorScope scope = TensorScope.inference()) {
      Experience first = world.experiences().getFirst();
      learn(learner, first);
      float[] before = firstTwo(learner, first);
      for (Experience experience : world.experiences().subList(1, 3)) {
        learn(learner, experience);
        assertArrayEquals(before, firstTwo(learner, first));
      }
    }
  }

  /** Scores of the first two classes, those of the first task. */
  private static float[] firstTwo(Learner learner, Experience experience) {
    return Tensors.toFloats(learner.scores(inputs(experience)).narrow(1, 0, 2));
  }

  private static void learn(Learner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }

  private static List<Input> inputs(Experience experience) {
    return experience.train().stream().map(Example::input).toList();
  }

  /** Three tasks of two classes of random 6x6 images, each class about an image of its own. */
  static World images(String backbone) {
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < 3; e++) {
      var rows = new ArrayList<Example>();
      for (int row = 0; row < 20; row++) {
        int label = 2 * e + row % 2;
        byte[] samples = new byte[36];
        for (int i = 0; i < samples.length; i++) {
          samples[i] = (byte) (CounterRandom.of(6, label).below(i, 200) + CounterRandom.of(7, e, row).below(i, 50));
        }
        rows.add(new Example(new Input.Image(1, 6, 6, samples), "c" + label, null, null));
      }
      stream.add(new Experience(e, "task " + e, List.of("c" + 2 * e, "c" + (2 * e + 1)), rows, List.of()));
    }
    return new World(Backbones.forImages(backbone, 1, 6, 6, 3), 1, stream);
  }
}
