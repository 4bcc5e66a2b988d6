package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.function.ToDoubleFunction;
import org.junit.jupiter.api.Test;

/** Against the definition: {@code F(a) - F(b) - <grad F(b), a - b>}, with the gradient by finite differences. */
final class DivergencesTest {

  private static final double[] WANTED = {0.2, 0.7, 0.1};
  private static final double[] LOGITS = {1, -0.5, 2};

  @Test
  void entropic_isTheBregmanDivergenceOfNegativeEntropy() {
    double expected = bregman(DivergencesTest::negativeEntropy, WANTED, softmax(LOGITS, 1));
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(expected, Divergences.entropic(
          Tensors.doubles(WANTED, 1, 3), Tensors.doubles(LOGITS, 1, 3)).item_double(), 1e-6);
    }
  }

  @Test
  void entropic_oneHot_isTheCrossEntropy() {
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(-Math.log(softmax(LOGITS, 1)[1]), Divergences.entropic(
          Tensors.doubles(new double[] {0, 1, 0}, 1, 3), Tensors.doubles(LOGITS, 1, 3)).item_double(), 1e-12);
    }
  }

  @Test
  void softened_isThatOfBothSidesSoftenedTimesTheSquareOfTheTemperature() {
    double[] former = {0, 3, -1};
    double expected = 4 * bregman(DivergencesTest::negativeEntropy, softmax(former, 2), softmax(LOGITS, 2));
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(expected, Divergences.softened(
          Tensors.doubles(former, 1, 3), Tensors.doubles(LOGITS, 1, 3), 2).item_double(), 1e-6);
    }
  }

  @Test
  void squared_isTheBregmanDivergenceOfTheSquaredNorm() {
    double expected = bregman(x -> x[0] * x[0] + x[1] * x[1] + x[2] * x[2], WANTED, LOGITS);
    try (TensorScope scope = TensorScope.inference()) {
      assertEquals(expected, Divergences.squared(
          Tensors.doubles(WANTED, 1, 3), Tensors.doubles(LOGITS, 1, 3)).item_double(), 1e-6);
    }
  }

  private static double bregman(ToDoubleFunction<double[]> f, double[] a, double[] b) {
    double divergence = f.applyAsDouble(a) - f.applyAsDouble(b);
    for (int i = 0; i < b.length; i++) {
      double[] up = b.clone();
      double[] down = b.clone();
      up[i] += 1e-6;
      down[i] -= 1e-6;
      divergence -= (f.applyAsDouble(up) - f.applyAsDouble(down)) / 2e-6 * (a[i] - b[i]);
    }
    return divergence;
  }

  private static double negativeEntropy(double[] p) {
    double sum = 0;
    for (double value : p) {
      sum += value * Math.log(value);
    }
    return sum;
  }

  private static double[] softmax(double[] logits, double temperature) {
    double sum = 0;
    double[] p = new double[logits.length];
    for (int i = 0; i < p.length; i++) {
      p[i] = Math.exp(logits[i] / temperature);
      sum += p[i];
    }
    for (int i = 0; i < p.length; i++) {
      p[i] /= sum;
    }
    return p;
  }
}
