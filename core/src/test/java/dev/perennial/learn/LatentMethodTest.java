package dev.perennial.learn;

import dev.perennial.backbone.TinyBert;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** The techniques that keep the states of tokens, on a tiny encoder: in other worlds they keep none. */
final class LatentMethodTest extends MethodContract {

  private final World world = new World(TinyBert.backbone(), 2, words());

  private static List<Experience> words() {
    List<String> words = List.of("a", "b", "c", "d", "e", "z");
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < 3; e++) {
      var rows = new ArrayList<Example>();
      for (int times = 1; times <= 4; times++) {
        for (int c = 2 * e; c < 2 * e + 2; c++) {
          rows.add(Example.of((words.get(c) + " ").repeat(times).strip(), "class-" + c));
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
    return List.of("latent-replay", "auto");
  }

  @Override
  Map<String, String> options() {
    return Map.of("epochs", "4", "batch", "4", "rate", "0.02", "features", "32");
  }

  @Override
  List<Long> stops(long steps) {
    var stops = new ArrayList<Long>();
    for (long stop = 1; stop < steps; stop++) {
      stops.add(stop);
    }
    return stops;
  }

  @AfterAll
  void close() {
    world.close();
  }
}
