package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

final class PhatgooseTest extends RouteFixture {

  private static double[] normalised(double[] values) {
    double mean = 0;
    for (double value : values) {
      mean += value / values.length;
    }
    double variance = 0;
    for (double value : values) {
      variance += (value - mean) * (value - mean) / values.length;
    }
    double[] normal = new double[values.length];
    for (int i = 0; i < normal.length; i++) {
      normal[i] = (values[i] - mean) / Math.sqrt(variance + 1e-5);
    }
    return normal;
  }

  @Test
  void weights_fiveGates_areThoseOfPlainJava() {
    Site site = site("output.dense");
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    for (int brick = 0; brick < 5; brick++) {
      byBrick.put("b" + brick, vectors(site, normals(20 + brick, site.in())));
    }
    byBrick.put("elsewhere", vectors(site("query"), normals(30, site("query").in())));
    Tensor inputs = normal(1, 4, site.in());
    double[][] x = rows(inputs);
    double[][] expected = new double[4][];
    for (int row = 0; row < 4; row++) {
      double[] logits = new double[6];
      for (int brick = 0; brick < 5; brick++) {
        double[] gate = normalised(doubles(Objects.requireNonNull(Objects.requireNonNull(byBrick.get("b" + brick)).get(site.name()))));
        logits[brick] = dot(normalised(x[row]), gate) / Math.sqrt(site.in());
      }
      logits[5] = Double.NEGATIVE_INFINITY;
      expected[row] = softmaxOfBest(logits, 2);
    }
    try (var router = new Phatgoose(new SiteVectors(byBrick), backbone.sites(), Phatgoose.Options.DEFAULT)) {
      assertRows(expected, Objects.requireNonNull(router.pass().get(site)).weights(inputs), 1e-5);
    }
  }

  @Test
  void gated_anyGate_scalesWhatTheBrickAddsByItsSigmoid() {
    var expert = expert("lora", 2, "query", 1);
    Site site = site("query");
    Tensor input = normal(1, 3, site.in());
    Tensor output = normal(2, 3, site.out());
    float[] gate = normals(3, site.in());
    double[][] full = rows(Objects.requireNonNull(expert.brick().adaptation(expert.tensors()).at(site.index())).apply(input, output));
    double[][] plain = rows(output);
    double[][] expected = new double[3][site.out()];
    for (int row = 0; row < 3; row++) {
      double open = 1 / (1 + Math.exp(-dot(rows(input)[row], doubles(gate))));
      for (int i = 0; i < site.out(); i++) {
        expected[row][i] = plain[row][i] + open * (full[row][i] - plain[row][i]);
      }
    }
    var gates = new HashMap<String, Tensor>();
    expert.brick().sites().forEach(each -> gates.put(each.name(), Tensors.floats(gate, site.in())));
    assertRows(expected,
        Objects.requireNonNull(Phatgoose.gated(expert.brick(), expert.tensors(), gates).at(site.index())).apply(input, output), 1e-5);
    assertEquals(expert.brick().sites().size(), gates.size());
    gates.clear();
    assertThrows(IllegalArgumentException.class, () -> Phatgoose.gated(expert.brick(), expert.tensors(), gates));
    assertThrows(UsageException.class, () -> new Phatgoose.Options(0));
  }
}
