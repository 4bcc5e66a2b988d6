package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.drift.Drift;
import dev.perennial.server.drift.Signal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Detectors of drift on the writer's side. */
final class DriftServedTest {

  @TempDir
  private static Path shared = Path.of("");

  private static String backbone = "";

  @TempDir
  private Path directory = Path.of("");

  @BeforeAll
  static void writeBackbone() throws Exception {
    backbone = TinyWorld.backbone(shared.resolve("encoder")).toString();
  }

  /** Hears what the detectors come to. */
  private static final class Heard implements ServerListener {
    private final List<List<Signal>> all = new CopyOnWriteArrayList<>();

    @Override
    public void watched(String model, List<Signal> signals) {
      all.add(signals);
    }
  }

  /** A stream whose labels are other ones from the middle on. */
  private static List<List<Row>> stream() {
    var batches = new ArrayList<List<Row>>();
    for (int from = 0; from < 1_200; from += 100) {
      int shift = from < 600 ? 0 : 1;
      batches.add(TinyWorld.rows(from, from + 100, 4).stream()
          .map(row -> new Row(row.text(), "c" + (Integer.parseInt(row.label().substring(1)) + shift) % 4)).toList());
    }
    return batches;
  }

  private static void teach(World world, List<List<Row>> batches) {
    batches.forEach(batch -> world.teach("default", "s", batch));
  }

  @Test
  void restart_inTheMiddle_goesOnToTheSameSignals_andTheDriftIsFound() {
    List<List<Row>> stream = stream();
    var whole = new Heard();
    try (var world = new World(directory.resolve("whole"), backbone, whole)) {
      teach(world, stream);
    }
    var parts = new Heard();
    try (var world = new World(directory.resolve("parts"), backbone, parts)) {
      teach(world, stream.subList(0, 5));
    }
    try (var world = new World(directory.resolve("parts"), backbone, parts)) {
      teach(world, stream.subList(5, 12));
    }
    assertEquals(12, whole.all.size());
    assertEquals(whole.all, parts.all);
    assertTrue(whole.all.subList(6, 12).stream().flatMap(List::stream)
        .anyMatch(signal -> signal.detector().equals("adwin") && signal.change() == Signal.Change.WORSE), whole.all::toString);
  }

  @Test
  void rows_ofOneStream_ofAllLengths_areNoDrift() {
    var heard = new Heard();
    try (var world = new World(directory.resolve("store"), backbone, heard)) {
      // One large lesson is learned in passes of like lengths, which detectors must not see.
      world.teach("default", "s", TinyWorld.rows(0, 2_000, 4));
    }
    Signal embeddings = heard.all.getLast().getLast();
    assertEquals("embedding-distance", embeddings.detector());
    assertEquals(Drift.Level.STABLE, embeddings.level());
    assertEquals(0, embeddings.drifts());
  }
}
