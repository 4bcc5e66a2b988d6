package dev.perennial.brick;

import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** What a brick reads of its input in training: {@code x * mask / (1 - p)}, each number of the mask 1 with 1 - p. */
@FunctionalInterface
interface Dropout {

  /** All of it. */
  Dropout NONE = (site, input) -> input;

  /** What is left of the input of a site. */
  Tensor of(Site site, Tensor input);

  /**
   * Dropout of a share, the same for the same noise, part and site.
   *
   * @param share 0 to below 1; 0 drops nothing
   */
  static Dropout of(double share, CounterRandom noise, int part) {
    if (share == 0) {
      return NONE;
    }
    double kept = 1 - share;
    return (site, input) -> {
      long seed = noise.at((long) part << Integer.SIZE | site.index());
      Tensor mask = Tensors.zeros(input.shape()).bernoulli(kept, new GeneratorOptional(torch.make_generator_cpu(seed)));
      return input.mul(Device.beside(input, mask.div_(new Scalar(kept))));
    };
  }
}
