package dev.perennial.learn;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** Every technique with bricks in a tiny frozen backbone, stopped at many steps. */
final class TinyMethodTest extends MethodContract {

  private final World world = World.tiny(2);

  @Override
  World world() {
    return world;
  }

  @Override
  Map<String, String> options() {
    return Map.ofEntries(
        Map.entry("epochs", "12"), Map.entry("batch", "4"), Map.entry("rate", "0.01"), Map.entry("sites", "linear"),
        Map.entry("alpha", "4"), Map.entry("dropout", "0.1"), Map.entry("features", "32"), Map.entry("memory", "13"),
        Map.entry("fisherRows", "3"), Map.entry("strength", "1"), Map.entry("passes", "2"), Map.entry("units", "8"),
        Map.entry("embedding", "4"), Map.entry("hidden", "8"), Map.entry("codebooks", "8"), Map.entry("keys", "16"));
  }

  @Override
  List<Long> stops(long steps) {
    return List.of(1L, steps / 2 + 1, steps - 1);
  }

  @AfterAll
  void close() {
    world.close();
  }
}
