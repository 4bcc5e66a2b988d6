package dev.perennial.stream;

import dev.perennial.Options;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The scenarios that there are, by name: every {@link Arrangement} on the class path. */
public final class Scenarios {

  private final TreeMap<String, Arrangement<?>> byName = new TreeMap<>();

  private Scenarios() {}

  /**
   * A scenario as it is listed.
   *
   * @param name it is asked for by
   * @param what comes with an experience, in one line
   * @param title of the work it comes from
   * @param source where that work is found
   * @param options their names and defaults, in order
   */
  public record Entry(String name, String what, String title, String source, Map<String, Object> options) {}

  /**
   * An arrangement with its options chosen.
   *
   * @param arrangement it
   * @param options of the arrangement
   */
  public record Choice<O extends Record>(Arrangement<O> arrangement, O options) {

    /** Whether the arrangement has a trait. */
    public boolean has(Arrangement.Trait trait) {
      return arrangement.traits().contains(trait);
    }

    /** The experiences, as {@link Arrangement#experiences} makes them. */
    List<Experience> experiences(Dataset dataset, int tasks, long seed) {
      return arrangement.experiences(options, dataset, tasks, seed);
    }
  }

  /**
   * Finds them.
   *
   * @throws IllegalStateException if an arrangement carries no {@link Arrangement.Named}, or two carry the same name
   */
  public static Scenarios load() {
    var scenarios = new Scenarios();
    for (Arrangement<?> arrangement : ServiceLoader.load(Arrangement.class)) {
      if (scenarios.byName.put(named(arrangement).name(), arrangement) != null) {
        throw new IllegalStateException("two arrangements are called " + named(arrangement).name());
      }
    }
    return scenarios;
  }

  /**
   * What a scenario asks for.
   *
   * @throws UsageException if there is no such scenario or option, or a value does not fit
   */
  public Choice<?> choose(Scenario scenario) {
    Arrangement<?> arrangement = byName.get(scenario.id());
    if (arrangement == null) {
      throw new UsageException("expected a scenario among " + String.join(", ", byName.keySet()) + "; got "
          + scenario.id() + Spelling.suggestion(scenario.id(), byName.keySet()));
    }
    return choice(arrangement, scenario);
  }

  private static <O extends Record> Choice<O> choice(Arrangement<O> arrangement, Scenario scenario) {
    return new Choice<>(
        arrangement, Options.of(arrangement.defaults(), scenario.options(), "scenario " + scenario.id()));
  }

  /** The names, in alphabetical order. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /** All of them, in the order of their names. */
  public List<Entry> list() {
    var entries = new ArrayList<Entry>();
    byName.forEach((name, arrangement) -> {
      Arrangement.Named named = named(arrangement);
      entries.add(
          new Entry(name, named.what(), named.title(), named.source(), Options.flat(arrangement.defaults())));
    });
    return entries;
  }

  private static Arrangement.Named named(Arrangement<?> arrangement) {
    Arrangement.Named named = arrangement.getClass().getAnnotation(Arrangement.Named.class);
    if (named == null) {
      throw new IllegalStateException(arrangement.getClass().getName() + " needs an @Arrangement.Named that names it");
    }
    return named;
  }
}
