package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.perennial.UsageException;
import dev.perennial.backbone.TinyBert;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Every technique that needs a backbone of tokens, on a tiny encoder: the other worlds are too small for them. */
@Tag("heavy")
final class TokenMethodTest extends MethodContract {

  private static final List<String> WORDS = List.of("a", "b", "c", "d", "e", "z");

  private final World world = new World(TinyBert.backbone(), 2, words());

  /** Three experiences of two classes: a class is a word, said once to four times, now and then beside another. */
  static List<Experience> words() {
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < 3; e++) {
      var rows = new ArrayList<Example>();
      for (int times = 1; times <= 4; times++) {
        for (int c = 2 * e; c < 2 * e + 2; c++) {
          rows.add(Example.of((WORDS.get(c) + " ").repeat(times).strip(), "class-" + c));
        }
      }
      stream.add(new Experience(
          e, "experience " + e, List.of("class-" + 2 * e, "class-" + (2 * e + 1)), rows, List.of()));
    }
    return stream;
  }

  @Override
  World world() {
    return world;
  }

  @Override
  List<String> techniques() {
    try (World without = World.tiny(1)) {
      return Techniques.load().names().stream().filter(technique -> refused(technique, without)).toList();
    }
  }

  private static boolean refused(String technique, World world) {
    try (Learner learner = Techniques.load().choose(technique, Map.of()).learner(world.context(1))) {
      return !learner.classNames().isEmpty();
    } catch (UsageException e) {
      return String.valueOf(e.getMessage()).startsWith("expected a backbone of tokens");
    }
  }

  @Test
  void techniques_needTokens_areSome() {
    assertFalse(techniques().isEmpty());
  }

  @Override
  Map<String, String> options() {
    return Map.ofEntries(
        Map.entry("epochs", "16"), Map.entry("batch", "4"), Map.entry("rate", "0.05"), Map.entry("own", "false"), Map.entry("tokens", "2"),
        Map.entry("pool", "2"), Map.entry("chosen", "1"), Map.entry("components", "2"));
  }

  @Override
  List<Long> stops(long steps) {
    return List.of(1L, steps / 2, steps - 1);
  }

  @AfterAll
  void close() {
    world.close();
  }
}
