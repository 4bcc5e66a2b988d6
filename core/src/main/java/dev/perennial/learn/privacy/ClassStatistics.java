package dev.perennial.learn.privacy;

import dev.perennial.FailureException;
import dev.perennial.learn.LearnerState;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The classes' row counts and feature sums, released with noise whenever an experience ends.
 *
 * <p>A feature vector is shortened to the clip length where it is longer, and counted in whole steps of clip / 65536,
 * rounded towards 0, so that no row adds a longer vector. The count of rows is released along with the sums, as a
 * number of a quarter of that length a row: it makes a row's vector longer, and the sums' noise stronger, by 3 percent.
 *
 * <p>Privacy: neighbours are streams of which one has one row more than the other in one experience, and otherwise the
 * same experiences with the same class lists. A row counts towards its own class alone, and towards each of at most L
 * nodes of that class's tree, so all releases together spend the budget once. The names of the classes, and which of
 * them an experience has, are not hidden.
 */
final class ClassStatistics {

  /** Steps to the clip length. */
  static final long STEPS = 1 << 16;

  /** What a row adds to the count. */
  static final long COUNT = STEPS / 4;

  private static final String PART = "statistics";
  private static final String PENDING = "pending";
  private static final long NOISE = 47;

  private final int width;
  private final double clip;
  private final TreeSums.Shape shape;
  private final PrivacyBudget budget;
  private final long seed;
  private final List<TreeSums> sums = new ArrayList<>();
  /** Exact sums of the experience that is under way. */
  private final List<long[]> pending = new ArrayList<>();

  ClassStatistics(int width, PrivateNcm.Options options, long seed) {
    this.width = width;
    this.clip = options.clip();
    this.shape = new TreeSums.Shape(width + 1, options.horizon(), Math.hypot(STEPS, COUNT));
    this.budget = options.budget();
    this.seed = seed;
  }

  /** Makes room for classes that were not there before. */
  void grow(int classes) {
    while (sums.size() < classes) {
      sums.add(new TreeSums(shape, budget, seed, NOISE, sums.size()));
      pending.add(new long[width + 1]);
    }
  }

  /** Takes in rows, {@code [labels.length * width]} features one after another. Nothing of them is released yet. */
  void add(float[] features, long[] labels) {
    for (int row = 0; row < labels.length; row++) {
      long[] sum = pending.get((int) labels[row]);
      double squares = 0;
      for (int i = 0; i < width; i++) {
        double feature = features[row * width + i];
        squares += feature * feature;
      }
      double factor = STEPS / Math.max(clip, Math.sqrt(squares));
      for (int i = 0; i < width; i++) {
        sum[i] += (long) (features[row * width + i] * factor);
      }
      sum[width] += COUNT;
    }
  }

  /** Ends the experience: what was added to these classes is released. */
  void release(int[] classes) {
    for (int c : classes) {
      sums.get(c).add(pending.get(c));
      Arrays.fill(pending.get(c), 0);
    }
  }

  /** The released sum of the features of a class, in units of the clip length. */
  double[] sum(int c) {
    return Arrays.stream(sums.get(c).release(), 0, width).mapToDouble(steps -> (double) steps / STEPS).toArray();
  }

  /** The released number of rows of a class. It may be negative. */
  double count(int c) {
    return (double) sums.get(c).release()[width] / COUNT;
  }

  int classes() {
    return sums.size();
  }

  /** Bytes that one class takes: its tree, and what of it was not released yet. */
  long bytesOfClass() {
    return shape.bytes() + (width + 1L) * Long.BYTES;
  }

  /** Everything, the exact sums too. Two workers' sums must not be added: under one seed their noise is the same. */
  StatePart state() {
    var tensors = new HashMap<String, TensorData>();
    for (int c = 0; c < sums.size(); c++) {
      tensors.putAll(sums.get(c).tensors(c + "."));
      tensors.put(c + "." + PENDING, TensorData.of(pending.get(c), width + 1));
    }
    return StatePart.of(PART, Combine.LATEST, tensors);
  }

  void restore(Map<String, StatePart> state, int classes) {
    grow(classes);
    StatePart part = LearnerState.part(state, PART);
    for (int c = 0; c < classes; c++) {
      sums.get(c).restore(part, c + ".");
      long[] kept = part.tensor(c + "." + PENDING).longs();
      if (kept.length != width + 1) {
        throw new FailureException("expected " + (width + 1) + " pending sums of a class in a learner's state, found "
            + kept.length + ": the state belongs to another learner");
      }
      pending.set(c, kept);
    }
  }
}
