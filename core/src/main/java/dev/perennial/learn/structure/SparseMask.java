package dev.perennial.learn.structure;

import dev.perennial.tensor.CounterRandom;
import java.util.Arrays;
import java.util.BitSet;

/*
 * One cycle of dynamic sparse training in a layer of a active weights of N:
 *   prune the k = ceil(rate * a) active weights of least magnitude
 *   grow k of those that are then inactive: the ones of the largest |gradient| or |momentum|, or drawn at random, or
 *   drawn at random among those that were never active in this task, as far as there are any
 * so a stays the same.
 */
/** Which weights of a network are active for a task: layers one after another, each of a fixed number of weights. */
final class SparseMask {

  private final int[] offsets;
  private final int[] sizes;
  private final BitSet active;
  private final BitSet fired;

  /**
   * @param offsets of the layers in the flat parameters
   * @param sizes of the layers, weights
   */
  SparseMask(int[] offsets, int[] sizes, BitSet active, BitSet fired) {
    this.offsets = offsets;
    this.sizes = sizes;
    this.active = active;
    this.fired = fired;
  }

  /** A mask with {@code round(densities[l] * sizes[l])} weights of layer l drawn at random, at least one. */
  static SparseMask drawn(int[] offsets, int[] sizes, double[] densities, CounterRandom[] random) {
    var active = new BitSet();
    for (int l = 0; l < sizes.length; l++) {
      int count = Math.clamp(Math.round(densities[l] * sizes[l]), 1, sizes[l]);
      int[] order = random[l].permutation(sizes[l]);
      for (int i = 0; i < count; i++) {
        active.set(offsets[l] + order[i]);
      }
    }
    return new SparseMask(offsets, sizes, active, (BitSet) active.clone());
  }

  BitSet active() {
    return active;
  }

  /** The weights that were active at any time of the task. */
  BitSet fired() {
    return fired;
  }

  /** How many weights of a layer are active. */
  int activeIn(int layer) {
    return active.get(offsets[layer], offsets[layer] + sizes[layer]).cardinality();
  }

  /**
   * Prunes and grows every layer. O(weights log weights).
   *
   * @param magnitudes of all flat parameters: those of least are pruned
   * @param gains of all flat parameters: those of most grow; empty where they are drawn at random
   * @param unfiredFirst whether weights that were never active are drawn before all others
   * @param random for each layer
   */
  void pruneAndGrow(double rate, float[] magnitudes, float[] gains, boolean unfiredFirst, CounterRandom[] random) {
    for (int l = 0; l < sizes.length; l++) {
      int count = (int) Math.ceil(rate * activeIn(l));
      long[] order = new long[activeIn(l)];
      int next = 0;
      for (int i = offsets[l]; i < offsets[l] + sizes[l]; i++) {
        if (active.get(i)) {
          order[next++] = sortable(magnitudes[i], i);
        }
      }
      Arrays.sort(order);
      for (int i = 0; i < count; i++) {
        active.clear((int) order[i]);
      }
      grow(l, count, gains, unfiredFirst, random[l]);
    }
    fired.or(active);
  }

  private void grow(int layer, int count, float[] gains, boolean unfiredFirst, CounterRandom random) {
    int end = offsets[layer] + sizes[layer];
    long[] order = new long[sizes[layer] - activeIn(layer)];
    int next = 0;
    for (int i = offsets[layer]; i < end; i++) {
      if (!active.get(i)) {
        float gain = gains.length > 0 ? Math.abs(gains[i]) : (float) random.uniform(i);
        order[next++] = sortable(unfiredFirst && !fired.get(i) ? gain + 2 : gain, i);
      }
    }
    Arrays.sort(order);
    for (int i = 0; i < count; i++) {
      active.set((int) order[order.length - 1 - i]);
    }
  }

  /** Ordered by a number of at least 0, then by place, which is the low half. */
  private static long sortable(float number, int place) {
    return (long) Float.floatToIntBits(Math.abs(number)) << Integer.SIZE | place;
  }
}
