package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FrozenMap;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * One factor for every feature that a site gives, or, at feed-forward sites, takes.
 *
 * <p>Source: (IA)³ in Few-Shot Parameter-Efficient Fine-Tuning is Better and Cheaper than In-Context Learning (arXiv
 * 2205.05638): {@code y = l ⊙ (W x + b)}, at feed-forward sites {@code y = W (l ⊙ x) + b}. Factors begin as 1. Rank, alpha
 * and dropout are not used.
 */
public final class Ia3 implements BrickKind<Ia3.Settings> {

  /** The sites that it is usually on. */
  public static final String USUAL_SITES = "key|value|output\\.dense";
  private static final String FACTORS = "ia3_l";

  /**
   * What IA3 is asked beside what kinds share.
   *
   * @param feedForward a regular expression for those of its sites where the input is scaled and not the output; the
   *     empty text for none
   */
  public record Settings(String feedForward) {

    /** Checks the expression. */
    public Settings {
      try {
        SitePatterns.pattern(feedForward);
      } catch (PatternSyntaxException e) {
        throw new UsageException(
            "expected a regular expression for feedForward, got " + feedForward + ": " + e.getDescription(), e);
      }
    }
  }

  @Override
  public String name() {
    return "ia3";
  }

  @Override
  public Settings defaults() {
    return new Settings("output\\.dense");
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape.select(backbone.sites(), USUAL_SITES), settings, backbone);
  }

  private static final class OnSites extends SiteBrick {

    private final Pattern feedForward;
    private final Backbone backbone;

    private OnSites(String kind, List<Site> sites, Settings settings, Backbone backbone) {
      super(kind, sites, 0);
      this.feedForward = SitePatterns.pattern(settings.feedForward());
      this.backbone = backbone;
    }

    private boolean scalesInput(Site site) {
      return feedForward.matcher(site.name()).matches();
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      shapes.put(name(site, FACTORS),
          scalesInput(site) ? List.of(1L, (long) site.in()) : List.of((long) site.out(), 1L));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      shapes().forEach((name, shape) -> {
        float[] ones = new float[Math.toIntExact(shape.getFirst() * shape.getLast())];
        Arrays.fill(ones, 1);
        parameters.add(name, ones, shape.getFirst(), shape.getLast());
      });
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      Tensor factors = named(tensors, site, FACTORS);
      if (!scalesInput(site)) {
        return (input, output) -> output.mul(Device.beside(output, factors).view(1, -1));
      }
      return (input, output) -> {
        Tensor more = input.mul(Device.beside(input, factors).sub(new Scalar(1.0)));
        return torch.addmm(output, more, backbone.frozen(site).weight().t());
      };
    }

    @Override
    public Delta delta(Site site, Map<String, Tensor> tensors) {
      FrozenMap frozen = backbone.frozen(site);
      Tensor more = Device.beside(frozen.weight(), named(tensors, site, FACTORS)).sub(new Scalar(1.0));
      return new Delta(
          frozen.weight().mul(more), scalesInput(site) ? null : frozen.bias().mul(more.view(-1)));
    }
  }
}
