package dev.perennial.grow;

import dev.perennial.backbone.LowRank;
import dev.perennial.merge.Truncation;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   D = (u B_1 A_1 + v B_2 A_2) / (u + v)       u, v rows that each brick learned from
 * cut to the nearest product of the rank asked for, without multiplying it out. What is merged is what bricks add to the
 * weights, never A and B apart: the same change may be told by many A and B.
 */
/** One low-rank change of two, each counted by how much it learned. */
public final class Fusion {

  private Fusion() {}

  /**
   * The merged change, float32, of scale 1. O((in + out) rank²).
   *
   * @param weight of the first, above 0
   * @param otherWeight of the second, above 0
   * @param rank at most; fewer where the two have no more together
   */
  public static LowRank of(LowRank one, double weight, LowRank other, double otherWeight, int rank) {
    double sum = weight + otherWeight;
    Tensor down = Tensors.concat(0, exact(one.down()), exact(other.down()));
    Tensor up = Tensors.concat(1, exact(one.up()).mul(new Scalar(one.scale() * weight / sum)),
        exact(other.up()).mul(new Scalar(other.scale() * otherWeight / sum)));
    LowRank cut = Truncation.of(new LowRank(down, up, 1), rank).factors();
    return new LowRank(cut.down().to(torch.ScalarType.Float).contiguous(),
        cut.up().to(torch.ScalarType.Float).contiguous(), cut.scale());
  }

  private static Tensor exact(Tensor tensor) {
    return tensor.to(torch.ScalarType.Double);
  }
}
