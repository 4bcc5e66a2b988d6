package dev.perennial.learn;

import dev.perennial.Options;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The techniques that there are, by name: every {@link Method} on the class path. */
public final class Techniques {

  private final TreeMap<String, Method<?>> byName = new TreeMap<>();

  private Techniques() {}

  /**
   * A technique as it is listed.
   *
   * @param name it is asked for by
   * @param title of the work it comes from
   * @param source where that work is found
   * @param cost of an experience, in one line
   * @param options their names and defaults, in order
   */
  public record Entry(String name, String title, String source, String cost, Map<String, Object> options) {}

  /**
   * A technique with its options chosen.
   *
   * @param name of the technique
   * @param method it
   * @param options of the method
   */
  public record Choice<O extends Record>(String name, Method<O> method, O options) {

    /** A learner that has learned nothing. */
    public Learner learner(LearnerContext context) {
      return method.learner(options, context);
    }
  }

  /**
   * Finds them, those of other jars too.
   *
   * @throws UsageException if a method cannot be made, carries no {@link Technique}, or has the name of another
   */
  public static Techniques load() {
    var techniques = new Techniques();
    try {
      for (Method<?> method : ServiceLoader.load(Method.class)) {
        Method<?> other = techniques.byName.put(technique(method).name(), method);
        if (other != null) {
          throw new UsageException("expected techniques of different names on the class path, got "
              + technique(method).name() + " from " + other.getClass().getName() + " and from "
              + method.getClass().getName() + ": rename one");
        }
      }
    } catch (ServiceConfigurationError e) {
      throw new UsageException("expected every class named in META-INF/services/" + Method.class.getName()
          + " to be a public Method with a public constructor without arguments, got one that is not ("
          + e.getMessage() + "): repair that file or the class, or take its jar off the class path", e);
    }
    return techniques;
  }

  /**
   * The method of that name.
   *
   * @throws UsageException if there is none
   */
  public Method<?> named(String name) {
    Method<?> method = byName.get(name);
    if (method == null) {
      throw new UsageException("expected a technique among " + String.join(", ", byName.keySet()) + ", got " + name
          + Spelling.suggestion(name, byName.keySet()));
    }
    return method;
  }

  /**
   * The technique of that name, with options as a user wrote them.
   *
   * @param options values by name; what is absent keeps its default
   * @throws UsageException if there is no such technique or option, or a value does not fit
   */
  public Choice<?> choose(String name, Map<String, String> options) {
    return choice(name, named(name), options);
  }

  private static <O extends Record> Choice<O> choice(String name, Method<O> method, Map<String, String> options) {
    return new Choice<>(name, method, Options.of(method.defaults(), options, "technique " + name));
  }

  /** The names, in alphabetical order. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /** All of them, in the order of their names. */
  public List<Entry> list() {
    var entries = new ArrayList<Entry>();
    byName.forEach((name, method) -> {
      Technique technique = technique(method);
      entries.add(new Entry(
          name, technique.title(), technique.source(), technique.cost(), Options.flat(method.defaults())));
    });
    return entries;
  }

  private static Technique technique(Method<?> method) {
    Technique technique = method.getClass().getAnnotation(Technique.class);
    if (technique == null) {
      throw new UsageException("expected a @Technique that names it on the method " + method.getClass().getName()
          + ", got none: annotate the class");
    }
    return technique;
  }
}
