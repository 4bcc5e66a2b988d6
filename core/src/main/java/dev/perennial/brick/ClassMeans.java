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

/** The mean of each class's rows, kept as sums and counts in float64, which add up over workers. */
public final class ClassMeans implements AutoCloseable {

  private static final String SUMS = "sums";
  private static final String COUNTS = "counts";

  private final TensorOwner owner = new TensorOwner();
  private final long width;
  private Tensor sums;
  private Tensor counts;

  /** The means of no class, of rows of that width. */
  public ClassMeans(long width) {
    this.width = width;
    try (TensorScope scope = TensorScope.inference()) {
      sums = owner.keep(Tensors.doubleZeros(0, width));
      counts = owner.keep(Tensors.doubleZeros(0));
    }
  }

  /** Makes room for classes; the mean of a class without rows is 0. */
  public void grow(int classes) {
    long added = classes - sums.size(0);
    if (added > 0) {
      sums = owner.replace(sums, Tensors.concat(0, sums, Tensors.doubleZeros(added, width)));
      counts = owner.replace(counts, Tensors.concat(0, counts, Tensors.doubleZeros(added)));
    }
  }

  /** Takes in rows, {@code [rows, width]}, of these classes. */
  public void add(Tensor rows, long[] labels) {
    Tensor indices = Tensors.longs(labels, labels.length);
    Tensor exact = rows.to(torch.ScalarType.Double);
    sums.index_add_(0, indices, exact);
    counts.index_add_(0, indices, torch.ones_like(indices).to(torch.ScalarType.Double));
  }

  /** The sum of each class's rows, {@code [classes, width]}, float64. Valid until the next row or class. */
  public Tensor sums() {
    return sums;
  }

  /** How many rows each class has, {@code [classes]}, float64. Valid until the next row or class. */
  public Tensor counts() {
    return counts;
  }

  /** The means, {@code [classes, width]}, float32. */
  public Tensor means() {
    return sums.div(counts.clamp_min(new Scalar(1.0)).unsqueeze(1)).to(torch.ScalarType.Float);
  }

  /** The means as they would be with these rows too. */
  public Tensor meansWith(Tensor rows, long[] labels) {
    Tensor indices = Tensors.longs(labels, labels.length);
    Tensor more = sums.clone().index_add_(0, indices, rows.to(torch.ScalarType.Double));
    Tensor ones = torch.ones_like(indices).to(torch.ScalarType.Double);
    Tensor rowsOf = counts.clone().index_add_(0, indices, ones).clamp_min(new Scalar(1.0));
    return more.div(rowsOf.unsqueeze(1)).to(torch.ScalarType.Float);
  }

  /** Numbers in a mean. */
  public long width() {
    return width;
  }

  /** How many classes there is room for. */
  public int classes() {
    return (int) sums.size(0);
  }

  /** Numbers kept. */
  public long parameters() {
    return sums.numel() + counts.numel();
  }

  /** Bytes kept. */
  public long bytes() {
    return owner.bytes();
  }

  /** Sums and counts. Views, valid until the next row. */
  public Map<String, TensorData> state() {
    return Map.of(SUMS, Tensors.view(sums), COUNTS, Tensors.view(counts));
  }

  /**
   * Takes over sums and counts.
   *
   * @throws FailureException if they are not those of rows of this width
   */
  public void restore(StatePart state) {
    TensorData oldSums = state.tensor(SUMS);
    TensorData oldCounts = state.tensor(COUNTS);
    long classes = oldSums.shape().isEmpty() ? 0 : oldSums.shape().getFirst();
    if (!oldSums.shape().equals(List.of(classes, width)) || !oldCounts.shape().equals(List.of(classes))) {
      throw new FailureException("expected sums [classes, " + width + "] and counts [classes] in the part "
          + state.name() + ", found " + oldSums + " and " + oldCounts + ": the state is not one over these features");
    }
    try (TensorScope scope = TensorScope.inference()) {
      sums = owner.replace(sums, Tensors.copyOf(oldSums));
      counts = owner.replace(counts, Tensors.copyOf(oldCounts));
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
