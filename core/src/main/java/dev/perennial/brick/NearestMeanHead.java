package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
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

  private final TensorOwner owner = new TensorOwner();
  private final long width;
  private Tensor sums;
  private Tensor counts;

  /** A head of no class over features of that width. */
  public NearestMeanHead(int width) {
    this.width = width;
    try (TensorScope scope = TensorScope.inference()) {
      sums = owner.keep(Tensors.doubleZeros(0, width));
      counts = owner.keep(Tensors.doubleZeros(0));
    }
  }

  /** Makes room for classes that were not there before. */
  public void grow(int classes) {
    long added = classes - sums.size(0);
    if (added > 0) {
      sums = owner.replace(sums, Tensors.concat(0, sums, Tensors.doubleZeros(added, width)));
      counts = owner.replace(counts, Tensors.concat(0, counts, Tensors.doubleZeros(added)));
    }
  }

  /** Takes in rows, {@code [rows, width]}, of these classes. */
  public void add(Tensor features, long[] labels) {
    Tensor indices = Tensors.longs(labels, labels.length);
    Tensor unit = torch.normalize(features).to(torch.ScalarType.Double);
    sums.index_add_(0, indices, unit);
    counts.index_add_(0, indices, torch.ones_like(indices).to(torch.ScalarType.Double));
  }

  /** {@code [rows, classes]} of {@code [rows, width]}. */
  public Tensor scores(Tensor features) {
    Tensor means = torch.normalize(sums).to(torch.ScalarType.Float);
    // |a - b|² = 2 - 2 a·b for vectors of length 1.
    return torch.mm(torch.normalize(features), means.t()).mul(new Scalar(2.0)).sub(new Scalar(2.0));
  }

  /** Numbers kept. */
  public long parameters() {
    return sums.numel() + counts.numel();
  }

  /** Bytes kept. */
  public long bytes() {
    return owner.bytes();
  }

  /** The sums and counts. Views, valid until the next row. */
  public Map<String, TensorData> state() {
    return Map.of("sums", Tensors.view(sums), "counts", Tensors.view(counts));
  }

  /**
   * Takes over sums and counts.
   *
   * @throws FailureException if they are not those of a head over features of this width
   */
  public void restore(StatePart state) {
    TensorData oldSums = state.tensor("sums");
    TensorData oldCounts = state.tensor("counts");
    long classes = oldSums.shape().isEmpty() ? 0 : oldSums.shape().getFirst();
    if (!oldSums.shape().equals(List.of(classes, width)) || !oldCounts.shape().equals(List.of(classes))) {
      throw new FailureException("expected sums [classes, " + width + "] and counts [classes] in the part "
          + state.name() + ", found " + oldSums + " and " + oldCounts);
    }
    sums = owner.replace(sums, Tensors.copyOf(oldSums));
    counts = owner.replace(counts, Tensors.copyOf(oldCounts));
  }

  @Override
  public void close() {
    owner.close();
  }
}
