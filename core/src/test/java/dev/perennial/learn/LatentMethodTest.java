package dev.perennial.learn;

import dev.perennial.backbone.TinyBert;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;

/** The techniques that keep the states of tokens, on a tiny encoder: in other worlds they keep none. */
final class LatentMethodTest extends MethodContract {

  private final World world = new World(TinyBert.backbone(), 2, TokenMethodTest.words());

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
