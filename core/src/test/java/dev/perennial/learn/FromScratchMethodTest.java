package dev.perennial.learn;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;

/** Every technique on a backbone that has no site for bricks and is trained itself, with a cosine head. */
@Tag("heavy")
final class FromScratchMethodTest extends MethodContract {

  private final World world = new World(TinyBackbone.trainedFromScratch(), 2, World.letters(3, 2, 7));

  @Override
  World world() {
    return world;
  }

  @Override
  Map<String, String> options() {
    return Map.ofEntries(
        Map.entry("epochs", "12"), Map.entry("batch", "5"), Map.entry("rate", "0.03"), Map.entry("head", "cosine"),
        Map.entry("headTemperature", "0.2"), Map.entry("features", "32"), Map.entry("memory", "40"),
        Map.entry("keep", "reservoir"), Map.entry("fisherRows", "100"), Map.entry("strength", "1"),
        Map.entry("passes", "3"));
  }

  @Override
  List<Long> stops(long steps) {
    return List.of(0L, 1L, steps / 2, steps - 1);
  }

  @AfterAll
  void close() {
    world.close();
  }
}
