package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.route.Phatgoose;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class GateLearningTest {

  private static final List<String> TEXTS = List.of("a b", "c d", "e");
  private static final List<Example> EXAMPLES =
      List.of(Example.of("a b", "x"), Example.of("c d", "y"), Example.of("e", "x"));

  private Backbone backbone;
  private SavedBrick saved;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    var options = new BrickOptions("lora", new LoraOptions(2, 4, 0, "query|output.dense"));
    var tensors = new HashMap<String, TensorData>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      options.on(backbone).initialise(parameters, CounterRandom.of(1));
      Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(2), 0, parameters.size()), 0.5);
      parameters.views().forEach(
          (name, view) -> tensors.put(name, TensorData.of(Tensors.toFloats(view), view.shape())));
      saved = SavedBrick.of(options, tensors, Map.of(), new SavedBrick.Head("linear-head", List.of("x", "y"),
          TensorData.of(Tensors.toFloats(Tensors.gaussians(CounterRandom.of(3), 0, 16)), 2, 8),
          TensorData.of(new float[] {0.1f, -0.1f}, 2)), Provenance.of("", 0, "test", "", backbone));
    }
  }

  @AfterEach
  void close() {
    backbone.close();
  }

  private double loss(Map<String, float[]> gates) {
    try (TensorScope scope = TensorScope.inference()) {
      Brick brick = saved.on(backbone);
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      var leaves = new HashMap<String, Tensor>();
      gates.forEach((site, gate) -> leaves.put(site, Tensors.floats(gate, gate.length)));
      Pass pass = backbone.pass(backbone.prepare(TEXTS.stream().map(Input.Text::new).toList()));
      Tensor features = pass.pool(
          pass.advance(pass.start(), 0, backbone.blocks(), Phatgoose.gated(brick, tensors, leaves)));
      SavedBrick.Head head = saved.head().orElseThrow();
      double[] logs = Tensors.toDoubles(torch.log_softmax(
          torch.mm(features, Tensors.copyOf(head.weight()).t()).add(Tensors.floats(new float[] {0.1f, -0.1f}, 2)), 1));
      return -(logs[0] + logs[3] + logs[4]) / 3;
    }
  }

  @Test
  void learn_oneStep_goesAgainstTheGradientByTheFirstRate() {
    Map<String, float[]> gates = new GateLearning(backbone, saved).learn(EXAMPLES, 1, done -> { });
    assertEquals(saved.on(backbone).sites().size(), gates.size());
    int seen = 0;
    for (var site : saved.on(backbone).sites()) {
      float[] gate = gates.get(site.name());
      for (int i = 0; i < Objects.requireNonNull(gate).length; i++) {
        var up = zeros();
        var down = zeros();
        Objects.requireNonNull(up.get(site.name()))[i] = 0.05f;
        Objects.requireNonNull(down.get(site.name()))[i] = -0.05f;
        double slope = (loss(up) - loss(down)) / 0.1;
        if (Math.abs(slope) > 1e-3) {
          // The first step of Adam is as long as the rate, whatever the gradient's length.
          assertEquals(-Math.signum(slope) * 5e-3 / 6, gate[i], 1e-6, site.name() + " " + i);
          seen++;
        }
      }
    }
    assertTrue(seen > 10, "only " + seen + " slopes are steep enough");
  }

  private Map<String, float[]> zeros() {
    var zeros = new HashMap<String, float[]>();
    saved.on(backbone).sites().forEach(site -> zeros.put(site.name(), new float[site.in()]));
    return zeros;
  }

  @Test
  void learn_manySteps_lowersTheLossAndIsTheSameAgain() {
    Map<String, float[]> gates = new GateLearning(backbone, saved).learn(EXAMPLES, 60, done -> { });
    assertTrue(loss(gates) < loss(zeros()) - 1e-3, loss(zeros()) + " became " + loss(gates));
    Map<String, float[]> again = new GateLearning(backbone, saved).learn(EXAMPLES, 60, done -> { });
    gates.forEach((site, gate) -> assertArrayEquals(gate, again.get(site)));
  }

  @Test
  void learn_withoutHeadOrOfUnknownClass_isRefused() {
    assertThrows(UsageException.class, () -> new GateLearning(backbone, saved.withoutHead()));
    var learning = new GateLearning(backbone, saved);
    assertThrows(UsageException.class, () -> learning.learn(List.of(Example.of("a", "z")), 1, done -> { }));
  }
}
