package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

/** Top-p and recurrent routing against plain Java. */
final class LearnedRoutersTest extends RouteFixture {

  private static TopP topP(double p) {
    return new TopP(Map.of(), new TopP.Options(p, 0.3, 0.7));
  }

  @Test
  void kept_probabilities_areShortestBeginningThatExceedsP() {
    Tensor probabilities = Tensors.floats(new float[] {0.1f, 0.5f, 0.25f, 0.15f, 0.25f, 0.25f, 0.25f, 0.25f}, 2, 4);
    assertRows(new double[][] {{0, 0.5, 0, 0}, {0.25, 0.25, 0, 0}}, topP(0.4).kept(probabilities), 1e-6);
    // A sum that only reaches p does not exceed it: one more is taken.
    double[][] half = rows(topP(0.5).kept(probabilities));
    assertArray(new double[] {0, 0.5, 0.25, 0}, half[0]);
    assertEquals(0.75, Arrays.stream(half[1]).sum(), 1e-6);
    assertRows(rows(probabilities), topP(1).kept(probabilities), 0);
    assertRows(rows(probabilities), topP(2).kept(probabilities), 0);
  }

  private static void assertArray(double[] expected, double[] found) {
    for (int i = 0; i < expected.length; i++) {
      assertEquals(expected[i], found[i], 1e-6);
    }
  }

  @Test
  void topP_atSite_isSoftmaxOfGateCutOff() {
    Site site = site("query");
    Tensor gate = normal(1, 5, site.in());
    Tensor inputs = normal(2, 4, site.in());
    var router = new TopP(Map.of(site, gate), TopP.Options.DEFAULT);
    assertEquals(List.of(site), router.sites());
    double[][] found = rows(Objects.requireNonNull(router.pass().get(site)).weights(inputs));
    for (int row = 0; row < 4; row++) {
      double[] logits = new double[5];
      for (int brick = 0; brick < 5; brick++) {
        logits[brick] = dot(rows(inputs)[row], rows(gate)[brick]);
      }
      double[] all = softmaxOfBest(logits, 5);
      double sum = 0;
      int count = 0;
      double[] sorted = Arrays.stream(all).sorted().toArray();
      while (sum <= 0.4) {
        sum += sorted[4 - count++];
      }
      for (int brick = 0; brick < 5; brick++) {
        assertEquals(all[brick] >= sorted[5 - count] ? all[brick] : 0, found[row][brick], 1e-5);
      }
    }
    assertThrows(IllegalArgumentException.class, () -> new TopP(Map.of(site, normal(1, 5, 3)), TopP.Options.DEFAULT));
    assertThrows(UsageException.class, () -> new TopP.Options(0, 0, 0));
  }

  @Test
  void loss_twoTokens_isEntropyAndBalance() {
    double[][] p = {{0.1, 0.5, 0.25, 0.15}, {0.7, 0.1, 0.1, 0.1}};
    double entropy = 0;
    for (double[] row : p) {
      for (double value : row) {
        entropy -= value * Math.log(value) / 2;
      }
    }
    // The first token keeps brick 1, the second brick 0.
    double balance = 4 * (0.5 * (0.1 + 0.7) / 2 + 0.5 * (0.5 + 0.1) / 2);
    Tensor tensor = Tensors.floats(new float[] {0.1f, 0.5f, 0.25f, 0.15f, 0.7f, 0.1f, 0.1f, 0.1f}, 2, 4);
    assertEquals(0.3 * entropy + 0.7 * balance, topP(0.4).loss(tensor).item_double(), 1e-5);
  }

