package dev.perennial.brick;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A head whose classes are the means of their rows' normalised features.
 *
 * <p>Source: iCaRL (arXiv 1611.07725), its nearest-mean-of-exemplars rule with every row as exemplar:
 * {@code score_c = - | x / |x| - m_c / |m_c| |²}, where m_c is the mean of {@code x / |x|} over the rows of class c. Kept
 * are sums and counts in float64, which add up over workers. A class without rows scores as one at a right angle, -2.
 */
public final class NearestMeanHead implements AutoCloseable {

  private final ClassMeans means;

  /** A head of no class over features of that width. */
  public NearestMeanHead(int width) {
    means = new ClassMeans(width);
  }

  /** Makes room for classes that were not there before. */
  public void grow(int classes) {
    means.grow(classes);
  }

  /** Takes in rows, {@code [rows, width]}, of these classes. */
  public void add(Tensor features, long[] labels) {
    means.add(torch.normalize(features), labels);
  }

  /** {@code [rows, classes]} of {@code [rows, width]}. */
  public Tensor scores(Tensor features) {
    Tensor directions = torch.normalize(means.sums()).to(torch.ScalarType.Float);
    // |a - b|² = 2 - 2 a·b for vectors of length 1.
    return torch.mm(torch.normalize(features), directions.t()).mul(new Scalar(2.0)).sub(new Scalar(2.0));
  }

  /** Numbers kept. */
  public long parameters() {
    return means.parameters();
  }

  /** Bytes kept. */
  public long bytes() {
    return means.bytes();
  }

  /** The sums and counts. Views, valid until the next row. */
  public Map<String, TensorData> state() {
    return means.state();
  }

  /**
   * Takes over sums and counts.
   *
   * @throws dev.perennial.FailureException if they are not those of a head over features of this width
   */
  public void restore(StatePart state) {
    means.restore(state);
  }

  @Override
  public void close() {
    means.close();
  }
}
