package dev.perennial.bench.suite;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Settings that are written {@code technique:k=v}, for one technique of several. */
final class Named {

  private Named() {}

  /**
   * Reads settings of techniques, each by the technique's name.
   *
   * @throws UsageException where one is not {@code technique:k=v}, or comes twice
   */
  static Map<String, Map<String, String>> ofTechniques(String option, List<String> settings) {
    var values = new LinkedHashMap<String, Map<String, String>>();
    KeyValues.of(option, settings).forEach((place, value) -> {
      int colon = place.indexOf(':');
      if (colon < 1 || colon == place.length() - 1) {
        throw new UsageException("expected " + option + " TECHNIQUE:name=value, got " + option + " " + place + "="
            + value + ": write, say, replay:memory=200");
      }
      values.computeIfAbsent(place.substring(0, colon), name -> new LinkedHashMap<>())
          .put(place.substring(colon + 1), value);
    });
    return values;
  }
}
