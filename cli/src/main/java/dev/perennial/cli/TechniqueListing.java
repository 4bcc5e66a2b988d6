package dev.perennial.cli;

import dev.perennial.learn.Method;
import dev.perennial.learn.Options;
import dev.perennial.learn.Technique;
import dev.perennial.learn.Techniques;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;

/**
 * A technique as it is listed.
 *
 * @param name what it is asked for by
 * @param title of the work it comes from
 * @param source where that is found
 * @param cost of an experience, in a line
 * @param options with their defaults
 */
record TechniqueListing(String name, String title, String source, String cost, Map<String, Object> options) {

  /** All techniques, by name. */
  static List<TechniqueListing> all() {
    return ServiceLoader.load(Method.class).stream()
        .map(provider -> of(provider.get()))
        .sorted(Comparator.comparing(TechniqueListing::name))
        .toList();
  }

  /** All options of a technique, in full, where some are given. */
  static Map<String, Object> options(String technique, Map<String, String> given) {
    return Options.effective(Techniques.named(technique), given);
  }

  private static TechniqueListing of(Method<?> method) {
    Technique technique = method.getClass().getAnnotation(Technique.class);
    if (technique == null) {
      throw new IllegalStateException(method.getClass() + " is registered as a technique and has no name");
    }
    return new TechniqueListing(technique.name(), technique.title(), technique.source(), technique.cost(),
        Options.effective(method, Map.of()));
  }
}
