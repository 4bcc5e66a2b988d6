package dev.perennial.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.perennial.FailureException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of a tensor with its type and shape: row-major, little-endian, read-only.
 *
 * <p>A view: it neither copies nor owns {@code data}, which must stay alive and unchanged while the view is used. The
 * {@code of} methods copy their argument onto the heap, so what they return stands by itself. Two are equal when type,
 * shape and bytes are (an O(bytes) comparison).
 *
 * @param dtype type of the elements
 * @param shape sizes of the dimensions, outermost first, none negative; empty for a scalar
 * @param data exactly {@link #byteSize(Dtype, List)} bytes, at any alignment; kept as a read-only segment
 */
public record TensorData(Dtype dtype, List<Long> shape, MemorySegment data) {
  private static final ValueLayout.OfFloat F32 = JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 = JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfLong I64 = JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfInt I32 = JAVA_INT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  /**
   * Checks the size.
   *
   * @throws IllegalArgumentException if the shape is not one, or {@code data} has another size than it asks for
   */
  public TensorData {
    shape = List.copyOf(shape);
    long expected = byteSize(dtype, shape);
    if (data.byteSize() != expected) {
      throw new IllegalArgumentException(
          "a " + dtype + " tensor of shape " + shape + " takes " + expected + " bytes, got " + data.byteSize());
    }
    data = data.asReadOnly();
  }

  /**
   * Bytes that a tensor of this type and shape takes.
   *
   * @throws IllegalArgumentException if a size is negative, the product overflows 64 bits, or the elements, of fewer
   *     than 8 bits, do not fill whole bytes
   */
  public static long byteSize(Dtype dtype, List<Long> shape) {
    long bits = 1;
    try {
      for (long size : shape) {
        if (size < 0) {
          throw new IllegalArgumentException("shape " + shape + " has a negative size");
        }
        bits = Math.multiplyExact(bits, size);
      }
      bits = Math.multiplyExact(bits, dtype.bits());
    } catch (ArithmeticException e) {
      throw new IllegalArgumentException("shape " + shape + " of " + dtype + " overflows 64 bits", e);
    }
    if (bits % 8 != 0) {
      throw new IllegalArgumentException("shape " + shape + " of " + dtype + " does not fill whole bytes");
    }
    return bits / 8;
  }

  /** A {@link Dtype#F32} tensor of a copy of {@code values}; without a shape, a scalar. */
  public static TensorData of(float[] values, long... shape) {
    MemorySegment data = allocate(values.length, Float.BYTES);
    MemorySegment.copy(values, 0, data, F32, 0, values.length);
    return new TensorData(Dtype.F32, boxed(shape), data);
  }

  /** A {@link Dtype#F64} tensor of a copy of {@code values}; without a shape, a scalar. */
  public static TensorData of(double[] values, long... shape) {
    MemorySegment data = allocate(values.length, Double.BYTES);
    MemorySegment.copy(values, 0, data, F64, 0, values.length);
    return new TensorData(Dtype.F64, boxed(shape), data);
  }

  /** An {@link Dtype#I64} tensor of a copy of {@code values}; without a shape, a scalar. */
  public static TensorData of(long[] values, long... shape) {
    MemorySegment data = allocate(values.length, Long.BYTES);
    MemorySegment.copy(values, 0, data, I64, 0, values.length);
    return new TensorData(Dtype.I64, boxed(shape), data);
  }

  /** An {@link Dtype#I32} tensor of a copy of {@code values}; without a shape, a scalar. */
  public static TensorData of(int[] values, long... shape) {
    MemorySegment data = allocate(values.length, Integer.BYTES);
    MemorySegment.copy(values, 0, data, I32, 0, values.length);
    return new TensorData(Dtype.I32, boxed(shape), data);
  }

  /** A tensor of any type over a copy of its little-endian bytes; without a shape, a scalar. */
  public static TensorData ofBytes(Dtype dtype, byte[] bytes, long... shape) {
    MemorySegment data = allocate(bytes.length, 1);
    MemorySegment.copy(bytes, 0, data, JAVA_BYTE, 0, bytes.length);
    return new TensorData(dtype, boxed(shape), data);
  }

  /** A copy of the elements of an {@link Dtype#F32} tensor; a {@link FailureException} for any other type. */
  public float[] floats() {
    var values = new float[length(Dtype.F32)];
    MemorySegment.copy(data, F32, 0, values, 0, values.length);
    return values;
  }

  /** A copy of the elements of an {@link Dtype#F64} tensor; a {@link FailureException} for any other type. */
  public double[] doubles() {
    var values = new double[length(Dtype.F64)];
    MemorySegment.copy(data, F64, 0, values, 0, values.length);
    return values;
  }

  /** A copy of the elements of an {@link Dtype#I64} tensor; a {@link FailureException} for any other type. */
  public long[] longs() {
    var values = new long[length(Dtype.I64)];
    MemorySegment.copy(data, I64, 0, values, 0, values.length);
    return values;
  }

  /** A copy of the elements of an {@link Dtype#I32} tensor; a {@link FailureException} for any other type. */
  public int[] ints() {
    var values = new int[length(Dtype.I32)];
    MemorySegment.copy(data, I32, 0, values, 0, values.length);
    return values;
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof TensorData that
        && dtype == that.dtype
        && shape.equals(that.shape)
        && data.mismatch(that.data) == -1;
  }

  @Override
  public int hashCode() {
    return 31 * dtype.hashCode() + shape.hashCode();
  }

  @Override
  public String toString() {
    return dtype + " " + shape;
  }

  private int length(Dtype wanted) {
    if (dtype != wanted) {
      throw new FailureException("expected a tensor of " + wanted + ", found " + this);
    }
    long length = data.byteSize() * 8 / dtype.bits();
    if (length > Integer.MAX_VALUE - 8) {
      throw new FailureException("a Java array holds up to 2147483639 elements, the tensor " + this + " has more");
    }
    return (int) length;
  }

  /** Heap memory over a {@code long[]}, so that it is aligned and may pass 2 GiB. */
  private static MemorySegment allocate(long length, int elementBytes) {
    long bytes = length * elementBytes;
    return MemorySegment.ofArray(new long[Math.toIntExact((bytes + 7) / 8)]).asSlice(0, bytes);
  }

  private static List<Long> boxed(long[] shape) {
    return Arrays.stream(shape).boxed().toList();
  }
}
