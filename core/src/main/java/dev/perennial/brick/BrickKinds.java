package dev.perennial.brick;

import dev.perennial.KeyValues;
import dev.perennial.Options;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;

/** The kinds of brick that there are, by name: every {@link BrickKind} on the class path. */
public final class BrickKinds {

  private final TreeMap<String, BrickKind<?>> byName = new TreeMap<>();

  private BrickKinds() {}

  /**
   * A kind with its settings chosen.
   *
   * @param kind it
   * @param settings of the kind
   */
  public record Choice<O extends Record>(BrickKind<O> kind, O settings) {

    /** The brick on a backbone. */
    public Brick brick(LoraOptions shape, Backbone backbone) {
      return kind.brick(shape, settings, backbone);
    }

    /** The kind and its settings where they are not the defaults, as {@link BrickKinds#choose} reads them. */
    public String text() {
      Map<String, Object> usual = Options.flat(kind.defaults());
      var changed = new TreeMap<String, String>();
      Options.flat(settings).forEach((name, value) -> {
        if (!value.equals(usual.get(name))) {
          changed.put(name, value.toString());
        }
      });
      return changed.isEmpty() ? kind.name() : kind.name() + ":" + String.join(",", KeyValues.written(changed));
    }
  }

  /**
   * Finds them, those of other jars too.
   *
   * @throws UsageException if one cannot be made, or two have one name
   */
  public static BrickKinds load() {
    var kinds = new BrickKinds();
    try {
      for (BrickKind<?> kind : ServiceLoader.load(BrickKind.class)) {
        BrickKind<?> other = kinds.byName.put(kind.name(), kind);
        if (other != null) {
          throw new UsageException("expected kinds of brick of different names on the class path, got " + kind.name()
              + " from " + other.getClass().getName() + " and from " + kind.getClass().getName() + ": rename one");
        }
      }
    } catch (ServiceConfigurationError e) {
      throw new UsageException("expected every class named in META-INF/services/" + BrickKind.class.getName()
          + " to be a public BrickKind with a public constructor without arguments, got one that is not ("
          + e.getMessage() + "): repair that file or the class, or take its jar off the class path", e);
    }
    return kinds;
  }

  /** The names, in alphabetical order. */
  public List<String> names() {
    return List.copyOf(byName.keySet());
  }

  /**
   * A kind as a user asks for it: {@code NAME}, or {@code NAME:setting=value,setting=value}.
   *
   * @throws UsageException if there is no such kind or setting, or a value does not fit
   */
  public Choice<?> choose(String text) {
    int colon = text.indexOf(':');
    String name = (colon < 0 ? text : text.substring(0, colon)).strip();
    BrickKind<?> kind = byName.get(name);
    if (kind == null) {
      throw new UsageException("expected a brick among " + String.join(", ", byName.keySet()) + ", got " + name
          + Spelling.suggestion(name, byName.keySet()));
    }
    List<String> settings = colon < 0 ? List.of() : Arrays.asList(text.substring(colon + 1).split(",", -1));
    return choice(kind, KeyValues.of("brick " + name, settings));
  }

  private static <O extends Record> Choice<O> choice(BrickKind<O> kind, Map<String, String> settings) {
    return new Choice<>(kind, Options.of(kind.defaults(), settings, "brick " + kind.name()));
  }
}
