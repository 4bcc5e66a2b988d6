package dev.perennial.backbone;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** A linear layer, then ReLU: {@code max(0, W x + b)}. */
record DenseLayer(DrawnWeights weights) implements ImageLayer {

  @Override
  public int out() {
    return (int) weights.bias().numel();
  }

  @Override
  public Tensor forward(Tensor input, Adaptation adaptation) {
    return torch.relu(
        torch.linear(input, weights.weight(adaptation, input), new TensorOptional(weights.bias(adaptation, input))));
  }
}
