package dev.perennial.shard;

import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Parts by name. */
final class Named {

  private Named() {}

  static Map<String, StatePart> of(List<StatePart> parts) {
    var named = new TreeMap<String, StatePart>();
    parts.forEach(part -> named.put(part.name(), part));
    return named;
  }
}
