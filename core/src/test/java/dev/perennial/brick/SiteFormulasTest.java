package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.backbone.FrozenMap;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Kinds on sites against their formulas in plain Java. */
final class SiteFormulasTest extends KindFixture {

  private static final int OUT = 8;
  private static final int IN = 8;

  @Test
  void lora_ranksAlphasAndStabilisedScale_holdBySite() {
    var lora = (Lora) moved("lora:rslora=true,ranks=0.*query:4 .*query:3,alphas=layer.1.attention.self.query:5", "usual");
    Site first = sites().getFirst();
    Site second = sites().get(6);
    assertEquals(4, lora.rank(first));
    assertEquals(3 / 2.0, lora.scale(first));
    assertEquals(3, lora.rank(second));
    assertEquals(5 / Math.sqrt(3), lora.scale(second));
    assertEquals(3 / Math.sqrt(2), lora.scale(sites().get(2)));
    assertArrayEquals(
        product(values(first, "lora_B.weight"), values(first, "lora_A.weight"), 4, 1.5), delta(lora, first), 1e-5f);
  }

  @Test
  void dora_weightAndDelta_haveRowsOfTheLengthsLearned() {
    Brick dora = moved("dora", "query");
    Site site = sites().getFirst();
    float[] frozen = Tensors.toFloats(backbone.frozen(site).weight());
    float[] delta = delta(dora, site);
    float[] product = product(values(site, "lora_B.weight"), values(site, "lora_A.weight"), 2, 1.5);
    float[] lengths = values(site, "lora_magnitude_vector");
    for (int row = 0; row < OUT; row++) {
      double squares = 0;
      double along = 0;
      double lengthOfSum = 0;
      for (int i = 0; i < IN; i++) {
        double whole = frozen[row * IN + i] + delta[row * IN + i];
        double sum = frozen[row * IN + i] + product[row * IN + i];
        squares += whole * whole;
        along += whole * sum;
        lengthOfSum += sum * sum;
      }
      assertEquals(Math.abs(lengths[row]), Math.sqrt(squares), 1e-4);
      assertEquals(lengths[row], along / Math.sqrt(lengthOfSum), 1e-4, "the direction is that of the sum");
    }
  }

  @Test
  void dora_gradientOfB_takesTheLengthAsAConstant() {
    Brick dora = moved("dora", "query");
    Site site = sites().getFirst();
    Tensor input = normal(1, 5, IN);
    Tensor output = normal(2, 5, OUT);
    Tensor weights = normal(3, 5, OUT);
    FrozenMap frozen = backbone.frozen(site);
    float[] product = product(values(site, "lora_B.weight"), values(site, "lora_A.weight"), 2, 1.5);
    float[] lengths = values(site, "lora_magnitude_vector");
    float[] weight = Tensors.toFloats(frozen.weight());
    float[] stretch = new float[OUT];
    for (int row = 0; row < OUT; row++) {
      double squares = 0;
      for (int i = 0; i < IN; i++) {
        squares += Math.pow(weight[row * IN + i] + product[row * IN + i], 2);
      }
      stretch[row] = (float) (lengths[row] / Math.sqrt(squares));
    }
    float[] expected = Tensors.toFloats(torch.mm(weights.mul(Tensors.floats(stretch, OUT)).t(),
        torch.mm(input, Objects.requireNonNull(parameters.views().get(Lora.nameOfA(site))).t())).mul(new Scalar(1.5)));
    try (TensorScope training = TensorScope.training()) {
      Map<String, Tensor> leaves = leaves(parameters);
      Objects.requireNonNull(dora.adaptation(leaves).at(site.index())).apply(input, output).mul(weights).sum().backward();
      assertArrayEquals(expected,
          Tensors.toFloats(Objects.requireNonNull(leaves.get(Lora.nameOfB(site))).grad()), 1e-4f);
    }
  }

  @Test
  void adalora_product_isScaledByTheRankItBeganWith() {
    Brick brick = moved("adalora:initialRank=12,ranks=query:3", "query");
    Site site = sites().getFirst();
    float[] a = values(site, "lora_A");
    float[] e = values(site, "lora_E");
    for (int r = 0; r < 3; r++) {
      for (int i = 0; i < IN; i++) {
        a[r * IN + i] *= e[r];
      }
    }
    assertArrayEquals(product(values(site, "lora_B"), a, 3, 3 / (12 + 1e-5)), delta(brick, site), 1e-5f);
  }

