package dev.perennial.learn.replay;

import dev.perennial.learn.Batch;
import dev.perennial.learn.Part;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * A learner divides the sum of a batch's losses by all N of its rows. A term that is a mean over n of them is therefore
 * a sum times N / n:
 *   loss = sum over terms of weight / n * (sum over the term's rows of l)
 */
/** A loss made of means over different rows of a batch. */
final class BatchLoss {

  private BatchLoss() {}

  /** The sum of a loss over a part's rows, of which there is at least one. */
  @FunctionalInterface
  interface RowLoss {

    /** A scalar. */
    Tensor of(Part part);
  }

  /** The mean of {@code loss} over the rows at the positions from {@code from} to before {@code to}, times a weight. */
  record Term(int from, int to, double weight, RowLoss loss) {}

  /** What a worker adds for its rows. */
  static Tensor sum(Batch batch, Part part, Term... terms) {
    Tensor sum = Tensors.zeros();
    for (Term term : terms) {
      Part own = part.only(position -> position >= term.from && position < term.to);
      if (!own.isEmpty()) {
        double scale = term.weight * batch.rows().size() / (term.to - term.from);
        sum = sum.add(term.loss.of(own), new Scalar(scale));
      }
    }
    return sum;
  }

  /** The cross-entropy over all classes. */
  static Tensor crossEntropy(Part part) {
    return torch.cross_entropy_loss(part.logits(), part.targets(), new TensorOptional(), 2, -100, 0);
  }
}
