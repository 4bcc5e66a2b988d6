package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ImageBackboneTest {

  static List<Input> images(ImageShape shape, int count) {
    var images = new ArrayList<Input>();
    for (int i = 0; i < count; i++) {
      byte[] samples = new byte[(int) shape.samples()];
      var random = CounterRandom.of(3, i);
      for (int j = 0; j < samples.length; j++) {
        samples[j] = (byte) random.below(j, 256);
      }
      images.add(new Input.Image(shape.channels(), shape.height(), shape.width(), samples));
    }
    return images;
  }

  private static Backbone backbone(String name, ImageShape shape, long seed) {
    return Backbones.forImages(name, shape.channels(), shape.height(), shape.width(), seed);
  }

  private static Map<String, float[]> weights(Parameters parameters) {
    var weights = new LinkedHashMap<String, float[]>();
    try (TensorScope scope = TensorScope.inference()) {
      parameters.views().forEach((name, view) -> weights.put(name, Tensors.toFloats(view)));
    }
    return weights;
  }

  @ParameterizedTest
  @CsvSource({"mlp, 1, 4, 3", "mlp, 3, 2, 2", "convnet, 1, 1, 1", "convnet, 1, 9, 5", "convnet, 2, 8, 8",
      "convnet, 3, 6, 7"})
  void features_ofAnyShape_areThoseOfThePlainLoops(String name, int channels, int height, int width) {
    var shape = new ImageShape(channels, height, width);
    List<Input> inputs = images(shape, 3);
    try (Backbone backbone = backbone(name, shape, 5);
        Parameters parameters = new Parameters();
        TensorScope scope = TensorScope.inference()) {
      backbone.initialise(parameters);
      Map<String, float[]> weights = weights(parameters);
      Pass pass = backbone.pass(backbone.prepare(inputs));
      float[] features =
          Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE)));
      float[] trained = Tensors.toFloats(pass.pool(pass.advance(
          pass.start(), 0, backbone.blocks(), Adaptation.ofWeights(parameters.views()))));
      for (int row = 0; row < 3; row++) {
        double[] expected = PlainImageNetwork.features((Input.Image) inputs.get(row), weights, Map.of());
        assertEquals(backbone.width(), expected.length);
        for (int i = 0; i < expected.length; i++) {
          assertEquals(expected[i], features[row * expected.length + i], 1e-5);
          assertEquals(expected[i], trained[row * expected.length + i], 1e-5);
        }
      }
    }
  }

  /** The derivative of a weighted sum of features along every sampled weight, against that of the loops in float64. */
  @ParameterizedTest
  @ValueSource(strings = {"mlp", "convnet"})
  void gradient_ofEveryParameter_isTheFiniteDifference(String name) {
    var shape = new ImageShape(2, 5, 6);
    List<Input> inputs = images(shape, 2);
    try (Backbone backbone = backbone(name, shape, 11);
        Parameters parameters = new Parameters();
        TensorOwner owner = new TensorOwner();
        TensorScope scope = TensorScope.training()) {
      backbone.initialise(parameters);
      Map<String, float[]> weights = weights(parameters);
      int width = backbone.width();
      float[] mix = new float[2 * width];
      for (int i = 0; i < mix.length; i++) {
        mix[i] = (float) CounterRandom.of(1).gaussian(i);
      }
      Map<String, Tensor> leaves = parameters.leaves(Tensors.zeros(parameters.size()), owner);
      Pass pass = backbone.pass(backbone.prepare(inputs));
      Tensor features = pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.ofWeights(leaves)));
      features.mul(Tensors.floats(mix, 2, width)).sum().backward();
      leaves.forEach((parameter, leaf) -> {
        float[] gradient = Tensors.toFloats(leaf.grad());
        var random = CounterRandom.of(2, parameter.hashCode());
        double largest = 0;
        for (int sample = 0; sample < 40; sample++) {
          int index = random.below(sample, gradient.length);
          double step = 1e-6;
          double up = mixed(inputs, weights, Map.of(parameter, new double[] {index, step}), mix);
          double down = mixed(inputs, weights, Map.of(parameter, new double[] {index, -step}), mix);
          double expected = (up - down) / (2 * step);
          double tolerance = 1e-4 * Math.max(1, Math.abs(expected));
          assertEquals(expected, gradient[index], tolerance, parameter + "[" + index + "]");
          largest = Math.max(largest, Math.abs(expected));
        }
        assertTrue(largest > 0, "no sampled weight of " + parameter + " has a gradient");
      });
    }
  }

  @Test
  void trainedPass_mlp_hasTheFeaturesAndGradientsThatRecordingGives() {
    var shape = new ImageShape(1, 9, 7);
    List<Input> inputs = images(shape, 5);
    try (Backbone backbone = backbone("mlp", shape, 11);
        Parameters parameters = new Parameters();
        TensorOwner owner = new TensorOwner();
        TensorScope scope = TensorScope.training()) {
      backbone.initialise(parameters);
      Tensor recorded = Tensors.zeros(parameters.size());
      Map<String, Tensor> leaves = parameters.leaves(recorded, owner);
      Pass pass = backbone.pass(backbone.prepare(inputs));
      Tensor features = pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.ofWeights(leaves)));
      Tensor mix = Tensors.gaussians(CounterRandom.of(1), 0, 5L * backbone.width()).view(5, backbone.width());
      features.mul(mix).sum().backward();
      try (TensorScope without = TensorScope.inference()) {
        TrainedPass own = Objects.requireNonNull(backbone.trainedPass(backbone.prepare(inputs), parameters.views()));
        Tensor computed = Tensors.zeros(parameters.size()).add_(new Scalar(1));
        own.addGradients(mix, parameters.views(computed));
        assertArrayEquals(Tensors.toFloats(features), Tensors.toFloats(own.features()), 1e-6f);
        assertArrayEquals(Tensors.toFloats(recorded), Tensors.toFloats(computed.sub_(new Scalar(1))), 1e-5f);
        assertTrue(recorded.abs().max().item_double() > 0.1);
      }
    }
  }

  @Test
  void trainedPass_convnet_isNone() {
    var shape = new ImageShape(1, 9, 7);
    try (Backbone backbone = backbone("convnet", shape, 11); TensorScope scope = TensorScope.inference()) {
      assertNull(backbone.trainedPass(backbone.prepare(images(shape, 1)), Map.of()));
    }
  }

  /** The sum of all features, each times its number in {@code mix}. */
  private static double mixed(
      List<Input> inputs, Map<String, float[]> weights, Map<String, double[]> nudged, float[] mix) {
    double sum = 0;
    int next = 0;
    for (Input input : inputs) {
      for (double feature : PlainImageNetwork.features((Input.Image) input, weights, nudged)) {
        sum += feature * mix[next++];
      }
    }
    return sum;
  }

  /** Uniform in ±1/√fan-in: all within, the largest near the bound, mean and variance those of that distribution. */
  @Test
  void initialise_drawsAsTorchDoes_byDefault() {
    try (Backbone backbone = backbone("convnet", new ImageShape(3, 32, 32), 1);
        Parameters parameters = new Parameters()) {
      backbone.initialise(parameters);
      assertEquals(List.of("conv.0.weight", "conv.0.bias", "conv.1.weight", "conv.1.bias", "conv.2.weight",
          "conv.2.bias", "linear.0.weight", "linear.0.bias"), parameters.names());
      double[] fanIns = {27, 27, 144, 144, 288, 288, 1024, 1024};
      int layer = 0;
      for (float[] values : weights(parameters).values()) {
        double bound = 1 / Math.sqrt(fanIns[layer++]);
        double sum = 0;
        double squares = 0;
        double largest = 0;
        for (float value : values) {
          sum += value;
          squares += (double) value * value;
          largest = Math.max(largest, Math.abs(value));
        }
        double deviation = bound / Math.sqrt(3);
        double least = values.length > 100 ? 0.95 : 0.6;
        assertTrue(largest <= bound && largest > least * bound, "largest " + largest + " of bound " + bound);
        assertEquals(0, sum / values.length, 4 * deviation / Math.sqrt(values.length));
        assertEquals(1, squares / values.length / (deviation * deviation), 4 / Math.sqrt(values.length));
      }
    }
  }

  @Test
  void digest_ofAnotherSeedShapeOrNetwork_differs() {
    var shape = new ImageShape(1, 8, 8);
    try (Backbone first = backbone("convnet", shape, 1);
        Backbone seed = backbone("convnet", shape, 2);
        // The same weights, as 7 and 8 are both halved to 4.
        Backbone narrower = backbone("convnet", new ImageShape(1, 8, 7), 1);
        Backbone network = backbone("mlp", shape, 1)) {
      assertNotEquals(first.digest(), seed.digest());
      assertNotEquals(first.digest(), narrower.digest());
      assertNotEquals(first.digest(), network.digest());
    }
  }

  @Test
  void prepare_imagesOfAnotherShape_isAUsageError() {
    try (Backbone backbone = backbone("mlp", new ImageShape(1, 8, 6), 1)) {
      List<Input> turned = images(new ImageShape(1, 6, 8), 1);
      String message = Refusal.message(UsageException.class, () -> backbone.prepare(turned));
      assertTrue(message.contains("1x8x6") && message.contains("1x6x8"), message);
    }
  }

  @Test
  void forImages_hugeImages_isAUsageError() {
    for (String name : List.of("mlp", "convnet")) {
      var shape = new ImageShape(1, Integer.MAX_VALUE, Integer.MAX_VALUE);
      String message =
          Refusal.message(UsageException.class, () -> backbone(name, shape, 1));
      assertTrue(message.contains("scale them down"), message);
    }
  }
}
