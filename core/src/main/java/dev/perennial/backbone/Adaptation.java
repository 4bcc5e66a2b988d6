package dev.perennial.backbone;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What acts on a backbone during one pass: bricks by site, or weights of its own that are being trained. */
public final class Adaptation {

  /** The backbone alone. */
  public static final Adaptation NONE = new Adaptation(Map.of(), Map.of());

  private final Map<Integer, SiteFunction> bySite = new HashMap<>();
  private final Map<String, Tensor> weights;
  private final int lowestBlock;

  private Adaptation(Map<Site, SiteFunction> functions, Map<String, Tensor> weights) {
    functions.forEach((site, function) -> bySite.put(site.index(), function));
    this.weights = Collections.unmodifiableMap(weights);
    this.lowestBlock = weights.isEmpty()
        ? functions.keySet().stream().mapToInt(Site::block).min().orElse(Integer.MAX_VALUE)
        : 0;
  }

  /** Bricks: at most one function a site; several bricks at a site are composed by whoever makes the map. */
  public static Adaptation ofSites(Map<Site, SiteFunction> functions) {
    return new Adaptation(functions, Map.of());
  }

  /**
   * Weights that stand in for a backbone's own, by the names under which {@link Backbone#initialise} added them. Where a
   * convolution's weight is called {@code NAME.weight}, a tensor {@code NAME.channels} of {@code [channels, 1, 3, 3]} is
   * a kernel for each channel of what it gives, before the ReLU.
   */
  public static Adaptation ofWeights(Map<String, Tensor> weights) {
    return new Adaptation(Map.of(), weights);
  }

  /** What acts at a site, or null where the frozen map stands alone. */
  public @Nullable SiteFunction at(int siteIndex) {
    return bySite.get(siteIndex);
  }

  /** The weight of that name, or {@code own} where none stands in for it. */
  public Tensor weight(String name, Tensor own) {
    return weights.getOrDefault(name, own);
  }

  /** All weights that stand in for a backbone's own, by name. */
  public Map<String, Tensor> weights() {
    return weights;
  }

  /** The first block that it may change: those below give what the backbone alone gives. */
  int lowestBlock() {
    return lowestBlock;
  }
}
