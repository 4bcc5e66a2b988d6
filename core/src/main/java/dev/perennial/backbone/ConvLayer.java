package dev.perennial.backbone;

import dev.perennial.tensor.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A 3x3 convolution with a border of zeros, then ReLU, then the largest of every 2x2, the last row and column by
 * themselves where their number is odd.
 *
 * @param in the shape of what it is given
 */
record ConvLayer(DrawnWeights weights, ImageShape in) implements ImageLayer {

  static final int SIZE = 3;

  /** After the layer's name: a 3x3 kernel for each channel, {@code [channels, 1, 3, 3]}, that acts before ReLU. */
  private static final String CHANNELS = ".channels";

  /** The shape of what it gives. */
  ImageShape outShape() {
    return new ImageShape((int) weights.bias().numel(), Math.ceilDiv(in.height(), 2), Math.ceilDiv(in.width(), 2));
  }

  @Override
  public int out() {
    return Math.toIntExact(outShape().samples());
  }

  @Override
  public Tensor forward(Tensor input, Adaptation adaptation) {
    Tensor images = input.view(-1, in.channels(), in.height(), in.width());
    Tensor convolved = torch.conv2d(images, weights.weight(adaptation, input), new TensorOptional(weights.bias(adaptation, input)),
        new long[] {1, 1}, new long[] {1, 1}, new long[] {1, 1}, 1);
    Tensor channels = adaptation.weights().get(weights.name() + CHANNELS);
    if (channels != null) {
      convolved = torch.conv2d(convolved, Device.beside(input, channels), new TensorOptional(), new long[] {1, 1},
          new long[] {1, 1}, new long[] {1, 1}, convolved.size(1));
    }
    Tensor pooled = torch.max_pool2d(torch.relu(convolved), new long[] {2, 2}, new long[] {2, 2}, new long[] {0, 0},
        new long[] {1, 1}, true);
    return pooled.reshape(-1, out());
  }
}
