package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Lora;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class ArrowTest extends RouteFixture {

  /** The first right singular vector by power iteration on M'M, in plain Java. */
  private static double[] powerIteration(double[][] matrix) {
    double[] v = new double[matrix[0].length];
    Arrays.setAll(v, i -> 1.0 / (i + 1));
    for (int step = 0; step < 5000; step++) {
      double[] next = new double[v.length];
      for (double[] row : matrix) {
        double product = dot(row, v);
        for (int i = 0; i < next.length; i++) {
          next[i] += product * row[i];
        }
      }
      double length = Math.sqrt(dot(next, next));
      for (int i = 0; i < next.length; i++) {
        v[i] = next[i] / length;
      }
    }
    return v;
  }

  @Test
  void vectors_loraOfUnlikeShapes_areFirstRightSingularVectors() {
    var expert = expert("lora", 3, "query|intermediate.dense|output.dense", 1);
    Map<String, float[]> vectors = Arrow.vectors(expert.brick(), expert.tensors());
    assertEquals(expert.brick().sites().size(), vectors.size());
    for (Site site : expert.brick().sites()) {
      Brick.Delta delta = Objects.requireNonNull(expert.brick().delta(site, expert.tensors()));
      double[] found = doubles(Objects.requireNonNull(vectors.get(site.name())));
      assertEquals(1, dot(found, found), 1e-6);
      assertEquals(1, Math.abs(dot(found, powerIteration(rows(delta.weight())))), 1e-5, site.name());
    }
  }

  @Test
  void vectors_otherChangeOfWeights_isThatOfItsMatrix() {
    var expert = expert("dora", 2, "query", 2);
    Map<String, float[]> vectors = Arrow.vectors(expert.brick(), expert.tensors());
    Site site = site("query");
    Brick.Delta delta = Objects.requireNonNull(expert.brick().delta(site, expert.tensors()));
    double[] found = doubles(Objects.requireNonNull(vectors.get(site.name())));
    assertEquals(1, Math.abs(dot(found, powerIteration(rows(delta.weight())))), 1e-5);
  }

  @Test
  void vectors_signAndLengthOfMatricesChanged_staySame() {
    var expert = expert("lora", 2, "query", 3);
    Site site = site("query");
    var other = new TreeMap<String, Tensor>(expert.tensors());
    other.put(Lora.nameOfA(site), Objects.requireNonNull(expert.tensors().get(Lora.nameOfA(site))).mul(new Scalar(-3)));
    double[] first = doubles(Objects.requireNonNull(Arrow.vectors(expert.brick(), expert.tensors()).get(site.name())));
    double[] second = doubles(Objects.requireNonNull(Arrow.vectors(expert.brick(), other).get(site.name())));
    assertEquals(1, dot(first, second), 1e-6);
  }

  @Test
  void vectors_newBrick_areZerosAndThoseOfNonlinearBrickNone() {
    var expert = expert("lora", 2, "query", 4);
    var fresh = new TreeMap<String, Tensor>(expert.tensors());
    fresh.replaceAll((name, tensor) -> name.contains("lora_B") ? tensor.mul(new Scalar(0)) : tensor);
    Arrow.vectors(expert.brick(), fresh).values().forEach(vector -> assertEquals(0, dot(doubles(vector), doubles(vector))));
    var adapter = expert("adapter", 2, "usual", 5);
    assertEquals(Map.of(), Arrow.vectors(adapter.brick(), adapter.tensors()));
  }

  @Test
  void weights_manyBricks_areThoseOfPlainJava() {
    Site site = site("query");
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    for (int brick = 0; brick < 6; brick++) {
      byBrick.put("b" + brick, vectors(site, normals(20 + brick, site.in())));
    }
    Tensor inputs = normal(1, 5, site.in());
    double[][] x = rows(inputs);
    double[][] expected = new double[5][];
    for (int row = 0; row < 5; row++) {
      double[] logits = new double[6];
      for (int brick = 0; brick < 6; brick++) {
        logits[brick] = Math.abs(dot(x[row], doubles(Objects.requireNonNull(Objects.requireNonNull(byBrick.get("b" + brick)).get(site.name()))))) / 2;
      }
      expected[row] = softmaxOfBest(logits, 3);
    }
    try (var arrow = new Arrow(new SiteVectors(byBrick), backbone.sites(), new Arrow.Options(3, 2))) {
      assertEquals(List.of(site), arrow.sites());
      assertRows(expected, Objects.requireNonNull(arrow.pass().get(site)).weights(inputs), 1e-5);
      assertRows(expected, arrow.pass().get(site).weights(inputs.neg()), 1e-5);
    }
  }

  @Test
  void weights_brickThatDoesNotActAtSite_areZeroThere() {
    Site query = site("query");
    Site value = site("value");
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    byBrick.put("a", vectors(query, new float[query.in()]));
    byBrick.put("b", Map.of(query.name(), normals(1, query.in()), value.name(), normals(2, value.in())));
    try (var arrow = new Arrow(new SiteVectors(byBrick), backbone.sites(), Arrow.Options.DEFAULT)) {
      assertRows(new double[][] {{0, 1}, {0, 1}}, Objects.requireNonNull(arrow.pass().get(value)).weights(normal(3, 2, value.in())), 0);
      assertTrue(rows(Objects.requireNonNull(arrow.pass().get(query)).weights(normal(3, 1, query.in())))[0][0] > 0);
    }
  }

  @Test
  void arrow_withoutVectorsOrOfAnotherBackbone_isRefused() {
    var none = new SiteVectors(new TreeMap<>());
    assertThrows(UsageException.class, () -> new Arrow(none, backbone.sites(), Arrow.Options.DEFAULT));
    var wrong = new SiteVectors(new TreeMap<>(Map.of("a", vectors(site("query"), new float[3]))));
    var refused = assertThrows(
        FailureException.class, () -> new Arrow(wrong, backbone.sites(), Arrow.Options.DEFAULT));
    assertTrue(String.valueOf(refused.getMessage()).contains("query"));
    assertThrows(UsageException.class, () -> new Arrow.Options(0, 1));
    assertThrows(UsageException.class, () -> new Arrow.Options(1, 0));
  }
}
