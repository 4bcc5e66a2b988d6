package dev.perennial.shard;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.perennial.FailureException;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Sums of tensors, element by element, in the order of a binary tree. */
final class Sums {

  private static final ValueLayout.OfDouble F64 = JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfFloat F32 = JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 = JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 = JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private Sums() {}

  /** The sum of tensors of one type and shape, left half plus right half. O(elements). */
  static TensorData of(List<TensorData> parts) {
    if (parts.size() == 1) {
      return parts.getFirst();
    }
    int middle = parts.size() / 2;
    return add(of(parts.subList(0, middle)), of(parts.subList(middle, parts.size())));
  }

  private static TensorData add(TensorData left, TensorData right) {
    MemorySegment a = left.data();
    MemorySegment b = right.data();
    MemorySegment sum = Arena.ofAuto().allocate(a.byteSize(), Long.BYTES);
    switch (left.dtype()) {
      case F64 -> {
        for (long i = 0; i < a.byteSize(); i += Double.BYTES) {
          sum.set(F64, i, a.get(F64, i) + b.get(F64, i));
        }
      }
      case F32 -> {
        for (long i = 0; i < a.byteSize(); i += Float.BYTES) {
          sum.set(F32, i, a.get(F32, i) + b.get(F32, i));
        }
      }
      case I64 -> {
        for (long i = 0; i < a.byteSize(); i += Long.BYTES) {
          sum.set(I64, i, a.get(I64, i) + b.get(I64, i));
        }
      }
      case I32 -> {
        for (long i = 0; i < a.byteSize(); i += Integer.BYTES) {
          sum.set(I32, i, a.get(I32, i) + b.get(I32, i));
        }
      }
      default -> throw new FailureException(
          "expected sums of type F64, F32, I64 or I32 in a shard, found " + left + ": the shard is not a learner's");
    }
    return new TensorData(left.dtype(), left.shape(), sum);
  }

  /** Zeros of the same type and shape. */
  static TensorData zeros(TensorData like) {
    return new TensorData(like.dtype(), like.shape(), Arena.ofAuto().allocate(like.data().byteSize(), Long.BYTES));
  }
}
