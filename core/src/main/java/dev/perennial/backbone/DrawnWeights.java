package dev.perennial.backbone;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A weight and a bias of a layer that is trained from scratch, as they are drawn before.
 *
 * <p>Both are uniform in ±1/√(fan-in), where the fan-in is what one output is a sum of: Kaiming uniform initialisation
 * (arXiv 1502.01852) with the slope √5 that PyTorch's Linear and Conv2d take by default.
 *
 * @param name what the names of both begin with
 * @param weight {@code [out, ...]}
 * @param bias {@code [out]}
 */
record DrawnWeights(String name, Tensor weight, Tensor bias) {

  /** Draws them: the weight from the numbers 0 .. of {@code random}, the bias from those that follow. */
  static DrawnWeights draw(String name, CounterRandom random, TensorOwner owner, long... shape) {
    long fanIn = 1;
    for (int i = 1; i < shape.length; i++) {
      fanIn *= shape[i];
    }
    int numbers = Math.toIntExact(shape[0] * fanIn);
    double bound = 1 / Math.sqrt(fanIn);
    try (TensorScope scope = TensorScope.inference()) {
      Tensor weight = owner.keep(Tensors.floats(uniform(random, 0, numbers, bound), shape));
      Tensor bias = owner.keep(Tensors.floats(uniform(random, numbers, (int) shape[0], bound), shape[0]));
      return new DrawnWeights(name, weight, bias);
    }
  }

  private static float[] uniform(CounterRandom random, long first, int length, double bound) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) ((2 * random.uniform(first + i) - 1) * bound);
    }
    return values;
  }

  String weightName() {
    return name + ".weight";
  }

  String biasName() {
    return name + ".bias";
  }

  /** The weight in use, where the input is. */
  Tensor weight(Adaptation adaptation, Tensor input) {
    return Device.beside(input, adaptation.weight(weightName(), weight));
  }

  /** The bias in use, where the input is. */
  Tensor bias(Adaptation adaptation, Tensor input) {
    return Device.beside(input, adaptation.weight(biasName(), bias));
  }

  void addTo(Parameters parameters) {
    try (TensorScope scope = TensorScope.inference()) {
      parameters.add(weightName(), Tensors.toFloats(weight), weight.shape());
      parameters.add(biasName(), Tensors.toFloats(bias), bias.shape());
    }
  }

  void addTo(Map<String, Tensor> tensors) {
    tensors.put(weightName(), weight);
    tensors.put(biasName(), bias);
  }
}
