package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Site;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LoraTest {

  private static final int WIDTH = TinyBackbone.WIDTH;

  private TinyBackbone backbone;
  private Parameters parameters;
  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    backbone = TinyBackbone.frozen();
    parameters = new Parameters();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    parameters.close();
    backbone.close();
  }

  @Test
  void initialise_newBrick_changesNothing() {
    var lora = new Lora(new LoraOptions(3, 6, 0, "linear"), backbone);
    lora.initialise(parameters, CounterRandom.of(1));
    assertEquals(List.of(
        "base_model.model.block.0.linear.lora_A.weight", "base_model.model.block.0.linear.lora_B.weight",
        "base_model.model.block.1.linear.lora_A.weight", "base_model.model.block.1.linear.lora_B.weight"),
        parameters.names());
    assertEquals(lora.parameters(), parameters.size());
    assertEquals(2L * 3 * 2 * WIDTH, parameters.size());
    float[] output = normal(9, 4 * WIDTH);
    assertArrayEquals(output, applied(lora.adaptation(parameters.views()), 0, normal(8, 4 * WIDTH), output));
  }

  @Test
  void adaptation_trainedBrick_addsScaledBAx() {
    var lora = new Lora(new LoraOptions(3, 6, 0, "block\\.1\\.linear"), backbone);
    assertEquals(List.of(backbone.sites().get(1)), lora.sites());
    assertEquals(1, lora.lowestBlock());
    float[] a = normal(1, 3 * WIDTH);
    float[] b = normal(2, 3 * WIDTH);
    parameters.add("base_model.model.block.1.linear.lora_A.weight", a, 3, WIDTH);
    parameters.add("base_model.model.block.1.linear.lora_B.weight", b, WIDTH, 3);
    float[] input = normal(3, 4 * WIDTH);
    float[] output = normal(4, 4 * WIDTH);
    float[] adapted = applied(lora.adaptation(parameters.views()), 1, input, output);
    for (int row = 0; row < 4; row++) {
      for (int out = 0; out < WIDTH; out++) {
        double expected = output[row * WIDTH + out];
        for (int in = 0; in < WIDTH; in++) {
          double delta = 0;
          for (int r = 0; r < 3; r++) {
            delta += (double) b[out * 3 + r] * a[r * WIDTH + in];
          }
          expected += 6.0 / 3 * delta * input[row * WIDTH + in];
        }
        assertEquals(expected, adapted[row * WIDTH + out], 1e-4 * Math.max(1, Math.abs(expected)));
      }
    }
  }

  @Test
  void training_dropout_keepsItsShareScaledAndIsDecidedByNoisePartAndSite() {
    double dropout = 0.25;
    var lora = new Lora(new LoraOptions(WIDTH, WIDTH, dropout, "linear"), backbone);
    // A and B are the identity and the output 0, so that what comes out is the input after dropout.
    for (Site site : backbone.sites()) {
      parameters.add("base_model.model." + site.name() + ".lora_A.weight", identity(), WIDTH, WIDTH);
      parameters.add("base_model.model." + site.name() + ".lora_B.weight", identity(), WIDTH, WIDTH);
    }
    int size = 1000 * WIDTH;
    float[] ones = new float[size];
    Arrays.fill(ones, 1);
    float[] seen = applied(lora.training(parameters.views(), CounterRandom.of(5), 0), 0, ones, new float[size]);
    int kept = 0;
    for (float value : seen) {
      assertTrue(value == 0 || Math.abs(value - 1 / (1 - dropout)) < 1e-6, "value " + value);
      kept += value == 0 ? 0 : 1;
    }
    double deviation = Math.sqrt(size * dropout * (1 - dropout));
    assertEquals(size * (1 - dropout), kept, 5 * deviation);

    assertArrayEquals(
        seen, applied(lora.training(parameters.views(), CounterRandom.of(5), 0), 0, ones, new float[size]));
    assertFalse(Arrays.equals(
        seen, applied(lora.training(parameters.views(), CounterRandom.of(6), 0), 0, ones, new float[size])));
    assertFalse(Arrays.equals(
        seen, applied(lora.training(parameters.views(), CounterRandom.of(5), 1), 0, ones, new float[size])));
    assertFalse(Arrays.equals(
        seen, applied(lora.training(parameters.views(), CounterRandom.of(5), 0), 1, ones, new float[size])));
    assertArrayEquals(ones, applied(lora.adaptation(parameters.views()), 0, ones, new float[size]));
  }

  @Test
  void training_dropout_gradientGoesThroughWhatWasKept() {
    var lora = new Lora(new LoraOptions(WIDTH, WIDTH, 0.5, "linear"), backbone);
    for (Site site : backbone.sites()) {
      parameters.add("base_model.model." + site.name() + ".lora_A.weight", identity(), WIDTH, WIDTH);
      parameters.add("base_model.model." + site.name() + ".lora_B.weight", identity(), WIDTH, WIDTH);
    }
    float[] seen = new float[10 * WIDTH];
    float[] gradient;
    try (TensorScope training = TensorScope.training()) {
      Tensor input = torch.ones(10, WIDTH).set_requires_grad(true);
      Tensor output = Objects.requireNonNull(lora.training(parameters.views(), CounterRandom.of(5), 0).at(0))
          .apply(input, Tensors.zeros(10, WIDTH));
      output.sum().backward();
      gradient = Tensors.toFloats(input.grad());
      System.arraycopy(Tensors.toFloats(output.detach()), 0, seen, 0, seen.length);
    }
    assertArrayEquals(seen, gradient, 1e-6f);
  }

  @Test
  void sites_thatNothingMatches_areRefusedInOneLine() {
    var refused = assertThrows(
        UsageException.class, () -> new Lora(LoraOptions.DEFAULT, backbone));
    assertEquals("expected sites for a brick that the backbone has, and query|value matches none: it has sites such as"
        + " block.0.linear", refused.getMessage());
    assertThrows(UsageException.class, () -> new Lora(new LoraOptions(8, 16, 0, "(linear"), backbone));
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> new LoraOptions(0, 16, 0, "x"));
    assertThrows(UsageException.class, () -> new LoraOptions(1025, 16, 0, "x"));
    assertThrows(UsageException.class, () -> new LoraOptions(8, 0, 0, "x"));
    assertThrows(UsageException.class, () -> new LoraOptions(8, 16, 1, "x"));
    assertThrows(UsageException.class, () -> new LoraOptions(8, 16, Double.NaN, "x"));
  }

  private static float[] applied(Adaptation adaptation, int site, float[] input, float[] output) {
    return Tensors.toFloats(Objects.requireNonNull(adaptation.at(site)).apply(
        Tensors.floats(input, input.length / WIDTH, WIDTH), Tensors.floats(output, output.length / WIDTH, WIDTH)));
  }

  private static float[] identity() {
    float[] identity = new float[WIDTH * WIDTH];
    for (int i = 0; i < WIDTH; i++) {
      identity[i * WIDTH + i] = 1;
    }
    return identity;
  }

  private static float[] normal(int use, int size) {
    var random = CounterRandom.of(31, use);
    float[] values = new float[size];
    for (int i = 0; i < size; i++) {
      values[i] = (float) random.gaussian(i);
    }
    return values;
  }
}
