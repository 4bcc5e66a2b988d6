package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FrozenMap;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LoRA that learns the length of every row of a weight apart from its direction.
 *
 * <p>Source: DoRA: Weight-Decomposed Low-Rank Adaptation (arXiv 2402.09353). With {@code V = W + scale B A}:
 *
 * <pre>
 *   y = (m / |V|) V x + b        |V| the length of each row, taken as a constant by gradients; m begins as |W|
 * </pre>
 *
 * <p>Settings are those of {@link Lora}. Where other bricks act before it at a site, what they added is stretched too.
 */
public final class Dora implements BrickKind<Lora.Settings> {

  @Override
  public String name() {
    return "dora";
  }

  @Override
  public Lora.Settings defaults() {
    return Lora.Settings.DEFAULT;
  }

  @Override
  public Brick brick(LoraOptions shape, Lora.Settings settings, Backbone backbone) {
    return new OnSites(new Lora(name(), shape, settings, backbone), shape.dropout(), backbone);
  }

  /** The name of the lengths of a site. */
  static String nameOfLengths(Site site) {
    return SiteBrick.name(site, "lora_magnitude_vector");
  }

  private static final class OnSites extends SiteBrick {

    private final Lora lora;
    private final Backbone backbone;

    private OnSites(Lora lora, double dropout, Backbone backbone) {
      super(lora.kind(), lora.sites(), dropout);
      this.lora = lora;
      this.backbone = backbone;
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      lora.shapesAt(site, shapes);
      shapes.put(nameOfLengths(site), List.of((long) site.out()));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      for (Site site : sites()) {
        lora.initialise(site, parameters, draws);
        try (TensorScope scope = TensorScope.inference()) {
          parameters.add(nameOfLengths(site), Tensors.toFloats(lengths(backbone.frozen(site).weight())), site.out());
        }
      }
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      LowRank product = lora.product(site, tensors);
      Tensor wanted = named(tensors, nameOfLengths(site));
      return (input, output) -> {
        FrozenMap frozen = backbone.frozen(site);
        Tensor stretch = Device.beside(input, wanted).div(lengths(sum(frozen, product)).detach());
        Tensor added = product.add(torch.zeros_like(output), drop.of(site, input));
        // (m / |V|) (W x + scale B A x) + b, where the output is W x + b.
        return output.sub(frozen.bias()).add(added).mul(stretch).add(frozen.bias());
      };
    }

    @Override
    public Delta delta(Site site, Map<String, Tensor> tensors) {
      FrozenMap frozen = backbone.frozen(site);
      Tensor sum = sum(frozen, lora.product(site, tensors));
      Tensor stretch = Device.beside(sum, named(tensors, nameOfLengths(site))).div(lengths(sum));
      return new Delta(sum.mul(stretch.unsqueeze(1)).sub(frozen.weight()), null);
    }

    private static Tensor sum(FrozenMap frozen, LowRank product) {
      Tensor up = Device.beside(frozen.weight(), product.up());
      Tensor down = Device.beside(frozen.weight(), product.down());
      return torch.addmm(frozen.weight(), up, down, new Scalar(1.0), new Scalar(product.scale()));
    }

    private static Tensor lengths(Tensor weight) {
      return torch.sum(weight.square(), 1).sqrt();
    }
  }
}
