package dev.perennial.learn.growth;

import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.Device;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 *   y' = y + scale * U ((D x) * g)
 * D and U the thin matrices of all bricks under and beside one another, g what each row of the batch gives each rank of them.
 * One product of all bricks, and not one for each.
 */
/**
 * Low-rank bricks that act on each row of a batch by as much as its gates say.
 *
 * @param down {@code [ranks, in]}
 * @param up {@code [out, ranks]}
 * @param gates {@code [rows, ranks]}; every row has equally many tokens, which lie one after another
 * @param scale of the product
 */
record Gated(Tensor down, Tensor up, Tensor gates, double scale) implements SiteFunction {

  @Override
  public Tensor apply(Tensor input, Tensor output) {
    long rows = gates.size(0);
    long ranks = down.size(0);
    Tensor low = torch.mm(input, Device.beside(input, down).t());
    Tensor let = low.view(rows, -1, ranks).mul(Device.beside(input, gates).unsqueeze(1)).view(-1, ranks);
    return torch.addmm(output, let, Device.beside(input, up).t(), new Scalar(1.0), new Scalar(scale));
  }
}
