package dev.perennial.learn;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Provenance;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Reads and writes what the states of all learners have in common. */
public final class LearnerState {

  private static final String ORIGIN = "origin";
  private static final String BASE = "base";
  private static final String LAST = "last";

  private LearnerState() {}

  /**
   * The part of that name.
   *
   * @throws FailureException if there is none
   */
  public static StatePart part(Map<String, StatePart> state, String name) {
    StatePart part = state.get(name);
    if (part == null) {
      throw new FailureException("expected a part " + name + " in a learner's state, found " + state.keySet()
          + ": the state belongs to another technique");
    }
    return part;
  }

  /** The parts with {@code prefix} before their names, as {@link #under} finds them again. */
  public static List<StatePart> prefixed(String prefix, List<StatePart> parts) {
    return parts.stream().map(part -> new StatePart(prefix + part.name(), part.combine(), part.tensors())).toList();
  }

  /** The parts whose names begin with {@code prefix}, without it. */
  public static Map<String, StatePart> under(String prefix, Map<String, StatePart> state) {
    var parts = new LinkedHashMap<String, StatePart>();
    state.forEach((name, part) -> {
      if (name.startsWith(prefix)) {
        String inner = name.substring(prefix.length());
        parts.put(inner, new StatePart(inner, part.combine(), part.tensors()));
      }
    });
    return parts;
  }

  /**
   * The part that says which backbone a state belongs to, and how far the learner has come.
   *
   * @param last the experience learned last, in whole or in part; -1 before the first
   */
  public static StatePart origin(Backbone backbone, int last) {
    byte[] digest = backbone.digest().getBytes(UTF_8);
    return StatePart.of(ORIGIN, Combine.LATEST, Map.of(
        BASE, TensorData.ofBytes(Dtype.U8, digest, digest.length), LAST, TensorData.of(new long[] {last}, 1)));
  }

  /**
   * Checks that a state belongs to {@code backbone}.
   *
   * @return the experience learned last
   * @throws dev.perennial.UsageException if it belongs to another one
   */
  public static int requireOrigin(Map<String, StatePart> state, Backbone backbone) {
    StatePart origin = part(state, ORIGIN);
    byte[] digest = origin.tensor(BASE).data().toArray(ValueLayout.JAVA_BYTE);
    Provenance.requireBase(new String(digest, UTF_8), backbone);
    return (int) origin.tensor(LAST).longs()[0];
  }
}
