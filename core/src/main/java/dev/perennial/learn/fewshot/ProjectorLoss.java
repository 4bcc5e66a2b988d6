package dev.perennial.learn.fewshot;

import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/*
 * The losses of Mamba-FSCIL (arXiv 2407.06136):
 *   dot regression, on a simplex      L = mean over rows of (1 - cos(z, w_y))² / 2
 *   on means, which move too          L = mean over rows of - log softmax(cos(z, w) / t)_y
 * and in later experiences, with g the incremental branch's output, of rows of the first experience's classes (old),
 * and of later classes (new), and p the mean of each of steps, writes and reads over rows and places:
 *   suppress |g_old| / n_old - express |g_new| / n_new      lengths of all rows' outputs as one vector, n numbers in it
 *   separate mean over p of |cos(p_old, p_new)| / 2
 */
/** What the projector minimises; each a scalar. */
final class ProjectorLoss {

  private ProjectorLoss() {}

  /** Draws each row's projection to its vertex, {@code [rows, classes]} being the cosines to all of them. */
  static Tensor dotRegression(Tensor cosines, long[] labels) {
    Tensor own = cosines.gather(1, Tensors.longs(labels, labels.length, 1));
    return own.sub(new Scalar(1.0)).square().mean().mul(new Scalar(0.5));
  }

  /** The cross-entropy of cosines over a temperature. */
  static Tensor crossEntropy(Tensor cosines, long[] labels, double temperature) {
    return torch.cross_entropy_loss(cosines.div(new Scalar(temperature)), Tensors.longs(labels, labels.length),
        new TensorOptional(), 1, -100, 0);
  }

  /** How long a branch's output is, {@code [rows, width]}, for the numbers in it. */
  static Tensor loudness(Tensor output) {
    // Of an output of 0 the length has no derivative: hence the root of a little more.
    return torch.sqrt(output.square().sum().add(new Scalar(1e-12))).div(new Scalar((double) output.numel()));
  }

  /** How alike a branch scans the rows of two kinds of classes: 0 for not at all, 0.5 for along the same direction. */
  static Tensor likeness(SelectiveBranch.Scanned scanned, long[] old, long[] fresh) {
    Tensor[] each = {
        likeness(scanned.steps(), old, fresh), likeness(scanned.writes(), old, fresh),
        likeness(scanned.reads(), old, fresh)};
    return torch.stack(new TensorVector(each)).mean();
  }

  private static Tensor likeness(Tensor parameters, long[] old, long[] fresh) {
    long[] rowsAndPlaces = {0, 1};
    Tensor one = torch.normalize(Tensors.rows(parameters, old).mean(rowsAndPlaces).unsqueeze(0));
    Tensor other = torch.normalize(Tensors.rows(parameters, fresh).mean(rowsAndPlaces).unsqueeze(0));
    return one.mul(other).sum().abs().mul(new Scalar(0.5));
  }
}
