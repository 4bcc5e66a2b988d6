package dev.perennial.cli;

import dev.perennial.learn.Options;
import dev.perennial.learn.Techniques;
import java.util.List;
import java.util.Map;

/** The techniques that there are, and the options of one in full. */
final class TechniqueListing {

  private TechniqueListing() {}

  /** All techniques, by name. */
  static List<Techniques.Entry> all() {
    return Techniques.load().list();
  }

  /** All options of a technique, where some are given. */
  static Map<String, Object> options(String technique, Map<String, String> given) {
    return Options.flat(Techniques.load().choose(technique, given).options());
  }
}
