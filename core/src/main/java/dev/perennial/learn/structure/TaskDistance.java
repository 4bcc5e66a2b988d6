package dev.perennial.learn.structure;

import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * The Mahalanobis distance to the nearest class (arXiv 1807.03888), with a diagonal covariance that a task's classes
 * share, in the features f of the task's own network:
 *   d(f) = min_c 1/width sum_i (f_i - mu_ci)^2 / (v_i + s mean(v))
 * mu_c the mean of class c, v_i the mean square of f_i - mu_ci over the task's rows, c the row's class. So distances
 * of different networks can be compared: that of a row of the task to its own class is at most 1 in the mean. Without
 * s > 0 a feature that hardly ever moves within the task would decide alone.
 */
/** How far inputs are from what a task's network saw when it learned. */
final class TaskDistance {

  private static final double SMOOTHING = 0.001;
  private static final String MEANS = "means";
  private static final String SCALES = "scales";

  private TaskDistance() {}

  /**
   * What is kept of a task.
   *
   * @param features of the rows of each class of the task, {@code [rows, width]} each, at least one row
   */
  static Map<String, Tensor> of(List<Tensor> features) {
    int width = (int) features.getFirst().size(1);
    Tensor squares = Tensors.zeros(width);
    Tensor means = Tensors.zeros(features.size(), width);
    long rows = 0;
    for (int c = 0; c < features.size(); c++) {
      Tensor own = features.get(c);
      Tensor mean = own.mean(0);
      means.select(0, c).copy_(mean);
      Tensor off = own.sub(mean);
      squares.add_(off.mul(off).sum(0));
      rows += own.size(0);
    }
    Tensor variance = squares.div(new Scalar((double) rows));
    Tensor smoothed = variance.add(variance.mean().mul(new Scalar(SMOOTHING)));
    return Map.of(MEANS, means, SCALES, smoothed.clamp_min(new Scalar((double) Float.MIN_NORMAL)).rsqrt());
  }

  /**
   * The distances of inputs.
   *
   * @param features of the task's network, {@code [inputs, width]}
   * @param kept of the task, with what {@link #of} gave
   * @return {@code [inputs, 1]}
   */
  static Tensor between(Tensor features, Map<String, Tensor> kept) {
    Tensor means = kept.get(MEANS);
    Tensor scales = kept.get(SCALES);
    if (means == null || scales == null) {
      throw new IllegalStateException("a task's means are kept with its network");
    }
    Tensor scaled = features.mul(scales);
    Tensor centres = means.mul(scales);
    var distances = new Tensor[(int) means.size(0)];
    for (int c = 0; c < distances.length; c++) {
      Tensor off = scaled.sub(centres.select(0, c));
      distances[c] = off.mul(off).sum(1).unsqueeze(1);
    }
    return torch.amin(Tensors.concat(1, distances), new long[] {1}, true)
        .div(new Scalar((double) features.size(1)));
  }
}
