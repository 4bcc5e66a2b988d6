package dev.perennial.learn.hypernetwork;

import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Interval bound propagation in midpoints c and radii r >= 0 (Rump, Fast and parallel interval arithmetic, BIT 1999):
 *   M x + b, M exact         c = M cx + b         r = |M| rx
 *   M x + b, M uncertain     c = Mc cx + bc       r = |Mc| rx + Mr (|cx| + rx) + br
 *   f(x), f rising           from f(c - r) to f(c + r)
 * Results contain all that the parts can give, but for rounding.
 */
/**
 * Numbers that are not known but for where they lie: from {@code center - radius} to {@code center + radius}.
 *
 * @param center of any shape
 * @param radius at least 0, of the same shape, or one that is broadcast to it
 */
record Interval(Tensor center, Tensor radius) {

  Tensor lower() {
    return center.sub(radius);
  }

  Tensor upper() {
    return center.add(radius);
  }

  /** These rows times an exact matrix: {@code [rows, out]} of {@code [rows, in]}, the matrix {@code [out, in]}. */
  Interval times(Tensor matrix) {
    return new Interval(torch.mm(center, matrix.t()), torch.mm(radius, matrix.abs().t()));
  }

  /** These rows through a linear layer: {@code [rows, out]} of {@code [rows, in]}. */
  Interval through(Interval matrix, Interval bias) {
    Interval fromPoints = through(center, matrix, bias);
    Tensor spread = torch.mm(radius, matrix.center.abs().add(matrix.radius).t());
    return new Interval(fromPoints.center, fromPoints.radius.add(spread));
  }

  /**
   * Exact rows through a linear layer.
   *
   * @param rows {@code [rows, in]}
   * @param matrix {@code [out, in]}
   * @param bias {@code [out]}
   */
  static Interval through(Tensor rows, Interval matrix, Interval bias) {
    return new Interval(
        torch.addmm(bias.center, rows, matrix.center.t()), torch.addmm(bias.radius, rows.abs(), matrix.radius.t()));
  }

  /**
   * How far the label's number is above all others of its row, at least: {@code [rows]} of {@code [rows, classes]}.
   *
   * @param labels {@code [rows]}, int64
   */
  Tensor margins(Tensor labels) {
    Tensor places = labels.unsqueeze(1);
    Tensor others = upper().scatter(1, places, new Scalar(Double.NEGATIVE_INFINITY));
    return lower().gather(1, places).squeeze(1).sub(others.amax(new long[] {1}, false));
  }

  /** The numbers that speak most against the labels: theirs as low, all others as high as can be. */
  Tensor worst(Tensor labels) {
    Tensor places = labels.unsqueeze(1);
    return upper().scatter(1, places, lower().gather(1, places));
  }

  /** What a function that never falls makes of it. */
  Interval rising(UnaryOperator<Tensor> function) {
    Tensor low = function.apply(lower());
    Tensor high = function.apply(upper());
    var half = new Scalar(0.5);
    return new Interval(high.add(low).mul(half), high.sub(low).mul(half));
  }
}
