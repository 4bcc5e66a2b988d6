package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class DensityRegionTest {

  @Test
  void chiSquareQuantile_knownDegrees_isThatOfTheTables() {
    assertEquals(3.841459, DensityRegion.chiSquareQuantile(1, 0.95), 1e-5);
    assertEquals(-2 * Math.log(0.1), DensityRegion.chiSquareQuantile(2, 0.9), 1e-9);
    assertEquals(124.342113, DensityRegion.chiSquareQuantile(100, 0.95), 1e-5);
    // For many degrees: n (1 - 2 / 9n + z sqrt(2 / 9n))³, z the normal quantile (Wilson and Hilferty 1931).
    double n = 270_000;
    double cube = 1 - 2 / (9 * n) + 1.6448536269514722 * Math.sqrt(2 / (9 * n));
    assertEquals(n * cube * cube * cube, DensityRegion.chiSquareQuantile(270_000, 0.95), 0.01);
  }

  @Test
  void holds_drawnFromTheNormal_asOftenAsTheProbabilityAndWhereTheDensityIsHighest() {
    try (TensorScope scope = TensorScope.inference()) {
      var normal = new CredalSet.Normal(
          Tensors.floats(new float[] {1, -2, 0}, 3), Tensors.floats(new float[] {0.5f, 2, 0.1f}, 3));
      DensityRegion region = DensityRegion.of(normal, 0.8);
      int draws = 5000;
      int held = 0;
      double leastInside = Double.POSITIVE_INFINITY;
      double mostOutside = Double.NEGATIVE_INFINITY;
      for (int i = 0; i < draws; i++) {
        try (TensorScope drawing = TensorScope.inference()) {
          Tensor noise = Tensors.gaussians(CounterRandom.of(4), i, 3);
          double density = -noise.square().sum().item_double();
          if (region.holds(normal.means().addcmul(noise, normal.deviations(), new Scalar(1)))) {
            held++;
            leastInside = Math.min(leastInside, density);
          } else {
            mostOutside = Math.max(mostOutside, density);
          }
        }
      }
      assertEquals(0.8, (double) held / draws, 5 * Math.sqrt(0.16 / draws));
      assertTrue(leastInside >= mostOutside - 1e-4, leastInside + " inside, " + mostOutside + " outside");
    }
  }

  @Test
  void draw_anyTime_isInTheRegion() {
    try (TensorScope scope = TensorScope.inference()) {
      var normal = new CredalSet.Normal(
          Tensors.floats(new float[] {1, -2, 0}, 3), Tensors.floats(new float[] {0.5f, 2, 0.1f}, 3));
      DensityRegion region = DensityRegion.of(normal, 0.1);
      for (int i = 0; i < 50; i++) {
        assertTrue(region.holds(region.draw(CounterRandom.of(6, i))));
      }
    }
  }
}
