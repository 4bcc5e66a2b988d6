package dev.perennial.route;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A vector of every brick at each of its sites, in the space of what the site is given: what tokens are compared with.
 *
 * @param byBrick by the brick's name, then by the site's: as many finite numbers as the site takes in. A brick has no
 *     vector where it does not act; one that cannot be routed to has none at all, or is left out. The arrays are not
 *     copied and must not be changed
 */
public record SiteVectors(SortedMap<String, Map<String, float[]>> byBrick) {

  /** Copies the maps. */
  public SiteVectors {
    var copy = new TreeMap<String, Map<String, float[]>>();
    byBrick.forEach((brick, vectors) -> copy.put(brick, Collections.unmodifiableMap(new TreeMap<>(vectors))));
    byBrick = Collections.unmodifiableSortedMap(copy);
  }

  /** The bricks, in alphabetical order: the columns of the weights. */
  public List<String> bricks() {
    return List.copyOf(byBrick.keySet());
  }
}
