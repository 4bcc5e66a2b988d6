package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A bottleneck behind a site, with a nonlinearity in it.
 *
 * <p>Source: Parameter-Efficient Transfer Learning for NLP (arXiv 1902.00751): {@code y' = y + U f(D y + c) + d}, y being
 * what the site gives, before the residual connection; D {@code [rank, out]} drawn uniformly from ±1/√out, and the rest of
 * zeros, so that a new brick changes nothing. On both dense outputs of a block, as there; on {@code \d+\.output\.dense}
 * alone it is the adapter of AdapterFusion (arXiv 2005.00247). Alpha is not used.
 */
public final class Adapter implements BrickKind<Adapter.Settings> {

  /** The dense outputs of attention and of the feed-forward part. */
  static final String USUAL_SITES = "output\\.dense";

  /** What stands between down and up. */
  public enum Activation {
    /** {@code max(0, x)}. */
    RELU,
    /** By the error function. */
    GELU;

    Tensor of(Tensor input) {
      return this == RELU ? torch.relu(input) : torch.gelu(input);
    }
  }

  /**
   * What an adapter is asked beside what kinds share.
   *
   * @param activation default relu
   */
  public record Settings(Activation activation) {}

  @Override
  public String name() {
    return "adapter";
  }

  @Override
  public Settings defaults() {
    return new Settings(Activation.RELU);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends SiteBrick {

    private final int rank;
    private final Settings settings;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), USUAL_SITES), shape.dropout());
      this.rank = shape.rank();
      this.settings = settings;
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      shapes.put(name(site, "adapter_down.weight"), List.of((long) rank, (long) site.out()));
      shapes.put(name(site, "adapter_down.bias"), List.of((long) rank));
      shapes.put(name(site, "adapter_up.weight"), List.of((long) site.out(), (long) rank));
      shapes.put(name(site, "adapter_up.bias"), List.of((long) site.out()));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      for (Site site : sites()) {
        int out = site.out();
        parameters.add(
            name(site, "adapter_down.weight"), draws.uniform((long) rank * out, 1 / Math.sqrt(out)), rank, out);
        parameters.add(name(site, "adapter_down.bias"), new float[rank], rank);
        parameters.add(name(site, "adapter_up.weight"), new float[out * rank], out, rank);
        parameters.add(name(site, "adapter_up.bias"), new float[out], out);
      }
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      return (input, output) -> {
        Tensor low = linear(drop.of(site, output), site, tensors, "adapter_down");
        return output.add(linear(settings.activation().of(low), site, tensors, "adapter_up"));
      };
    }

    private static Tensor linear(Tensor input, Site site, Map<String, Tensor> tensors, String module) {
      Tensor weight = Device.beside(input, named(tensors, site, module + ".weight"));
      Tensor bias = Device.beside(input, named(tensors, site, module + ".bias"));
      return torch.linear(input, weight, new TensorOptional(bias));
    }
  }
}
