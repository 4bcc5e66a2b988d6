package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Low-rank adaptation in the form of a singular value decomposition, whose ranks a budget can be dealt out over.
 *
 * <p>Source: AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning (arXiv 2303.10512):
 * {@code y = W x + b + alpha / (r0 + 1e-5) B diag(E) A x}, with A and B drawn normally with deviation 0.02, E of zeros, and
 * r0 the rank that it began with. Dealing out ranks is for those who train it; this is what is left of it.
 */
public final class AdaLora implements BrickKind<AdaLora.Settings> {

  private static final double DEVIATION = 0.02;

  /**
   * What AdaLoRA is asked beside what kinds share.
   *
   * @param initialRank the rank that it began with, 0 to 1024; default 0: the rank
   * @param ranks ranks of sites that have another, 0 for nothing at all, as {@code expression:rank} with spaces between
   */
  public record Settings(int initialRank, String ranks) {

    /** Checks the range. */
    public Settings {
      if (initialRank < 0 || initialRank > 1024) {
        throw new UsageException("expected an initialRank between 0 and 1024, got " + initialRank);
      }
    }
  }

  @Override
  public String name() {
    return "adalora";
  }

  @Override
  public Settings defaults() {
    return new Settings(0, "");
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends SiteBrick {

    private final LoraOptions shape;
    private final SitePatterns ranks;
    private final double scale;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      this.shape = shape;
      ranks = new SitePatterns("ranks", settings.ranks());
      ranks.requireUse("ranks", sites());
      scale = shape.alpha() / ((settings.initialRank() == 0 ? shape.rank() : settings.initialRank()) + 1e-5);
      for (Site site : sites()) {
        double rank = ranks.at(site, shape.rank());
        if (rank != Math.rint(rank) || rank < 0 || rank > 1024) {
          throw new UsageException("expected an AdaLoRA rank between 0 and 1024 for " + site.name() + ", got " + rank);
        }
      }
    }

    private int rank(Site site) {
      return (int) ranks.at(site, shape.rank());
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      long rank = rank(site);
      shapes.put(name(site, "lora_A"), List.of(rank, (long) site.in()));
      shapes.put(name(site, "lora_B"), List.of((long) site.out(), rank));
      shapes.put(name(site, "lora_E"), List.of(rank, 1L));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      for (Site site : sites()) {
        int rank = rank(site);
        parameters.add(name(site, "lora_A"), draws.normal((long) rank * site.in(), DEVIATION), rank, site.in());
        parameters.add(name(site, "lora_B"), draws.normal((long) site.out() * rank, DEVIATION), site.out(), rank);
        parameters.add(name(site, "lora_E"), new float[rank], rank, 1);
      }
    }

    private LowRank product(Site site, Map<String, Tensor> tensors) {
      Tensor down = named(tensors, site, "lora_A").mul(named(tensors, site, "lora_E"));
      return new LowRank(down, named(tensors, site, "lora_B"), scale);
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      LowRank product = product(site, tensors);
      return drop == Dropout.NONE ? product : (input, output) -> product.add(output, drop.of(site, input));
    }

    @Override
    public Delta delta(Site site, Map<String, Tensor> tensors) {
      LowRank product = product(site, tensors);
      return new Delta(torch.mm(product.up(), product.down()).mul(new Scalar(product.scale())), null);
    }
  }
}