  @Test
  void recurrent_threeSites_isPlainJavaCell() {
    List<Site> sites = backbone.sites().stream().filter(site -> site.name().matches(".*(query|output.dense)")).limit(3)
        .toList();
    var options = new Recurrent.Options(5, 2);
    try (var parameters = new Parameters()) {
      Recurrent.initialise(options, sites, 4, parameters, CounterRandom.of(1));
      parameters.values().mul_(new Scalar(3));
      Map<String, Tensor> tensors = parameters.views();
      var router = new Recurrent(options, sites, tensors);
      for (int again = 0; again < 2; again++) {
        Map<Site, Router> pass = router.pass();
        double[][] hidden = new double[3][5];
        for (int i = 0; i < sites.size(); i++) {
          Site site = sites.get(i);
          Tensor inputs = normal(10 + i, 3, site.in());
          double[][] expected = new double[3][];
          for (int row = 0; row < 3; row++) {
            hidden[row] = cell(tensors, times(Objects.requireNonNull(tensors.get(Recurrent.nameOfProjection(site))), rows(inputs)[row]), hidden[row]);
            expected[row] = softmaxOfBest(times(Objects.requireNonNull(tensors.get(Recurrent.nameOfGate(site))), hidden[row]), 2);
          }
          assertRows(expected, Objects.requireNonNull(pass.get(site)).weights(inputs), 1e-5);
        }
      }
      Router last = router.pass().get(sites.get(2));
      assertThrows(IllegalStateException.class, () -> Objects.requireNonNull(last).weights(normal(1, 3, sites.get(2).in())));
    }
  }

  private static double[] times(Tensor matrix, double[] vector) {
    return Arrays.stream(rows(matrix)).mapToDouble(row -> dot(row, vector)).toArray();
  }

  private static double[] cell(Map<String, Tensor> tensors, double[] input, double[] hidden) {
    double[] fromInput = times(Objects.requireNonNull(tensors.get("cell.weight_ih")), input);
    double[] fromHidden = times(Objects.requireNonNull(tensors.get("cell.weight_hh")), hidden);
    double[] biasInput = Tensors.toDoubles(Objects.requireNonNull(tensors.get("cell.bias_ih")));
    double[] biasHidden = Tensors.toDoubles(Objects.requireNonNull(tensors.get("cell.bias_hh")));
    int width = hidden.length;
    double[] next = new double[width];
    for (int i = 0; i < width; i++) {
      double r = sigmoid(fromInput[i] + biasInput[i] + fromHidden[i] + biasHidden[i]);
      int second = width + i;
      double z = sigmoid(fromInput[second] + biasInput[second] + fromHidden[second] + biasHidden[second]);
      int third = 2 * width + i;
      double n = Math.tanh(fromInput[third] + biasInput[third] + r * (fromHidden[third] + biasHidden[third]));
      next[i] = (1 - z) * n + z * hidden[i];
    }
    return next;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void topP_gradient_isThatOfFiniteDifferences() {
    Site site = site("query");
    Tensor inputs = normal(2, 3, site.in());
    Tensor wanted = normal(4, 3, 4);
    Tensor gate = normal(1, 4, site.in());
    float[] gradient;
    try (TensorScope scope = TensorScope.training()) {
      Tensor leaf = gate.detach().set_requires_grad(true);
      value(site, leaf, inputs, wanted).backward();
      gradient = Tensors.toFloats(leaf.grad());
    }
    float[] values = Tensors.toFloats(gate);
    for (int i = 0; i < values.length; i += 5) {
      double[] sides = new double[2];
      for (int side = 0; side < 2; side++) {
        float[] moved = values.clone();
        moved[i] += side == 0 ? -1e-2f : 1e-2f;
        sides[side] = value(site, Tensors.floats(moved, 4, site.in()), inputs, wanted).item_double();
      }
      assertEquals((sides[1] - sides[0]) / 2e-2, gradient[i], 2e-3);
    }
  }

  private static Tensor value(Site site, Tensor gate, Tensor inputs, Tensor wanted) {
    var router = new TopP(Map.of(site, gate), new TopP.Options(0.9, 0.1, 0));
    return torch.add(Objects.requireNonNull(router.pass().get(site)).weights(inputs).mul(wanted).sum(), router.loss(router.probabilities(site, inputs)));
  }
}