  @Test
  void ia3_outputAndInput_areScaledByTheFactors() {
    Brick brick = moved("ia3", "usual");
    Site key = sites().get(1);
    float[] factors = values(key, "ia3_l");
    float[] output = Tensors.toFloats(normal(2, 5, OUT));
    float[] expected = output.clone();
    for (int i = 0; i < expected.length; i++) {
      expected[i] *= factors[i % OUT];
    }
    assertArrayEquals(expected, applied(brick, key, normal(1, 5, IN), normal(2, 5, OUT)), 1e-6f);

    Site down = sites().get(5);
    Tensor scaled = normal(4, 5, 12).mul(parameters.view(parameters.values(), "base_model.model." + down.name() + ".ia3_l"));
    FrozenMap frozen = backbone.frozen(down);
    Tensor plain = torch.mm(normal(4, 5, 12), frozen.weight().t()).add(frozen.bias());
    assertArrayEquals(Tensors.toFloats(torch.mm(scaled, frozen.weight().t()).add(frozen.bias())),
        applied(brick, down, normal(4, 5, 12), plain), 1e-4f);
  }

  @Test
  void adapter_behindASite_isABottleneckOnItsOutput() {
    Brick brick = moved("adapter", "query");
    Site site = sites().getFirst();
    float[] output = Tensors.toFloats(normal(2, 3, OUT));
    float[] expected = bottleneck(output, 2,
        transposed(values(site, "adapter_down.weight"), 2, OUT), values(site, "adapter_down.bias"),
        transposed(values(site, "adapter_up.weight"), OUT, 2), values(site, "adapter_up.bias"), false);
    assertArrayEquals(expected, applied(brick, site, normal(1, 3, IN), normal(2, 3, OUT)), 1e-5f);
  }

  @Test
  void compacter_matrices_areSumsOfKroneckerProducts() {
    Brick brick = moved("compacter:factors=2", "query");
    Site site = sites().getFirst();
    float[] down = kronecker(values("compacter.down_rule"), values(site, "compacter_down.left"),
        values(site, "compacter_down.right"), 2, OUT / 2, 1);
    float[] up = kronecker(values("compacter.up_rule"), values(site, "compacter_up.left"),
        values(site, "compacter_up.right"), 2, 1, OUT / 2);
    float[] expected = bottleneck(Tensors.toFloats(normal(2, 3, OUT)), 2, down, values(site, "compacter_down.bias"), up,
        values(site, "compacter_up.bias"), true);
    assertArrayEquals(expected, applied(brick, site, normal(1, 3, IN), normal(2, 3, OUT)), 1e-5f);
  }

  /** sum over i of rule_i ⊗ (left_i right_i), {@code [n * rows, n * columns]}. */
  private static float[] kronecker(float[] rule, float[] left, float[] right, int n, int rows, int columns) {
    float[] matrix = new float[n * rows * n * columns];
    for (int i = 0; i < n; i++) {
      for (int p = 0; p < n * rows; p++) {
        for (int q = 0; q < n * columns; q++) {
          matrix[p * n * columns + q] += rule[i * n * n + p / rows * n + q / columns]
              * left[i * rows + p % rows] * right[i * columns + q % columns];
        }
      }
    }
    return matrix;
  }

  /** y + f(y D + c) U + d, D {@code [out, rank]} and U {@code [rank, out]}. */
  private static float[] bottleneck(
      float[] rows, int rank, float[] down, float[] c, float[] up, float[] d, boolean gelu) {
    float[] result = rows.clone();
    for (int row = 0; row < rows.length / OUT; row++) {
      for (int r = 0; r < rank; r++) {
        double low = c[r];
        for (int i = 0; i < OUT; i++) {
          low += rows[row * OUT + i] * down[i * rank + r];
        }
        double active = gelu ? low * (1 + erf(low / Math.sqrt(2))) / 2 : Math.max(0, low);
        for (int i = 0; i < OUT; i++) {
          result[row * OUT + i] += (float) (active * up[r * OUT + i]);
        }
      }
      for (int i = 0; i < OUT; i++) {
        result[row * OUT + i] += d[i];
      }
    }
    return result;
  }

  /** By its series. */
  private static double erf(double x) {
    double sum = 0;
    double term = x;
    for (int n = 0; n < 60; n++) {
      sum += term / (2 * n + 1);
      term *= -x * x / (n + 1);
    }
    return 2 / Math.sqrt(Math.PI) * sum;
  }

  private static float[] transposed(float[] matrix, int rows, int columns) {
    float[] turned = new float[matrix.length];
    for (int i = 0; i < rows; i++) {
      for (int j = 0; j < columns; j++) {
        turned[j * rows + i] = matrix[i * columns + j];
      }
    }
    return turned;
  }

  private static float[] product(float[] b, float[] a, int rank, double scale) {
    float[] product = new float[OUT * IN];
    for (int out = 0; out < OUT; out++) {
      for (int in = 0; in < IN; in++) {
        double sum = 0;
        for (int r = 0; r < rank; r++) {
          sum += (double) b[out * rank + r] * a[r * IN + in];
        }
        product[out * IN + in] = (float) (scale * sum);
      }
    }
    return product;
  }
}
