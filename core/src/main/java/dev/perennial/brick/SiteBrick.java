package dev.perennial.brick;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/** A brick that acts at sites, each by itself. */
abstract class SiteBrick implements Brick {

  private final String kind;
  private final List<Site> sites;
  private final double dropout;

  /** @param dropout share of its input that is zeroed in training, 0 to below 1 */
  SiteBrick(String kind, List<Site> sites, double dropout) {
    this.kind = kind;
    this.sites = List.copyOf(sites);
    this.dropout = dropout;
  }

  /**
   * What happens at a site.
   *
   * @param drop applied to what the brick reads
   */
  abstract SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop);

  /** Puts the names and shapes of the tensors of a site. */
  abstract void shapesAt(Site site, Map<String, List<Long>> shapes);

  @Override
  public final String kind() {
    return kind;
  }

  @Override
  public final List<Site> sites() {
    return sites;
  }

  @Override
  public final int lowestBlock() {
    return sites.stream().mapToInt(Site::block).min().orElse(0);
  }

  @Override
  public SequencedMap<String, List<Long>> shapes() {
    var shapes = new LinkedHashMap<String, List<Long>>();
    sites.forEach(site -> shapesAt(site, shapes));
    return shapes;
  }

  @Override
  public final Adaptation adaptation(Map<String, Tensor> tensors) {
    return adaptation(tensors, Dropout.NONE);
  }

  @Override
  public Adaptation training(Map<String, Tensor> tensors, CounterRandom noise, int part) {
    return adaptation(tensors, Dropout.of(dropout, noise, part));
  }

  private Adaptation adaptation(Map<String, Tensor> tensors, Dropout drop) {
    var functions = new HashMap<Site, SiteFunction>();
    sites.forEach(site -> functions.put(site, at(site, tensors, drop)));
    return Adaptation.ofSites(functions);
  }

  /** The name of a tensor of a site, in PEFT's manner. */
  static String name(Site site, String suffix) {
    return "base_model.model." + site.name() + "." + suffix;
  }

  static Tensor named(Map<String, Tensor> tensors, Site site, String suffix) {
    return named(tensors, name(site, suffix));
  }

  static Tensor named(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("expected a tensor " + name + " in a brick");
    }
    return tensor;
  }
}
