package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.util.List;
import java.util.Map;

/** How a tensor is laid out in the parts of a {@link PackedTensor}, the first of which are the most important ones. */
sealed interface Coding permits PlainCoding, BitStack, NestedBits, SparseCoding, LowBits, Scaled {

  /** What a file calls it. */
  String name();

  /** What has to be known to decode it beside the shape: whole numbers, by name. */
  Map<String, Long> settings();

  /** Parts that decoding cannot do without. */
  default int least() {
    return 1;
  }

  /** Parts that there can be. */
  default int most() {
    return 1;
  }

  /**
   * Bytes that a part takes, without overflow.
   *
   * @throws IllegalArgumentException if a tensor of that shape cannot be laid out so; the message says why
   */
  long bytes(List<Long> shape, int part);

  /**
   * The tensor that the first parts make up.
   *
   * @param parts {@link #least} to {@link #most} of them, each of the size that {@link #bytes} says
   * @throws IllegalArgumentException if they contradict each other; the message says how
   */
  TensorData decode(List<Long> shape, List<byte[]> parts);

  /** How many numbers a matrix has, where there are fewer than Java's arrays take. */
  static int size(List<Long> shape) {
    if (shape.size() != 2 || shape.getFirst() < 1 || shape.getLast() < 1
        || Math.multiplyHigh(shape.getFirst(), shape.getLast()) != 0
        || shape.getFirst() * shape.getLast() < 1 || shape.getFirst() * shape.getLast() > 1 << 30) {
      throw new IllegalArgumentException("expected a matrix of 1 to 2^30 numbers, found the shape " + shape);
    }
    return Math.toIntExact(shape.getFirst() * shape.getLast());
  }

  /** Rows of a matrix. */
  static int rows(List<Long> shape) {
    size(shape);
    return shape.getFirst().intValue();
  }

  /** Columns of a matrix. */
  static int columns(List<Long> shape) {
    size(shape);
    return shape.getLast().intValue();
  }
}
