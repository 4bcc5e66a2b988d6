package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;

/** The order in which an experience's rows are learned: every epoch goes over all of them, in an order of its own. */
public final class EpochOrder {

  private static final long ORDER = 2;

  private final long seed;
  private final int experience;
  private final int batch;
  private int epoch = -1;
  private int[] order = new int[0];

  /**
   * An order of which nothing is drawn yet.
   *
   * @param experience the number of the experience
   * @param batch rows of a step
   */
  public EpochOrder(long seed, int experience, int batch) {
    this.seed = seed;
    this.experience = experience;
    this.batch = batch;
  }

  /** Steps of an epoch over so many rows. */
  public static long steps(int rows, int batch) {
    return Math.ceilDiv(rows, batch);
  }

  /** The rows of a step; the last batch of an epoch may be smaller. */
  public List<Example> batch(List<Example> rows, long step) {
    long steps = steps(rows.size(), batch);
    int current = Math.toIntExact(step / steps);
    if (current != epoch) {
      order = CounterRandom.of(seed, ORDER, experience, current).permutation(rows.size());
      epoch = current;
    }
    int start = (int) (step % steps) * batch;
    var drawn = new ArrayList<Example>(batch);
    for (int i = start; i < Math.min(start + batch, rows.size()); i++) {
      drawn.add(rows.get(order[i]));
    }
    return drawn;
  }
}
