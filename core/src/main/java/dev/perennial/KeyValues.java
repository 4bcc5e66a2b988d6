package dev.perennial;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/** Settings that are written {@code name=value}, such as those of {@code --option} and {@code --budget}. */
public final class KeyValues {

  private KeyValues() {}

  /**
   * Reads settings in their order.
   *
   * @param option the option that they were given with, for messages
   * @throws UsageException where one is not {@code name=value}, or a name comes twice
   */
  public static SequencedMap<String, String> of(String option, List<String> settings) {
    var values = new LinkedHashMap<String, String>();
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      if (equals < 1) {
        throw new UsageException(
            "expected " + option + " name=value, got " + option + " " + setting + ": write the name and its value");
      }
      String name = setting.substring(0, equals).strip();
      if (values.put(name, setting.substring(equals + 1).strip()) != null) {
        throw new UsageException(option + " " + name + " is given twice: give it once");
      }
    }
    return values;
  }

  /** The settings as they are written. */
  public static List<String> written(Map<String, String> values) {
    return values.entrySet().stream().map(entry -> entry.getKey() + "=" + entry.getValue()).toList();
  }
}
