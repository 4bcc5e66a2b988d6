package dev.perennial.learn.fewshot;

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
final class ClassMeans implements AutoCloseable {

  private static final String SUMS = "sums";
  private static final String COUNTS = "counts";

  private final TensorOwner owner = new TensorOwner();
  private final long width;
  private Tensor sums;
  private Tensor counts;

  /** The means of no class, of rows of that width. */
  ClassMeans(long width) {
    this.width = width;
    try (TensorScope scope = TensorScope.inference()) {
      sums = owner.keep(Tensors.doubleZeros(0, width));
      counts = owner.keep(Tensors.doubleZeros(0));
    }
  }

  /** Makes room for classes; the mean of a class without rows is 0. */
  void grow(int classes) {
    long added = classes - sums.size(0);
    if (added > 0) {
      sums = owner.replace(sums, Tensors.concat(0, sums, Tensors.doubleZeros(added, width)));
      counts = owner.replace(counts, Tensors.concat(0, counts, Tensors.doubleZeros(added)));
    }
  }

  /** Takes in rows, {@code [rows, width]}, of these classes. */
  void add(Tensor rows, long[] labels) {
    Tensor indices = Tensors.longs(labels, labels.length);
    Tensor exact = rows.to(torch.ScalarType.Double);
    sums.index_add_(0, indices, exact);
    counts.index_add_(0, indices, torch.ones_like(indices).to(torch.ScalarType.Double));
  }

  /** The means, {@code [classes, width]}, float32. */
  Tensor means() {
    return sums.div(counts.clamp_min(new Scalar(1.0)).unsqueeze(1)).to(torch.ScalarType.Float);
  }

  /** The means as they would be with these rows too. */
  Tensor meansWith(Tensor rows, long[] labels) {
    Tensor indices = Tensors.longs(labels, labels.length);
    Tensor more = sums.clone().index_add_(0, indices, rows.to(torch.ScalarType.Double));
    Tensor ones = torch.ones_like(indices).to(torch.ScalarType.Double);
    Tensor rowsOf = counts.clone().index_add_(0, indices, ones).clamp_min(new Scalar(1.0));
    return more.div(rowsOf.unsqueeze(1)).to(torch.ScalarType.Float);
  }

  /** Numbers in a mean. */
  long width() {
    return width;
  }

  /** How many classes there is room for. */
  int classes() {
    return (int) sums.size(0);
  }

  /** Bytes kept. */
  long bytes() {
    return owner.bytes();
  }

  /** Sums and counts. Views, valid until the next row. */
  Map<String, TensorData> state() {
    return Map.of(SUMS, Tensors.view(sums), COUNTS, Tensors.view(counts));
  }

  /**
   * Takes over sums and counts.
   *
   * @throws FailureException if they are not those of rows of this width
   */
  void restore(StatePart state) {
    TensorData oldSums = state.tensor(SUMS);
    TensorData oldCounts = state.tensor(COUNTS);
    long classes = oldSums.shape().isEmpty() ? 0 : oldSums.shape().getFirst();
    if (!oldSums.shape().equals(List.of(classes, width)) || !oldCounts.shape().equals(List.of(classes))) {
      throw new FailureException("expected sums [classes, " + width + "] and counts [classes] in the part "
          + state.name() + ", found " + oldSums + " and " + oldCounts);
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
