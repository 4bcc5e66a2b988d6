package dev.perennial.route;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** The few largest numbers of each row. */
final class Best {

  private Best() {}

  /**
   * The softmax over the largest logits of each row, 0 elsewhere.
   *
   * @param logits {@code [rows, bricks]}; minus infinity where a brick cannot be chosen, but not for a whole row
   */
  static Tensor softmax(Tensor logits, int top) {
    var best = logits.topk(Math.min(top, logits.size(1)));
    return torch.zeros_like(logits).scatter(1, best.get1(), torch.softmax(best.get0(), 1));
  }

  /**
   * The largest weights of each row, divided by their sum, 0 elsewhere.
   *
   * @param weights {@code [rows, bricks]}, none negative
   * @param epsilon is added to the sum
   */
  static Tensor shares(Tensor weights, int top, double epsilon) {
    var best = weights.topk(Math.min(top, weights.size(1)));
    Tensor kept = best.get0();
    Tensor sum = torch.sum(kept, new long[] {1}, true, new ScalarTypeOptional());
    return torch.zeros_like(weights).scatter(1, best.get1(), kept.div(sum.add(new Scalar(epsilon))));
  }

  /**
   * The largest score of each brick, minus infinity for one that has none.
   *
   * @param scores {@code [rows, columns]}
   * @param brickOf {@code [1, columns]}, int64, whose each column is
   * @return {@code [rows, bricks]}
   */
  static Tensor ofOwners(Tensor scores, Tensor brickOf, int bricks) {
    Tensor none = torch.full_like(scores.narrow(1, 0, 1), new Scalar(Double.NEGATIVE_INFINITY));
    return torch.scatter_reduce(none.expand(scores.size(0), bricks).clone(), 1,
        brickOf.expand(scores.size(0), brickOf.size(1)), scores, "amax", true);
  }
}
