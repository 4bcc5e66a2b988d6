package dev.perennial.learn;

import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
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
    return Map.of(
        "epochs", "12", "batch", "4", "rate", "0.01", "sites", "linear", "alpha", "4", "dropout", "0.1",
        "features", "32", "memory", "5", "fisherRows", "3", "strength", "1");
  }

  @Override
  List<Long> stops(long steps) {
    return LongStream.range(0, steps).filter(step -> step < 2 || step % 13 == 0 || step > steps - 5).boxed().toList();
  }

  @AfterAll
  void close() {
    world.close();
  }
}
