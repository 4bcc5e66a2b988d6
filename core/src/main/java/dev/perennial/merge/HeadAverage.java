package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;

/**
 * The average of linear heads: {@code w_c = sum_i p_i w_ic}, {@code b_c = sum_i p_i b_ic} for each class c that one of them
 * knows. A head that does not know a class counts as 0 there, which is how the row of a class begins.
 */
final class HeadAverage {

  private HeadAverage() {}

  /**
   * The average.
   *
   * @param heads with their shares, at least one
   * @throws UsageException if one is no linear head, or they are for features of unlike widths
   */
  static SavedBrick.Head of(Map<SavedBrick.Head, Double> heads) {
    var classes = new LinkedHashSet<String>();
    heads.keySet().forEach(head -> classes.addAll(head.classes()));
    List<String> names = new ArrayList<>(classes);
    int width = Math.toIntExact(heads.keySet().iterator().next().weight().shape().get(1));
    double[] weight = new double[names.size() * width];
    double[] bias = new double[names.size()];
    heads.forEach((head, share) -> {
      TensorData offsets = head.bias();
      if (offsets == null || head.weight().shape().get(1) != width) {
        throw new UsageException("expected linear heads for features of width " + width + " to average, got a "
            + head.kind() + " for " + head.weight().shape().get(1) + ": use bricks that were learned with linear heads");
      }
      float[] rows = head.weight().floats();
      float[] ends = offsets.floats();
      for (int row = 0; row < ends.length; row++) {
        int place = names.indexOf(head.classes().get(row));
        bias[place] += share * ends[row];
        for (int i = 0; i < width; i++) {
          weight[place * width + i] += share * rows[row * width + i];
        }
      }
    });
    return new SavedBrick.Head("linear-head", names, TensorData.of(floats(weight), names.size(), width),
        TensorData.of(floats(bias), names.size()));
  }

  private static float[] floats(double[] values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
