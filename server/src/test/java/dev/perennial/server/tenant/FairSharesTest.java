package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.batch.BatchOptions;
import dev.perennial.server.batch.BatchQueue;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FairSharesTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void predict_besideAModelThatAsksForMuch_waitsForNoMoreThanItsOwn() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    try (var world = new World(directory.resolve("store"), backbone, new ServerListener() {});
        var queue = new BatchQueue(new BatchOptions(1, 24, 40_000, 0));
        var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      world.tenants.create("greedy");
      world.teach("default", "s", TinyWorld.rows(0, 8, 2));
      world.teach("greedy", "s", TinyWorld.rows(0, 8, 2));
      var greedy = world.tenants.open("greedy");
      var small = world.tenants.open("default");
      var much = clients.submit(() -> queue.predict(greedy, Collections.nCopies(6_000, "w1 w2 w3 w4"), 1));
      while (queue.rows() == 0) {
        Thread.onSpinWait();
      }
      for (int i = 0; i < 3; i++) {
        assertEquals(1, queue.predict(small, List.of("w1 w2"), 1).size());
      }
      assertTrue(!much.isDone() && queue.rows() < 6_000, queue.rows() + " texts of the other were done before");
      assertEquals(503, assertThrows(Refused.class,
          () -> queue.predict(small, Collections.nCopies(40_001, "w1"), 1)).reason().status());
      assertEquals(6_000, much.get(60, TimeUnit.SECONDS).size());
    }
  }
}
