package dev.perennial.backbone;

import dev.perennial.tensor.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The addition of a product of two thin matrices: {@code output + scale * up (down input)}.
 *
 * <p>A function of its own, so that rows of one batch that have different ones are computed in one batched product.
 *
 * @param down {@code [rank, in]}
 * @param up {@code [out, rank]}
 * @param scale of the product
 */
public record LowRank(Tensor down, Tensor up, double scale) implements SiteFunction {

  @Override
  public Tensor apply(Tensor input, Tensor output) {
    return add(output, input);
  }

  /** The same with other numbers, such as those that dropout left, in the place of the site's input. */
  public Tensor add(Tensor output, Tensor seen) {
    Tensor low = torch.mm(seen, Device.beside(seen, down).t());
    return torch.addmm(output, low, Device.beside(seen, up).t(), new Scalar(1.0), new Scalar(scale));
  }

  int rank() {
    return (int) down.size(0);
  }
}
