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
 * The low-rank adaptation of linear sites.
 *
 * <p>Source: LoRA: Low-Rank Adaptation of Large Language Models (arXiv 2106.09685):
 * {@code y = W x + b + (alpha / r) B A x}, with A {@code [r, in]} drawn uniformly from ±1/√in and B {@code [out, r]} of
 * zeros, so that a new brick changes nothing. Only A and B are trained. With dropout p, x is in training
 * {@code x * mask / (1 - p)} for A, where each number of the mask is 1 with probability 1 - p and else 0.
 *
 * <p>Rank-stabilised (A Rank Stabilization Scaling Factor for Fine-Tuning with LoRA, arXiv 2312.03732): the scale is
 * {@code alpha / √r}. Rank and alpha may differ from site to site.
 */
public final class Lora extends SiteBrick {

  /** The sites that bricks of LoRA's kind are usually on. */
  public static final String USUAL_SITES = "query|value";

  private final LoraOptions options;
  private final Settings settings;
  private final SitePatterns ranks;
  private final SitePatterns alphas;

  /**
   * What LoRA is asked beside what kinds share.
   *
   * @param rslora whether the scale is alpha / √rank; default false
   * @param ranks ranks of sites that have another, as {@code expression:rank} with spaces between; default none
   * @param alphas alphas of sites that have another, in the same way; default none
   */
  public record Settings(boolean rslora, String ranks, String alphas) {

    /** The same rank and alpha everywhere, and alpha / rank. */
    public static final Settings DEFAULT = new Settings(false, "", "");
  }

  /** LoRA among the kinds. */
  public static final class Kind implements BrickKind<Settings> {

    @Override
    public String name() {
      return "lora";
    }

    @Override
    public Settings defaults() {
      return Settings.DEFAULT;
    }

    @Override
    public Lora brick(LoraOptions shape, Settings settings, Backbone backbone) {
      return new Lora(name(), shape, settings, backbone);
    }
  }

  /**
   * LoRA on the sites of {@code backbone} that the options name.
   *
   * @throws UsageException if there are none
   */
  public Lora(LoraOptions options, Backbone backbone) {
    this("lora", options, Settings.DEFAULT, backbone);
  }

  Lora(String kind, LoraOptions options, Settings settings, Backbone backbone) {
    super(kind, options.select(backbone.sites(), USUAL_SITES), options.dropout());
    this.options = options;
    this.settings = settings;
    ranks = new SitePatterns("ranks", settings.ranks());
    alphas = new SitePatterns("alphas", settings.alphas());
    ranks.requireUse("ranks", sites());
    alphas.requireUse("alphas", sites());
    for (Site site : sites()) {
      double rank = ranks.at(site, options.rank());
      if (rank != Math.rint(rank) || rank < 1 || rank > 1024) {
        throw new UsageException("expected a LoRA rank between 1 and 1024 for " + site.name() + ", got " + rank);
      }
      if (!(alpha(site) > 0) || Double.isInfinite(alpha(site))) {
        throw new UsageException("expected a LoRA alpha above 0 for " + site.name() + ", got " + alpha(site));
      }
    }
  }

  /** Rows of A at one of its sites. */
  public int rank(Site site) {
    return (int) ranks.at(site, options.rank());
  }

  /** Alpha at one of its sites. */
  public double alpha(Site site) {
    return alphas.at(site, options.alpha());
  }

  /** What the product is multiplied by at one of its sites. */
  public double scale(Site site) {
    return alpha(site) / (settings.rslora() ? Math.sqrt(rank(site)) : rank(site));
  }

  /** The name of A at a site. */
  public static String nameOfA(Site site) {
    return name(site, "lora_A.weight");
  }

  /** The name of B at a site. */
  public static String nameOfB(Site site) {
    return name(site, "lora_B.weight");
  }

  @Override
  void shapesAt(Site site, Map<String, List<Long>> shapes) {
    shapes.put(nameOfA(site), List.of((long) rank(site), (long) site.in()));
    shapes.put(nameOfB(site), List.of((long) site.out(), (long) rank(site)));
  }

  @Override
  public void initialise(Parameters parameters, CounterRandom random) {
    var draws = new Draws(random);
    for (Site site : sites()) {
      initialise(site, parameters, draws);
    }
  }

  void initialise(Site site, Parameters parameters, Draws draws) {
    int rank = rank(site);
    parameters.add(nameOfA(site), draws.uniform((long) rank * site.in(), 1 / Math.sqrt(site.in())), rank, site.in());
    parameters.add(nameOfB(site), new float[site.out() * rank], site.out(), rank);
  }

  /** A, B and the scale at a site. */
  LowRank product(Site site, Map<String, Tensor> tensors) {
    return new LowRank(named(tensors, nameOfA(site)), named(tensors, nameOfB(site)), scale(site));
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
