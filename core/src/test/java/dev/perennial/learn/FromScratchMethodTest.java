package dev.perennial.learn;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** Every technique on a backbone that has no site for bricks and is trained itself, with a cosine head. */
final class FromScratchMethodTest extends MethodContract {

  private final World world = new World(TinyBackbone.trainedFromScratch(), 2, World.letters(3, 2, 7));

  @Override
  World world() {
    return world;
  }

  @Override
  Map<String, String> options() {
    return Map.of(
        "epochs", "12", "batch", "5", "rate", "0.03", "head", "cosine", "headTemperature", "0.2", "features", "32",
        "memory", "40", "keep", "reservoir", "fisherRows", "100", "strength", "1");
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
