package dev.perennial.learn.structure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.util.BitSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SparseMaskTest {

  private static final CounterRandom[] RANDOM = {CounterRandom.of(1), CounterRandom.of(2)};

  @Test
  void erk_threeLayersOneOfThemDense_isTheFormula() {
    // 784-256-256 and a small layer of 4 x 5: raw densities 1040/200704, 512/65536 and 9/20.
    List<long[]> shapes = List.of(new long[] {256, 784}, new long[] {256, 256}, new long[] {4, 5});
    double[] found = SparseDensities.erk(shapes, 0.2);
    // The small layer would have 0.45 eps > 1, so it is dense, and eps is solved for the other two.
    double eps = (0.2 * (200704 + 65536) - 0.8 * 20) / (1040 + 512);
    assertArrayEquals(new double[] {eps * 1040 / 200704, eps * 512 / 65536, 1}, found, 1e-12);
    assertEquals(0.2 * (200704 + 65536 + 20), found[0] * 200704 + found[1] * 65536 + 20, 1e-6);
  }

  @Test
  void erk_convolution_countsItsKernel() {
    double[] found = SparseDensities.erk(List.of(new long[] {16, 8, 3, 3}, new long[] {64, 32}), 0.1);
    assertEquals((16 + 8 + 3 + 3) / 1152.0 / (96 / 2048.0), found[0] / found[1], 1e-12);
    assertEquals(0.1 * (1152 + 2048), found[0] * 1152 + found[1] * 2048, 1e-9);
  }

  @Test
  void erk_densityOne_isDenseEverywhere() {
    assertArrayEquals(
        new double[] {1, 1}, SparseDensities.erk(List.of(new long[] {3, 4}, new long[] {30, 4}), 1), 1e-12);
  }

  @Test
  void pruneAndGrow_gradient_dropsLeastMagnitudesAndGrowsLargestGains() {
    var active = new BitSet();
    active.set(1, 5);
    var mask = new SparseMask(new int[] {1}, new int[] {8}, active, (BitSet) active.clone());
    float[] magnitudes = {9, 0.5f, -3, 0.1f, -2, 0, 0, 0, 0, 9};
    float[] gains = {99, 0, 0, 0, 0, -7, 1, 8, 2, 99};
    mask.pruneAndGrow(0.5, magnitudes, gains, false, RANDOM);
    assertEquals("{2, 4, 5, 7}", mask.active().toString());
    assertEquals("{1, 2, 3, 4, 5, 7}", mask.fired().toString());
  }

  @Test
  void pruneAndGrow_unfired_growsWhatWasNeverActive() {
    var active = new BitSet();
    active.set(0, 4);
    var fired = (BitSet) active.clone();
    fired.set(4, 8);
    var mask = new SparseMask(new int[] {0}, new int[] {10}, active, fired);
    float[] magnitudes = {1, 2, 3, 4, 0, 0, 0, 0, 0, 0};
    mask.pruneAndGrow(0.5, magnitudes, new float[0], true, RANDOM);
    assertEquals("{2, 3, 8, 9}", mask.active().toString());
  }

  @Test
  void pruneAndGrow_manyCycles_keepEveryLayersDensity() {
    int[] offsets = {3, 203};
    int[] sizes = {200, 50};
    SparseMask mask = SparseMask.drawn(offsets, sizes, new double[] {0.1, 0.9}, RANDOM);
    var first = (BitSet) mask.active().clone();
    for (int cycle = 0; cycle < 20; cycle++) {
      float[] values = new float[260];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) CounterRandom.of(3, cycle).gaussian(i);
      }
      mask.pruneAndGrow(0.3, values, cycle % 2 == 0 ? values : new float[0], cycle % 3 == 0,
          new CounterRandom[] {CounterRandom.of(4, cycle), CounterRandom.of(5, cycle)});
      assertEquals(20, mask.activeIn(0));
      assertEquals(45, mask.activeIn(1));
      assertEquals(65, mask.active().cardinality());
    }
    assertFalse(first.equals(mask.active()));
    assertTrue(mask.fired().cardinality() > 65);
  }
}
