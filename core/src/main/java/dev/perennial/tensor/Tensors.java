package dev.perennial.tensor;

import static org.bytedeco.pytorch.global.torch.ScalarType;

import dev.perennial.FailureException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Native tensors made from Java arrays and read back into them. Tensors are on the CPU, row-major, in the open scope. */
public final class Tensors {

  private Tensors() {}

  /** A float32 tensor of {@code shape} filled with {@code values}. */
  public static Tensor floats(float[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** A float64 tensor of {@code shape} filled with {@code values}. */
  public static Tensor doubles(double[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** An int64 tensor of {@code shape} filled with {@code values}. */
  public static Tensor longs(long[] values, long... shape) {
    return Tensor.create(values, shape);
  }

  /** A float32 tensor of zeros. */
  public static Tensor zeros(long... shape) {
    return torch.zeros(shape);
  }

  /**
   * Normal numbers of mean 0 and variance 1, float32, {@code [size]}: many at once, from a native generator whose seed
   * is the number at {@code index}. The same on the same machine.
   */
  public static Tensor gaussians(CounterRandom random, long index, long size) {
    return torch.randn(new long[] {size}, new GeneratorOptional(torch.make_generator_cpu(random.at(index))));
  }

  /** A float64 tensor of zeros. */
  public static Tensor doubleZeros(long... shape) {
    return torch.zeros(shape, new TensorOptions(ScalarType.Double));
  }

  /** The elements of a float32 tensor, row by row. */
  public static float[] toFloats(Tensor tensor) {
    Tensor source = tensor.cpu().to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(source.numel())];
    if (values.length > 0) {
      new FloatPointer(source.data_ptr()).get(values);
    }
    return values;
  }

  /** The elements of a tensor as float64, row by row. */
  public static double[] toDoubles(Tensor tensor) {
    Tensor source = tensor.cpu().to(ScalarType.Double).contiguous();
    double[] values = new double[Math.toIntExact(source.numel())];
    if (values.length > 0) {
      new DoublePointer(source.data_ptr()).get(values);
    }
    return values;
  }

  /** The elements of an integer tensor, row by row. */
  public static long[] toLongs(Tensor tensor) {
    Tensor source = tensor.to(ScalarType.Long).contiguous();
    long[] values = new long[Math.toIntExact(source.numel())];
    if (values.length > 0) {
      new LongPointer(source.data_ptr()).get(values);
    }
    return values;
  }

  /** The tensors side by side along {@code dimension}. */
  public static Tensor concat(long dimension, Tensor... tensors) {
    return torch.cat(new TensorVector(tensors), dimension);
  }

  /** The rows of {@code tensor} at {@code indices}, in that order. */
  public static Tensor rows(Tensor tensor, long[] indices) {
    return torch.index_select(tensor, 0, longs(indices, indices.length));
  }

  /** Adds {@code scale * addend} to {@code target} in place. */
  public static void addScaled(Tensor target, Tensor addend, double scale) {
    target.add_(addend, new Scalar(scale));
  }

  /**
   * The bytes of a contiguous tensor, without copying them. The view is valid as long as the tensor is alive and
   * unchanged.
   *
   * @throws IllegalArgumentException if the tensor is not contiguous, or of a type that learners do not use
   */
  public static TensorData view(Tensor tensor) {
    if (!tensor.is_contiguous()) {
      throw new IllegalArgumentException("only a contiguous tensor can be viewed as bytes");
    }
    Dtype dtype = switch (tensor.scalar_type().intern()) {
      case Float -> Dtype.F32;
      case Double -> Dtype.F64;
      case Long -> Dtype.I64;
      case Byte -> Dtype.U8;
      default -> throw new IllegalArgumentException("no view of a tensor of type " + tensor.scalar_type().intern());
    };
    long bytes = tensor.nbytes();
    MemorySegment data = bytes == 0
        ? MemorySegment.ofArray(new byte[0])
        : MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(bytes);
    return new TensorData(dtype, Arrays.stream(tensor.shape()).boxed().toList(), data);
  }

  /** A native copy of {@code data}, in the open scope. */
  public static Tensor copyOf(TensorData data) {
    ScalarType type = switch (data.dtype()) {
      case F32 -> ScalarType.Float;
      case F64 -> ScalarType.Double;
      case I64 -> ScalarType.Long;
      case U8 -> ScalarType.Byte;
      default -> throw new IllegalArgumentException("no native tensor of type " + data.dtype());
    };
    long[] shape = data.shape().stream().mapToLong(Long::longValue).toArray();
    Tensor tensor = torch.zeros(shape, new TensorOptions(type));
    long bytes = data.data().byteSize();
    if (bytes > 0) {
      MemorySegment target = MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(bytes);
      MemorySegment.copy(data.data(), 0, target, 0, bytes);
    }
    return tensor;
  }

  /**
   * Copies {@code data} into {@code target}.
   *
   * @param name what it is, for the message
   * @throws FailureException if type or shape are not those of the target
   */
  public static void copyInto(Tensor target, TensorData data, String name) {
    TensorData expected = view(target);
    if (data.dtype() != expected.dtype() || !data.shape().equals(expected.shape())) {
      throw new FailureException("expected " + name + " to be " + expected + " in a learner's state, found " + data
          + ": the state belongs to another learner or other options");
    }
    target.copy_(copyOf(data));
  }
}
