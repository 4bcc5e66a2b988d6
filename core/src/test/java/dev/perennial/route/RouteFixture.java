package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** Bricks on the tiny encoder whose parameters are normal numbers, and plain Java to compare with. */
abstract class RouteFixture {

  Backbone backbone;
  final TensorOwner owner = new TensorOwner();
  private TensorScope scope;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    owner.close();
    backbone.close();
  }

  Mixture.Expert expert(String kind, int rank, String sites, int seed) {
    Brick brick = new BrickOptions(kind, new LoraOptions(rank, 3, 0, sites)).on(backbone);
    var tensors = new LinkedHashMap<String, Tensor>();
    try (var parameters = new Parameters()) {
      brick.initialise(parameters, CounterRandom.of(seed));
      Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(seed, 9), 0, parameters.size()), 0.5);
      parameters.views().forEach((name, view) -> tensors.put(name, owner.keep(view.clone())));
    }
    return new Mixture.Expert(brick, tensors);
  }

  Site site(String ending) {
    return backbone.sites().stream().filter(site -> site.name().endsWith(ending)).findFirst().orElseThrow();
  }

  static Tensor normal(int use, long rows, long columns) {
    return Tensors.gaussians(CounterRandom.of(3, use), 0, rows * columns).view(rows, columns);
  }

  static float[] normals(int use, int length) {
    return Tensors.toFloats(normal(use, 1, length));
  }

  /** Rows of a matrix as float64. */
  static double[][] rows(Tensor matrix) {
    double[] flat = Tensors.toDoubles(matrix);
    int width = (int) matrix.size(1);
    double[][] rows = new double[(int) matrix.size(0)][width];
    for (int i = 0; i < flat.length; i++) {
      rows[i / width][i % width] = flat[i];
    }
    return rows;
  }

  static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  static double[] doubles(float[] values) {
    double[] wide = new double[values.length];
    for (int i = 0; i < wide.length; i++) {
      wide[i] = values[i];
    }
    return wide;
  }

  /** Softmax over the {@code top} largest, which are found by counting larger ones. */
  static double[] softmaxOfBest(double[] logits, int top) {
    double[] weights = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < logits.length; i++) {
      int larger = 0;
      for (double other : logits) {
        larger += other > logits[i] ? 1 : 0;
      }
      weights[i] = larger < top ? Math.exp(logits[i]) : 0;
      sum += weights[i];
    }
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= sum;
    }
    return weights;
  }

  static void assertRows(double[][] expected, Tensor actual, double tolerance) {
    double[][] found = rows(actual);
    assertEquals(expected.length, found.length);
    for (int row = 0; row < found.length; row++) {
      assertEquals(expected[row].length, found[row].length);
      for (int i = 0; i < found[row].length; i++) {
        assertEquals(expected[row][i], found[row][i], tolerance, "row " + row + ", column " + i);
      }
    }
  }

  static Map<String, float[]> vectors(Site site, float[] vector) {
    return Map.of(site.name(), vector);
  }
}
