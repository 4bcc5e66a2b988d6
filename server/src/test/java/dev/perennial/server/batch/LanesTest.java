package dev.perennial.server.batch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Refused;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.model.Encoder;
import dev.perennial.server.model.Encoders;
import dev.perennial.server.model.ModelDirectory;
import dev.perennial.server.model.ServedModel;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a model may have waiting. */
final class LanesTest {

  @TempDir
  private Path directory = Path.of("");

  private Workers workers;
  private Encoders encoders;
  private String backbone;

  @BeforeEach
  void open() throws Exception {
    workers = new Workers(1);
    encoders = new Encoders(workers, Device.CPU);
    backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
  }

  @AfterEach
  void close() {
    encoders.close();
    workers.close();
  }

  private ServedModel model(String name) {
    ModelDirectory.create(directory.resolve(name), backbone, encoders.backbone(backbone),
        new TreeMap<>(Map.of("features", "64")), 1, 0, Clock.systemUTC());
    return ServedModel.load(name, directory.resolve(name), encoders, 1);
  }

  private static List<Ticket> tickets(ServedModel model, int count) {
    Encoder encoder = model.encoder().orElseThrow();
    var group = new Group(count);
    var row = encoder.prepare(Collections.nCopies(1, "w1 w2")).getFirst();
    return IntStream.range(0, count).mapToObj(i -> new Ticket(model, encoder, "w1 w2", row, 1, group)).toList();
  }

  private static void assertRefused(Refused.Reason reason, Lanes lanes, List<Ticket> tickets) {
    int before = lanes.size();
    var refused = assertThrows(Refused.class, () -> lanes.add(tickets));
    assertEquals(reason, refused.reason());
    assertTrue(String.valueOf(refused.getMessage()).contains("ask again in a moment"), refused.getMessage());
    assertEquals(before, lanes.size(), "all or none");
  }

  @Test
  void add_whileOthersWait_takesAQuarterOfTheRoomOfAModel() {
    ServedModel much = model("much");
    ServedModel little = model("little");
    var lanes = new Lanes(40);
    lanes.add(tickets(much, 20));
    assertRefused(Refused.Reason.TOO_MANY, lanes, tickets(little, 11));
    lanes.add(tickets(little, 10));
    assertRefused(Refused.Reason.TOO_MANY, lanes, tickets(little, 1));
    assertRefused(Refused.Reason.TOO_MANY, lanes, tickets(much, 1));
    assertRefused(Refused.Reason.UNAVAILABLE, lanes, tickets(much, 11));
    // They are taken in turn: when the ten are gone, the other has ten left, and is alone.
    assertEquals(20, lanes.take(20, Long.MAX_VALUE).size());
    lanes.add(tickets(much, 30));
    assertEquals(40, lanes.size());
    assertRefused(Refused.Reason.UNAVAILABLE, lanes, tickets(little, 1));
  }
}
