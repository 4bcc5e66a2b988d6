package dev.perennial.grow;

import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   d(x) = 1 - max_p cos(x, p)
 * over the prototypes p of a brick: the means of its classes, or of all that it learned. A mean of many rows of unit length
 * lies further from each of them the more they scatter; so the distance of an experience is that of its class means, which
 * scatter less, weighted by rows.
 */
/** The novelty signal that looks at prototypes: how far an experience lies from what bricks are for. */
public final class PrototypeDistance {

  private PrototypeDistance() {}

  /**
   * The distance from each row to the nearest prototype, 0 to 2.
   *
   * @param rows {@code [rows, width]}
   * @param prototypes {@code [prototypes, width]}, at least one
   * @return {@code [rows]}
   */
  public static double[] of(Tensor rows, Tensor prototypes) {
    double[] cosines = Tensors.toDoubles(torch.amax(
        torch.mm(torch.normalize(rows), torch.normalize(prototypes).t()), new long[] {1}, false));
    for (int i = 0; i < cosines.length; i++) {
      cosines[i] = Math.clamp(1 - cosines[i], 0, 2);
    }
    return cosines;
  }

  /** The mean distance from rows to the nearest prototype. */
  public static double mean(Tensor rows, Tensor prototypes) {
    double sum = 0;
    double[] distances = of(rows, prototypes);
    for (double distance : distances) {
      sum += distance;
    }
    return sum / distances.length;
  }
}
