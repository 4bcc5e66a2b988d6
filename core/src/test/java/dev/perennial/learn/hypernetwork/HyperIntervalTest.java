package dev.perennial.learn.hypernetwork;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

final class HyperIntervalTest {

  private static HyperInterval.Options options(double radius, boolean universal) {
    return new HyperInterval.Options(
        new TaskNetworkOptions(30, 4, OptimiserOptions.adamW(0.01), 8, 1, 20, 4, 12, 1,
            TaskNetworkOptions.Recognition.MEANS, 0.01),
        radius, 1, 0.5, universal);
  }

  private static TaskNetworks learned(World world, HyperInterval.Options options) {
    TaskNetworks learner = new HyperInterval().learner(options, world.context(1));
    for (Experience experience : world.experiences()) {
      for (long step = 0; step < learner.steps(experience); step++) {
        learner.step(experience, step);
      }
    }
    return learner;
  }

  @Test
  void certified_everyEmbeddingOfTheIntersection_predictsTheGuaranteedClasses() {
    HyperInterval.Options options = options(0.02, false);
    TargetNetwork target = options.networks().target(TinyBackbone.WIDTH);
    try (World world = World.tiny(1);
        TensorScope scope = TensorScope.inference();
        TaskNetworks learner = learned(world, options)) {
      Map<String, Tensor> tensors = learner.parameters().views();
      var hypernetwork = (IntervalHypernetwork) learner.hypernetwork();
      Interval universal = hypernetwork.universal(tensors);
      double[] lower = Tensors.toDoubles(universal.lower());
      double[] upper = Tensors.toDoubles(universal.upper());
      for (Experience experience : world.experiences()) {
        int task = experience.index();
        List<Example> rows = experience.train();
        Tensor inputs = inputs(world, rows);
        long[] labels = rows.stream().mapToLong(row -> experience.classes().indexOf(row.label())).toArray();
        double[] margins = Tensors.toDoubles(
            hypernetwork.margins(tensors, task, inputs, Tensors.longs(labels, labels.length)));
        double[] flat = Tensors.toDoubles(inputs);
        int width = TinyBackbone.WIDTH;
        double[] least = new double[labels.length];
        Arrays.fill(least, Double.POSITIVE_INFINITY);
        for (int sample = 0; sample < 300; sample++) {
          var random = CounterRandom.of(9, task, sample);
          double[] embedding = new double[lower.length];
          for (int i = 0; i < embedding.length; i++) {
            // The middle of the intersection first, then its corners.
            double share = sample == 0 ? 0.5 : Math.round(random.uniform(i));
            embedding[i] = lower[i] + share * (upper[i] - lower[i]);
          }
          double[] weights = PlainNetworks.ofEmbedding(target, tensors, task, embedding, 2);
          for (int row = 0; row < labels.length; row++) {
            double[] logits = PlainNetworks.logits(
                target, weights, Arrays.copyOfRange(flat, row * width, (row + 1) * width), 2);
            least[row] = Math.min(least[row], logits[(int) labels[row]] - logits[1 - (int) labels[row]]);
          }
        }
        long guaranteed = 0;
        for (int row = 0; row < labels.length; row++) {
          assertTrue(least[row] >= margins[row] - 1e-4, least[row] + " is below the bound " + margins[row]);
          guaranteed += margins[row] > 1e-3 ? 1 : 0;
        }
        long certified = learner.certified(task, rows);
        assertTrue(certified >= guaranteed && certified > 0.7 * rows.size(), certified + " rows are certified");
      }
      assertEquals(
          learner.certified(2, world.experiences().getLast().train()) / 15.0, learner.certifiedShare(2), 1e-12);
    }
  }

  private static Tensor inputs(World world, List<Example> rows) {
    Tensor features = world.context(1).cache().features(
        rows.stream().map(Example::input).toList(), FeatureCache.Frozen.BACKBONE);
    return torch.normalize(features).mul(new Scalar(Math.sqrt(TinyBackbone.WIDTH)));
  }

