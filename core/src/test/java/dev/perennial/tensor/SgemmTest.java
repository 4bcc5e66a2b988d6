package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.bytedeco.pytorch.Tensor;

final class SgemmTest {

  @Property(tries = 200)
  void multiply_anyShapes_isTheSumOfProducts(
      @ForAll @IntRange(min = 0, max = 40) int m, @ForAll @IntRange(min = 0, max = 40) int n,
      @ForAll @IntRange(min = 0, max = 40) int k, @ForAll boolean transposeA, @ForAll boolean transposeB,
      @ForAll boolean add, @ForAll long seed) {
    float[] a = numbers(seed, 0, m * k);
    float[] b = numbers(seed, 1, k * n);
    float[] out = numbers(seed, 2, m * n);
    float[] expected = new float[m * n];
    for (int i = 0; i < m; i++) {
      for (int j = 0; j < n; j++) {
        double sum = add ? out[i * n + j] : 0;
        for (int l = 0; l < k; l++) {
          sum += (double) a[transposeA ? l * m + i : i * k + l] * b[transposeB ? j * k + l : l * n + j];
        }
        expected[i * n + j] = (float) sum;
      }
    }
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      Tensor product = Tensors.floats(out, m, n);
      Sgemm.multiply(
          transposeA ? Tensors.floats(a, k, m) : Tensors.floats(a, m, k), transposeA,
          transposeB ? Tensors.floats(b, n, k) : Tensors.floats(b, k, n), transposeB, m, n, k, add ? 1 : 0, product);
      // 41 products of numbers below 1 are each rounded to 24 bits, and so is every sum of them.
      assertArrayEquals(expected, Tensors.toFloats(product), 1e-4f);
    }
  }

  private static float[] numbers(long seed, long purpose, int count) {
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) (2 * CounterRandom.of(seed, purpose).uniform(i) - 1);
    }
    return numbers;
  }
}
