package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * The difference of whole weights: {@code y = W x + b + D x}, D {@code [out, in]} of zeros at first.
 *
 * <p>What fine-tuning all of a site's weights learns, kept beside them: the backbone stays as it is. Rank and alpha are
 * not used.
 */
public final class FullDelta implements BrickKind<BrickKind.NoSettings> {

  @Override
  public String name() {
    return "delta";
  }

  @Override
  public NoSettings defaults() {
    return new NoSettings();
  }

  @Override
  public Brick brick(LoraOptions shape, NoSettings settings, Backbone backbone) {
    return new OnSites(name(), shape, backbone);
  }

  private static final class OnSites extends WeightBrick {

    private OnSites(String kind, LoraOptions shape, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      shapes.put(name(site, "delta.weight"), List.of((long) site.out(), (long) site.in()));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      for (Site site : sites()) {
        parameters.add(name(site, "delta.weight"), new float[site.out() * site.in()], site.out(), site.in());
      }
    }

    @Override
    Tensor weight(Site site, Map<String, Tensor> tensors) {
      return named(tensors, site, "delta.weight");
    }
  }
}
