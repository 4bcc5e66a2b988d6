package dev.perennial.route;

import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What bricks are for, as sums of frozen features: for every brick, and each of its classes, the features of examples.
 *
 * <p>Immutable; sums add up, so that examples may come bit by bit, or from several places.
 *
 * @param byBrick the sums of a brick, by class; a brick of a single task has one class, often called by the empty text
 */
public record FeatureMeans(SortedMap<String, SortedMap<String, Sum>> byBrick) {

  /** Of no brick. */
  public static final FeatureMeans NONE = new FeatureMeans(new TreeMap<>());

  /**
   * The sum of features, each of length 1.
   *
   * @param features of so many inputs
   * @param count how many
   */
  public record Sum(List<Double> features, long count) {

    /** Copies the features. */
    public Sum {
      features = List.copyOf(features);
    }

    private Sum plus(double[] more, long added) {
      var sum = new ArrayList<Double>(features);
      for (int i = 0; i < more.length; i++) {
        sum.set(i, sum.get(i) + more[i]);
      }
      return new Sum(sum, count + added);
    }
  }

  /** Copies the maps. */
  public FeatureMeans {
    var copy = new TreeMap<String, SortedMap<String, Sum>>();
    byBrick.forEach((brick, sums) -> copy.put(brick, Collections.unmodifiableSortedMap(new TreeMap<>(sums))));
    byBrick = Collections.unmodifiableSortedMap(copy);
  }

  /**
   * These and more examples of a class of a brick.
   *
   * @param features {@code [examples, width]}, of the backbone alone
   * @throws IllegalArgumentException if the width is not that of the examples before
   */
  public FeatureMeans with(String brick, String label, Tensor features) {
    double[] added;
    try (TensorScope scope = TensorScope.inference()) {
      added = Tensors.toDoubles(torch.normalize(features).to(torch.ScalarType.Double).sum(0));
    }
    var bricks = new TreeMap<>(byBrick);
    var sums = new TreeMap<>(bricks.getOrDefault(brick, Collections.emptySortedMap()));
    Sum before = sums.getOrDefault(label, new Sum(Collections.nCopies(added.length, 0.0), 0));
    if (before.features.size() != added.length) {
      throw new IllegalArgumentException(
          "expected features of width " + before.features.size() + ", got " + added.length);
    }
    sums.put(label, before.plus(added, features.size(0)));
    bricks.put(brick, sums);
    return new FeatureMeans(bricks);
  }
}
