package dev.perennial.learn.hypernetwork;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

final class IntervalPropertyTest {

  private static final int SAMPLES = 1000;

  @Property(tries = 20)
  void logits_thousandWeightsWithinTheInterval_lieBetweenTheBounds(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 3) int layers, @ForAll @IntRange(min = 1, max = 5) int hidden,
      @ForAll @IntRange(min = 1, max = 4) int classes, @ForAll @DoubleRange(max = 2) double radius) {
    var target = new TargetNetwork(3, hidden, layers, 4);
    try (TensorScope scope = TensorScope.inference()) {
      int numbers = 4 * hidden + (layers - 1) * (hidden + 1) * hidden + (hidden + 1) * classes;
      Tensor center = PlainNetworks.normal(CounterRandom.of(seed, 0), numbers);
      Tensor radii = PlainNetworks.normal(CounterRandom.of(seed, 1), numbers).abs().mul(new Scalar(radius));
      Tensor rows = PlainNetworks.normal(CounterRandom.of(seed, 2), 1, 3);
      Interval logits = target.logits(new Interval(center, radii), rows, classes);
      double[] middle = Tensors.toDoubles(center);
      double[] away = Tensors.toDoubles(radii);
      double[] row = Tensors.toDoubles(rows);
      for (int sample = 0; sample < SAMPLES; sample++) {
        double[] weights = within(middle, away, CounterRandom.of(seed, 3, sample));
        assertContains(logits, PlainNetworks.logits(target, weights, row, classes));
      }
    }
  }

  @Property(tries = 10)
  void weights_thousandEmbeddingsWithinTheRegion_lieBetweenTheBounds(
      @ForAll long seed, @ForAll @DoubleRange(max = 3) double radius, @ForAll @DoubleRange(min = 0.1, max = 4) double spread) {
    var target = new TargetNetwork(3, 2, 2, 4);
    HyperInterval.Options options = options(radius, spread);
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = new IntervalHypernetwork(target, options, 1);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, seed, 2, 3);
      for (int task = 0; task < 2; task++) {
        Interval region = hypernetwork.region(tensors, task, 1);
        Interval weights = hypernetwork.weights(tensors, task, region);
        double[] middle = Tensors.toDoubles(region.center());
        double[] away = Tensors.toDoubles(region.radius());
        for (int sample = 0; sample < SAMPLES / 2; sample++) {
          double[] embedding = within(middle, away, CounterRandom.of(seed, 4, sample));
          assertContains(weights, PlainNetworks.ofEmbedding(target, tensors, task, embedding, 2 + task));
        }
      }
    }
  }

  @Property(tries = 50)
  void universal_spreadOfAtMostOne_isWithinEveryRegion(
      @ForAll long seed, @ForAll @DoubleRange(min = 0.01, max = 1) double spread,
      @ForAll @IntRange(min = 1, max = 8) int tasks) {
    int[] classes = new int[tasks];
    Arrays.fill(classes, 2);
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = new IntervalHypernetwork(new TargetNetwork(3, 2, 1, 4), options(0.5, spread), 1);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, seed, classes);
      Interval universal = hypernetwork.universal(tensors);
      assertContains(universal, new double[3]);
      for (int task = 0; task < tasks; task++) {
        Interval region = hypernetwork.region(tensors, task, 1);
        assertContains(region, Tensors.toDoubles(universal.lower()));
        assertContains(region, Tensors.toDoubles(universal.upper()));
      }
    }
  }

  private static HyperInterval.Options options(double radius, double spread) {
    TaskNetworkOptions networks = new HyperInterval().defaults().networks();
    return new HyperInterval.Options(
        new TaskNetworkOptions(1, 4, networks.optimisation(), 2, 2, 4, 3, 6, 1, networks.recognition(), 1),
        radius, spread, 0.5, false);
  }

  /** Half of the samples have every number at one end or the other, where bounds are reached first. */
  private static double[] within(double[] middle, double[] away, CounterRandom random) {
    double[] sample = new double[middle.length];
    boolean corner = random.uniform(-1) < 0.5;
    for (int i = 0; i < sample.length; i++) {
      double share = 2 * random.uniform(i) - 1;
      sample[i] = middle[i] + away[i] * (corner ? Math.signum(share) : share);
    }
    return sample;
  }

  private static void assertContains(Interval interval, double[] values) {
    double[] lower = Tensors.toDoubles(interval.lower());
    double[] upper = Tensors.toDoubles(interval.upper());
    for (int i = 0; i < values.length; i++) {
      double rounding = 1e-9 * (1 + Math.abs(lower[i]) + Math.abs(upper[i]));
      assertTrue(values[i] >= lower[i] - rounding && values[i] <= upper[i] + rounding,
          values[i] + " between " + lower[i] + " and " + upper[i]);
    }
  }
}
