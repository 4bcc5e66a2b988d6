package dev.perennial.backbone;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The bricks that act during one pass through a backbone, by site. */
public final class Adaptation {

  /** The frozen backbone alone. */
  public static final Adaptation NONE = new Adaptation(Map.of());

  private final TreeMap<Integer, SiteFunction> bySite = new TreeMap<>();
  private final int lowestBlock;

  /** At most one function a site; several bricks at a site are composed by whoever makes the map. */
  public Adaptation(Map<Site, SiteFunction> functions) {
    functions.forEach((site, function) -> bySite.put(site.index(), function));
    lowestBlock = functions.keySet().stream().mapToInt(Site::block).min().orElse(Integer.MAX_VALUE);
  }

  /** What acts at a site, or null where the frozen map stands alone. */
  public @Nullable SiteFunction at(int siteIndex) {
    return bySite.get(siteIndex);
  }

  /** The first block that is changed: all below compute what the frozen backbone computes. */
  public int lowestBlock() {
    return lowestBlock;
  }
}
