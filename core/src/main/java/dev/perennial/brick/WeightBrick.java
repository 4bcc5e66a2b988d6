package dev.perennial.brick;

import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.Device;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** A brick that adds a matrix to the weight of each of its sites: {@code y = W x + b + D x}. */
abstract class WeightBrick extends SiteBrick {

  WeightBrick(String kind, List<Site> sites, double dropout) {
    super(kind, sites, dropout);
  }

  /** D at a site, {@code [out, in]}, with gradients. */
  abstract Tensor weight(Site site, Map<String, Tensor> tensors);

  @Override
  SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
    Tensor weight = weight(site, tensors);
    return (input, output) -> torch.addmm(output, drop.of(site, input), Device.beside(input, weight).t());
  }

  @Override
  public Delta delta(Site site, Map<String, Tensor> tensors) {
    return new Delta(weight(site, tensors), null);
  }
}
