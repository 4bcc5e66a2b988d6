package dev.perennial.brick;

import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A head whose classes are the means of their rows' normalised features.
 *
 * <p>Source: iCaRL (arXiv 1611.07725), its nearest-mean-of-exemplars rule with every row as exemplar:
 * {@code score_c = - | x / |x| - m_c / |m_c| |²}. Kept are sums and counts in float64, which add up over workers.
 */
public final class NearestMeanHead implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final long width;
  private Tensor sums;
  private Tensor counts;

  /** A head of no class over features of that width. */
  public NearestMeanHead(int width) {
    this.width = width;
    sums = owner.keep(Tensors.doubleZeros(0, width));
    counts = owner.keep(Tensors.doubleZeros(0));
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

  /** Takes over sums and counts. */
  public void restore(Map<String, TensorData> state) {
    TensorData oldSums = state.get("sums");
    TensorData oldCounts = state.get("counts");
    if (oldSums == null || oldCounts == null) {
      throw new IllegalArgumentException("expected the tensors sums and counts, got " + state.keySet());
    }
    sums = owner.replace(sums, Tensors.copyOf(oldSums));
    counts = owner.replace(counts, Tensors.copyOf(oldCounts));
  }

  @Override
  public void close() {
    owner.close();
  }
}
