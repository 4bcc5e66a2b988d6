package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class PrototypesTest extends RouteFixture {

  private static final List<String> BRICKS = List.of("z", "none", "a");

  private static double[] mean(Tensor features) {
    double[] sum = new double[(int) features.size(1)];
    for (double[] row : rows(features)) {
      double length = Math.sqrt(dot(row, row));
      for (int i = 0; i < sum.length; i++) {
        sum[i] += row[i] / length;
      }
    }
    return sum;
  }

  private static double cosine(double[] a, double[] b) {
    return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  }

  @Test
  void weights_bricksOfOneAndSeveralClasses_areThoseOfPlainJava() {
    Tensor first = normal(1, 3, 8);
    Tensor second = normal(2, 4, 8);
    Tensor third = normal(3, 2, 8);
    FeatureMeans means =
        FeatureMeans.NONE.with("z", "", first).with("a", "one", second).with("a", "two", third).with("gone", "", first);
    Tensor inputs = normal(4, 6, 8);
    double[][] expected = new double[6][];
    double[][] x = rows(inputs);
    for (int row = 0; row < 6; row++) {
      expected[row] = softmaxOfBest(new double[] {
          cosine(x[row], mean(first)) / 0.3, Double.NEGATIVE_INFINITY,
          Math.max(cosine(x[row], mean(second)), cosine(x[row], mean(third))) / 0.3}, 2);
    }
    try (var router = new Prototypes(BRICKS, means, new Prototypes.Options(2, 0.3))) {
      assertRows(expected, router.weights(inputs), 1e-5);
    }
    try (var router = new Prototypes(BRICKS, means, Prototypes.Options.DEFAULT)) {
      double[][] hard = rows(router.weights(inputs));
      for (int row = 0; row < 6; row++) {
        assertEquals(expected[row][0] > expected[row][2] ? 1 : 0, hard[row][0]);
        assertEquals(1, hard[row][0] + hard[row][2]);
      }
    }
  }

  @Test
  void with_examplesBitByBit_givesWhatAllAtOnceGive() {
    Tensor all = normal(1, 6, 8);
    FeatureMeans bits = FeatureMeans.NONE.with("a", "", all.narrow(0, 0, 2)).with("a", "", all.narrow(0, 2, 4));
    FeatureMeans.Sum once = Objects.requireNonNull(FeatureMeans.NONE.with("a", "", all).byBrick().get("a")).get("");
    FeatureMeans.Sum twice = Objects.requireNonNull(bits.byBrick().get("a")).get("");
    assertEquals(6, Objects.requireNonNull(twice).count());
    for (int i = 0; i < 8; i++) {
      assertEquals(Objects.requireNonNull(once).features().get(i), twice.features().get(i), 1e-12);
    }
    assertThrows(IllegalArgumentException.class, () -> bits.with("a", "", normal(2, 1, 9)));
  }

  @Test
  void prototypes_ofNoBrick_areRefused() {
    FeatureMeans other = FeatureMeans.NONE.with("other", "", normal(1, 2, 8));
    assertThrows(UsageException.class, () -> new Prototypes(BRICKS, other, Prototypes.Options.DEFAULT));
  }

  @Test
  void byTask_knownTask_isItsBrickAloneAndUnknownIsRefused() {
    var router = new ByTask(3, 2, 0, 2);
    assertRows(new double[][] {{1, 0, 0}, {0, 0, 1}, {0, 0, 1}}, router.weights(Tensors.longs(new long[] {1, 0, 2}, 3)), 0);
    assertThrows(UsageException.class, () -> router.weights(Tensors.longs(new long[] {3}, 1)));
    assertThrows(IllegalArgumentException.class, () -> new ByTask(3, 3));
  }
}