  @Test
  void certified_widerIntervals_provesFewerRows() {
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference();
        TaskNetworks narrow = learned(world, options(0, false)); TaskNetworks wide = learned(world, options(5, false))) {
      List<Example> rows = world.experiences().getLast().train();
      assertTrue(narrow.certified(2, rows) > wide.certified(2, rows));
    }
  }

  @Test
  void scores_universal_areThoseOfTheEmbeddingThatAllTasksHave() {
    HyperInterval.Options options = options(0.02, true);
    TargetNetwork target = options.networks().target(TinyBackbone.WIDTH);
    try (World world = World.tiny(1); TensorScope scope = TensorScope.inference();
        TaskNetworks learner = learned(world, options)) {
      Map<String, Tensor> tensors = learner.parameters().views();
      var hypernetwork = (IntervalHypernetwork) learner.hypernetwork();
      double[] embedding = Tensors.toDoubles(hypernetwork.universal(tensors).center());
      List<Tensor> weights = hypernetwork.weights(tensors);
      for (int task = 0; task < 3; task++) {
        assertArrayEquals(
            PlainNetworks.ofEmbedding(target, tensors, task, embedding, 2), Tensors.toDoubles(weights.get(task)), 1e-5);
      }
    }
  }

  @Test
  void generated_middlesAndRadii_ofEveryTask() {
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = new IntervalHypernetwork(new TargetNetwork(3, 2, 1, 4), options(0.1, false), 1);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, 2, 2, 3);
      double[] generated = Tensors.toDoubles(hypernetwork.generated(tensors, 2));
      Interval first = hypernetwork.weights(tensors, 0, hypernetwork.region(tensors, 0, 1));
      Interval second = hypernetwork.weights(tensors, 1, hypernetwork.region(tensors, 1, 1));
      assertArrayEquals(Tensors.toDoubles(Tensors.concat(
          0, first.center(), first.radius(), second.center(), second.radius())), generated);
      assertTrue(first.radius().min().item_double() > 0);
    }
  }

  @Test
  void loss_halfOfAnExperience_weighsTheMiddleAndTheWorst() {
    try (TensorScope scope = TensorScope.inference()) {
      var target = new TargetNetwork(3, 2, 1, 4);
      var hypernetwork = new IntervalHypernetwork(target, options(0.1, false), 1);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, 2, 3);
      Tensor rows = PlainNetworks.normal(CounterRandom.of(4), 2, 3);
      Tensor labels = Tensors.longs(new long[] {2, 0}, 2);
      Interval region = hypernetwork.region(tensors, 0, 1);
      double[] row = Tensors.toDoubles(rows);
      Interval logits = target.logits(hypernetwork.weights(tensors, 0, region), rows, 3);
      double[] low = Tensors.toDoubles(logits.lower());
      double[] high = Tensors.toDoubles(logits.upper());
      double[] weights = PlainNetworks.ofEmbedding(target, tensors, 0, Tensors.toDoubles(region.center()), 3);
      double fit = 0;
      double worst = 0;
      for (int r = 0; r < 2; r++) {
        int label = r == 0 ? 2 : 0;
        fit += crossEntropy(
            PlainNetworks.logits(target, weights, Arrays.copyOfRange(row, r * 3, r * 3 + 3), 3), label) / 2;
        double[] against = Arrays.copyOfRange(high, r * 3, r * 3 + 3);
        against[label] = low[r * 3 + label];
        worst += crossEntropy(against, label) / 2;
      }
      assertEquals(0.5 * fit + 0.5 * worst, hypernetwork.loss(tensors, 0, rows, labels, 0.75).item_double(), 1e-9);
      assertEquals(fit, hypernetwork.loss(tensors, 0, rows, labels, 0).item_double(), 1e-9);
    }
  }

  private static double crossEntropy(double[] logits, int label) {
    return Math.log(Arrays.stream(logits).map(Math::exp).sum()) - logits[label];
  }

  @Test
  void options_universalWithoutCommonEmbeddings_isRefused() {
    TaskNetworkOptions networks = options(1, false).networks();
    assertEquals("expected a spread of at most 1 with universal=true, got 1.5", assertThrows(
        UsageException.class, () -> new HyperInterval.Options(networks, 1, 1.5, 0.5, true)).getMessage());
    assertEquals("expected kappa between 0 and 1, got 2.0", assertThrows(
        UsageException.class, () -> new HyperInterval.Options(networks, 1, 1, 2, false)).getMessage());
  }
}
