package dev.perennial.tensor;

import dev.perennial.FailureException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Products of small float32 matrices, without gradients: {@code out <- a' b' + beta out}, where {@code a'} is {@code a}
 * or its transpose.
 *
 * <p>oneDNN computes them where it is on the class path: it finds the processor's kernels by itself and packs little, so
 * that a product of 32 rows runs as fast as a large one, at twice the speed of OpenBLAS (docs/decisions/0003). Elsewhere
 * libtorch does. Some of oneDNN's kernels move the stack pointer away from the stack, so that a signal's handler, as a
 * profiler or the JVM itself has, would write into other memory: signals wait for the end of a product.
 */
public final class Sgemm {

  private static final @Nullable MethodHandle ONEDNN = oneDnn();
  private static final @Nullable HeldSignals SIGNALS = ONEDNN == null ? null : new HeldSignals();

  private Sgemm() {}

  private static @Nullable MethodHandle oneDnn() {
    LibTorch.load(); // with it the OpenMP library that both use
    if (!Loader.getPlatform().startsWith("linux-")) {
      return null;
    }
    String resource = "/org/bytedeco/dnnl/" + Loader.getPlatform() + "/libdnnl.so.3";
    if (Sgemm.class.getResource(resource) == null) {
      return null;
    }
    try {
      var library = SymbolLookup.libraryLookup(Loader.cacheResource(resource).toPath(), Arena.global());
      var number = ValueLayout.JAVA_LONG;
      var matrix = ValueLayout.ADDRESS;
      return Linker.nativeLinker().downcallHandle(library.findOrThrow("dnnl_sgemm"), FunctionDescriptor.of(
          ValueLayout.JAVA_INT, ValueLayout.JAVA_BYTE, ValueLayout.JAVA_BYTE, number, number, number,
          ValueLayout.JAVA_FLOAT, matrix, number, matrix, number, ValueLayout.JAVA_FLOAT, matrix, number));
    } catch (IOException | IllegalArgumentException e) {
      throw new FailureException("expected to load oneDNN from the class path, got: " + e.getMessage()
          + "; free some space below ~/.javacpp, or leave org.bytedeco:dnnl out of the class path", e);
    }
  }

  /**
   * {@code out <- a b + beta out}. All are contiguous float32 matrices on the CPU.
   *
   * @param transposeA whether {@code a}, as it lies in memory, is to be taken transposed: then it is {@code [k, m]}
   * @param transposeB the same of {@code b}: then it is {@code [n, k]}
   * @param m rows of {@code out}
   * @param n columns of {@code out}
   * @param k what is summed over
   */
  public static void multiply(
      Tensor a, boolean transposeA, Tensor b, boolean transposeB, long m, long n, long k, float beta, Tensor out) {
    MethodHandle sgemm = ONEDNN;
    HeldSignals signals = SIGNALS;
    if (m == 0 || n == 0) {
      return;
    }
    if (sgemm == null || signals == null || k == 0) {
      out.addmm_(transposeA ? a.t() : a, transposeB ? b.t() : b, new Scalar((double) beta), new Scalar(1));
      return;
    }
    int status;
    try {
      MemorySegment before = signals.hold();
      try {
        status = (int) sgemm.invokeExact(
            (byte) (transposeA ? 'T' : 'N'), (byte) (transposeB ? 'T' : 'N'), m, n, k,
            1f, address(a), transposeA ? m : k, address(b), transposeB ? k : n, beta, address(out), n);
      } finally {
        signals.release(before);
      }
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException("dnnl_sgemm and pthread_sigmask take these arguments", e);
    }
    if (status != 0) {
      throw new IllegalArgumentException(
          "no product of %d x %d and %d x %d: oneDNN's status is %d".formatted(m, k, k, n, status));
    }
  }

  private static MemorySegment address(Tensor tensor) {
    return MemorySegment.ofAddress(tensor.data_ptr().address());
  }
}
