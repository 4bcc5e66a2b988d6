package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class GrowingHeadTest {

  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @Test
  void linear_knownRows_isProductAndBias() {
    GrowingHead head = HeadOptions.DEFAULT.of(2);
    assertEquals(3, head.rowLength());
    float[] logits = Tensors.toFloats(head.logits(
        Tensors.floats(new float[] {1, 2, 3, 4}, 2, 2), Tensors.floats(new float[] {1, 10, 0.5f, -1, 0, 2}, 2, 3)));
    assertArrayEquals(new float[] {21.5f, 1, 43.5f, -1}, logits, 1e-5f);
    assertArrayEquals(new float[6], head.newRows(4, 2, CounterRandom.of(1)));
  }

  @Test
  void cosine_knownRows_isCosineOverTemperature() {
    GrowingHead head = new HeadOptions(HeadOptions.Kind.COSINE, 0.5).of(2);
    assertEquals(2, head.rowLength());
    float[] logits = Tensors.toFloats(head.logits(
        Tensors.floats(new float[] {3, 4, -1, 0}, 2, 2), Tensors.floats(new float[] {0.01f, 0, 30, 40}, 2, 2)));
    assertArrayEquals(new float[] {1.2f, 2, -2, -1.2f}, logits, 1e-5f);
  }

  @ParameterizedTest
  @EnumSource(HeadOptions.Kind.class)
  void addGradients_anyLogits_areThoseOfAutograd(HeadOptions.Kind kind) {
    GrowingHead head = new HeadOptions(kind, 0.5).of(5, true);
    Tensor features = drawn(1, 4, 5).set_requires_grad(true);
    Tensor rows = drawn(2, 3, head.rowLength()).set_requires_grad(true);
    Tensor ofLogits = drawn(3, 4, 3);
    try (TensorScope training = TensorScope.training()) {
      head.logits(features, rows).mul(ofLogits).sum().backward();
    }
    Tensor gradient = drawn(4, 3, head.rowLength());
    Tensor before = gradient.clone();
    Tensor ofFeatures = head.addGradients(ofLogits, features, rows, gradient);
    assertArrayEquals(Tensors.toFloats(features.grad()), Tensors.toFloats(ofFeatures), 1e-5f);
    assertArrayEquals(Tensors.toFloats(rows.grad()), Tensors.toFloats(gradient.sub(before)), 1e-5f);
  }

  private static Tensor drawn(long seed, int rows, int columns) {
    float[] values = new float[rows * columns];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) CounterRandom.of(seed).gaussian(i);
    }
    return Tensors.floats(values, rows, columns);
  }

  @Test
  void linear_drawnRows_dependOnTheClassAloneAndFillTheRange() {
    GrowingHead head = HeadOptions.DEFAULT.of(16, true);
    float[] all = head.newRows(0, 100, CounterRandom.of(3));
    assertArrayEquals(Arrays.copyOfRange(all, 2 * 17, 5 * 17), head.newRows(2, 3, CounterRandom.of(3)));
    double largest = 0;
    for (float value : all) {
      largest = Math.max(largest, Math.abs(value));
    }
    assertTrue(largest <= 0.25 && largest > 0.249, "largest " + largest);
  }

  @Test
  void cosine_newRows_dependOnTheClassAlone() {
    GrowingHead head = new HeadOptions(HeadOptions.Kind.COSINE, 0.05).of(16);
    float[] all = head.newRows(0, 5, CounterRandom.of(3));
    assertArrayEquals(Arrays.copyOfRange(all, 2 * 16, 5 * 16), head.newRows(2, 3, CounterRandom.of(3)));
    for (float value : all) {
      assertTrue(value != 0 && Math.abs(value) <= 0.25);
    }
  }

  @Test
  void headTemperature_notAboveZero_isRefused() {
    for (double temperature : new double[] {0, -1, Double.NaN, Double.POSITIVE_INFINITY}) {
      assertThrows(UsageException.class, () -> new HeadOptions(HeadOptions.Kind.COSINE, temperature));
    }
  }
}
