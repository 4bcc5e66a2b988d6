package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.IntPredicate;
import org.bytedeco.pytorch.Tensor;

/**
 * What one worker has of a batch: some of its rows on their way through the network. Belongs to the worker's scope.
 *
 * @param batch the rows of the whole batch
 * @param positions of this worker's rows in the batch, in the order of the tensors' rows
 * @param labels the numbers of the rows' classes
 * @param features {@code [rows, width]}, with gradients
 * @param logits {@code [rows, outputs]}, with gradients: a column for each class known, then those for classes to come,
 *     where the head has such
 * @param trained what gradients are taken with respect to, by name
 */
public record Part(
    List<Example> batch, int[] positions, long[] labels, Tensor features, Tensor logits, Map<String, Tensor> trained) {

  /** A part for losses on features and logits alone. */
  public Part(List<Example> batch, int[] positions, long[] labels, Tensor features, Tensor logits) {
    this(batch, positions, labels, features, logits, Map.of());
  }

  /** This worker's rows. */
  public List<Example> rows() {
    var rows = new ArrayList<Example>(positions.length);
    for (int position : positions) {
      rows.add(batch.get(position));
    }
    return rows;
  }

  /** The labels, {@code [rows]}, int64. */
  public Tensor targets() {
    return Tensors.longs(labels, labels.length);
  }

  /** 1 for each row whose position in the batch is wanted, else 0: {@code [rows]}, float32. */
  public Tensor mask(IntPredicate wanted) {
    float[] mask = new float[positions.length];
    for (int i = 0; i < mask.length; i++) {
      mask[i] = wanted.test(positions[i]) ? 1 : 0;
    }
    return Tensors.floats(mask, mask.length);
  }

  /** The part that has only the rows whose positions in the batch are wanted. */
  public Part only(IntPredicate wanted) {
    int[] kept = new int[positions.length];
    int count = 0;
    for (int i = 0; i < positions.length; i++) {
      if (wanted.test(positions[i])) {
        kept[count++] = i;
      }
    }
    if (count == positions.length) {
      return this;
    }
    long[] own = new long[count];
    int[] where = new int[count];
    for (int i = 0; i < count; i++) {
      own[i] = labels[kept[i]];
      where[i] = positions[kept[i]];
    }
    return new Part(batch, where, own, rows(features, kept, count), rows(logits, kept, count), trained);
  }

  /** The first {@code count} of some ascending rows: a view where they lie side by side. */
  private static Tensor rows(Tensor tensor, int[] kept, int count) {
    if (count > 0 && kept[count - 1] - kept[0] == count - 1) {
      return tensor.narrow(0, kept[0], count);
    }
    long[] rows = new long[count];
    for (int i = 0; i < count; i++) {
      rows[i] = kept[i];
    }
    return Tensors.rows(tensor, rows);
  }

  /** Whether it has no row. */
  public boolean isEmpty() {
    return positions.length == 0;
  }

  @Override
  public String toString() {
    return "rows " + Arrays.toString(positions) + " of a batch of " + batch.size();
  }
}
