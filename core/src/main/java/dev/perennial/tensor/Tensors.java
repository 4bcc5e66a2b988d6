package dev.perennial.tensor;

import static org.bytedeco.pytorch.global.torch.ScalarType;

import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
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

  /** A float64 tensor of zeros. */
  public static Tensor doubleZeros(long... shape) {
    return torch.zeros(shape, new TensorOptions(ScalarType.Double));
  }

  /** The elements of a float32 tensor, row by row. */
  public static float[] toFloats(Tensor tensor) {
    Tensor source = tensor.to(ScalarType.Float).contiguous();
    float[] values = new float[Math.toIntExact(source.numel())];
    new FloatPointer(source.data_ptr()).get(values);
    return values;
  }

  /** The elements of a tensor as float64, row by row. */
  public static double[] toDoubles(Tensor tensor) {
    Tensor source = tensor.to(ScalarType.Double).contiguous();
    double[] values = new double[Math.toIntExact(source.numel())];
    new DoublePointer(source.data_ptr()).get(values);
    return values;
  }

  /** The elements of an integer tensor, row by row. */
  public static long[] toLongs(Tensor tensor) {
    Tensor source = tensor.to(ScalarType.Long).contiguous();
    long[] values = new long[Math.toIntExact(source.numel())];
    new LongPointer(source.data_ptr()).get(values);
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

  /** A view of the bytes of a contiguous tensor. It is valid as long as the tensor is. */
  static Pointer bytes(Tensor contiguous) {
    return new BytePointer(contiguous.data_ptr()).capacity(contiguous.nbytes());
  }
}
