package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.engine.Predictor;
import dev.perennial.server.Intake;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.WriterOptions;
import dev.perennial.store.Access;
import dev.perennial.store.Store;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class LearnWhileServingTest {

  private static final ServerListener NOBODY = new ServerListener() {};

  @TempDir
  private static Path shared = Path.of("");

  private static String backbone = "";

  @TempDir
  private Path directory = Path.of("");

  @BeforeAll
  static void writeBackbone() throws Exception {
    backbone = TinyWorld.backbone(shared.resolve("encoder")).toString();
  }

  private static void assertClose(List<Map<String, Double>> expected, List<Map<String, Double>> actual, double error) {
    assertEquals(expected.size(), actual.size());
    for (int row = 0; row < expected.size(); row++) {
      assertEquals(expected.get(row).keySet(), actual.get(row).keySet());
      for (var entry : expected.get(row).entrySet()) {
        assertEquals(entry.getValue(), actual.get(row).getOrDefault(entry.getKey(), Double.NaN), error);
      }
    }
  }

  @Test
  void learn_rowsOfNewClasses_areVisibleAndRight() {
    try (var world = new World(directory, backbone, NOBODY)) {
      assertEquals(409, assertThrows(Refused.class, () -> world.asking.predict("default", List.of("w1"), 1)).reason().status());
      world.teach("default", "s", TinyWorld.rows(0, 120, 4));
      assertTrue(world.accuracy("default", TinyWorld.rows(1000, 1040, 4)) > 0.8);
      var receipt = world.teach("default", "s", List.of(new Row("w50 w51 w50", "new")));
      var answer = world.asking.predict("default", List.of("w50 w51 w50"), 1).getFirst();
      assertTrue(answer.through() >= receipt.last());
      assertEquals(5, world.tenants.open("default").classes().size());
    }
  }

  @Test
  void learn_whateverTheOrderAndTheSplit_isTheSameModel() {
    List<Row> rows = TinyWorld.rows(0, 90, 3);
    List<Row> test = TinyWorld.rows(500, 520, 3);
    List<Map<String, Double>> atOnce;
    try (var world = new World(directory.resolve("a"), backbone, NOBODY)) {
      world.teach("default", "s", rows);
      atOnce = world.scores("default", test);
    }
    try (var world = new World(directory.resolve("b"), backbone, NOBODY)) {
      for (Row row : rows.reversed()) {
        world.teaching.learn(new Intake.Lesson("default", "s", List.of(row), null, null));
      }
      world.teach("default", "s", List.of(rows.getFirst(), rows.getFirst()));
      world.teaching.remove("default", "s");
      world.teach("default", "s", rows);
      assertClose(atOnce, world.scores("default", test), 2e-3);
    }
  }

  @Test
  void restart_afterAKill_learnsTheRestOnceAndIsTheSameModel() {
    List<Row> test = TinyWorld.rows(500, 520, 3);
    List<Map<String, Double>> before;
    try (var world = new World(directory, backbone, NOBODY)) {
      world.teach("default", "s", TinyWorld.rows(0, 60, 3));
    }
    var killed = new World(directory, backbone, NOBODY);
    killed.teach("default", "s", TinyWorld.rows(60, 100, 3));
    before = killed.scores("default", test);
    killed.abandon();
    for (int again = 0; again < 2; again++) {
      var world = new World(directory, backbone, NOBODY);
      assertTrue(world.writer.awaitVisible(world.journal.last(), Duration.ofSeconds(30)));
      assertClose(before, world.scores("default", test), 1e-3);
      assertEquals(100, world.tenants.open("default").snapshot().rows());
      world.abandon();
    }
    try (var world = new World(directory, backbone, NOBODY)) {
      world.writer.awaitVisible(world.journal.last(), Duration.ofSeconds(30));
    }
    try (var world = new World(directory, backbone, NOBODY)) {
      assertEquals(world.journal.last(), world.journal.settled());
      assertEquals(100, world.tenants.open("default").snapshot().rows());
      assertClose(before, world.scores("default", test), 1e-3);
    }
  }

  @Test
  void remove_whatOneSourceTaught_leavesAModelThatNeverSawIt() {
    List<Row> good = TinyWorld.rows(0, 60, 3);
    List<Row> bad = TinyWorld.rows(1, 41, 3).stream().map(row -> new Row(row.text(), "c" + (row.text().length() % 3))).toList();
    List<Row> test = TinyWorld.rows(500, 520, 3);
    List<Map<String, Double>> without;
    try (var world = new World(directory.resolve("without"), backbone, NOBODY)) {
      world.teach("default", "good", good);
      without = world.scores("default", test);
    }
    Path place = directory.resolve("with");
    try (var world = new World(place, backbone, NOBODY)) {
      world.teach("default", "good", good.subList(0, 30));
      world.teach("default", "bad", bad);
      world.teach("default", "good", good.subList(30, 60));
      var removal = world.teaching.remove("default", "bad");
      assertTrue(world.teaching.awaitVisible(removal, Duration.ofSeconds(30)));
      assertClose(without, world.scores("default", test), 2e-3);
      assertEquals(60, world.tenants.open("default").snapshot().rows());
      world.writer.commitNow("default");
      assertEquals(0, world.journal.sources("default").getFirst().rows());
    }
    try (var world = new World(place, backbone, NOBODY)) {
      assertClose(without, world.scores("default", test), 2e-3);
    }
  }

  @Test
  void store_ofAServer_isOneThatPredictReads() {
    List<Row> test = TinyWorld.rows(500, 510, 3);
    List<Map<String, Double>> served;
    try (var world = new World(directory, backbone, NOBODY)) {
      world.teach("default", "s", TinyWorld.rows(0, 60, 3));
      served = world.scores("default", test);
    }
    try (Predictor predictor = Predictor.open(directory, 1)) {
      var predictions = predictor.predict(test.stream().map(Row::text).toList(), 1);
      for (int i = 0; i < test.size(); i++) {
        var best = predictions.get(i).candidates().getFirst();
        assertEquals(served.get(i).getOrDefault(best.label(), Double.NaN), best.score(), 1e-3);
        assertEquals(served.get(i).values().stream().mapToDouble(x -> x).max().orElseThrow(), best.score(), 1e-3);
      }
    }
  }

  @Test
  void snapshots_underLoad_areWholeAndNeverGoBack() throws Exception {
    var problems = new ConcurrentLinkedQueue<String>();
    var learning = new AtomicBoolean(true);
    try (var world = new World(directory, backbone, NOBODY); var readers = Executors.newFixedThreadPool(4)) {
      world.teach("default", "s", TinyWorld.rows(0, 10, 2));
      var tasks = new ArrayList<Callable<Integer>>();
      for (int reader = 0; reader < 4; reader++) {
        tasks.add(() -> {
          long last = 0;
          int reads = 0;
          while (learning.get()) {
            HeadSnapshot snapshot = world.tenants.open("default").snapshot();
            if (!snapshot.isWhole()) {
              problems.add("snapshot " + snapshot.number() + " is torn");
            }
            if (snapshot.classes().size() * 64 != snapshot.weights().length || snapshot.rows() != snapshot.through()) {
              problems.add("snapshot " + snapshot.number() + " mixes two states");
            }
            var answer = world.asking.predict("default", List.of(TinyWorld.row(reads, 2).text()), 9).getFirst();
            if (answer.through() < last) {
              problems.add("from " + last + " back to " + answer.through());
            }
            last = answer.through();
            reads++;
          }
          return reads;
        });
      }
      var futures = tasks.stream().map(readers::submit).toList();
      for (int i = 10; i < 110; i += 5) {
        world.teach("default", "s", TinyWorld.rows(i, i + 5, 2 + i % 10));
      }
      learning.set(false);
      for (var future : futures) {
        assertTrue(future.get() > 0);
      }
    }
    assertEquals(List.of(), List.copyOf(problems));
  }

  @Test
  void listener_hearsRowsBeforeTheyAreLearned_andSnapshotsAfter() {
    var heard = new ConcurrentLinkedQueue<String>();
    var listener = new ServerListener() {
      @Override
      public void learning(String model, Row row, float[] embedding, String predicted) {
        heard.add("row " + row.label() + " as " + predicted + ", " + embedding.length);
      }

      @Override
      public void published(String model, long snapshot, long through) {
        heard.add("through " + through);
      }
    };
    try (var world = new World(directory, backbone, listener)) {
      world.teach("default", "s", List.of(new Row("w1 w2", "a")));
      world.teach("default", "s", List.of(new Row("w1 w2", "a")));
    }
    assertEquals(List.of("row a as , 24", "through 1", "row a as a, 24", "through 2"), List.copyOf(heard));
  }

  @Test
  void tenants_beyondTheirMemory_comeAndGoWithoutLosingAnything() {
    try (var world = new World(directory, backbone, NOBODY, 14_000, new WriterOptions(Duration.ofMillis(1), 0))) {
      for (int tenant = 0; tenant < 6; tenant++) {
        assertTrue(world.tenants.create("t" + tenant));
        world.teach("t" + tenant, "s", List.of(new Row("w1 w2 w3", "only-" + tenant), new Row("w20 w21", "other")));
      }
      for (int round = 0; round < 3; round++) {
        for (int tenant = 0; tenant < 6; tenant++) {
          assertEquals("only-" + tenant, world.asking.predict("t" + tenant, List.of("w1 w2 w3"), 1).getFirst()
              .candidates().getFirst().label());
        }
      }
      assertTrue(world.tenants.evictions() > 0);
      assertTrue(world.tenants.loadedCount() < 7);
      assertFalse(world.tenants.create("t3"));
      assertEquals(7, world.tenants.names().size());
    }
  }

  @Test
  void delete_thenTheSameNameAgain_beginsAnewAlsoAfterAKill() {
    var world = new World(directory, backbone, NOBODY);
    world.tenants.create("t");
    world.teach("t", "s", List.of(new Row("w1 w2 w3", "old")));
    world.teach("default", "s", List.of(new Row("w1 w2 w3", "x")));
    world.writer.release("t");
    world.journal.forget("t");
    world.tenants.delete("t");
    assertEquals(404, assertThrows(Refused.class, () -> world.asking.predict("t", List.of("w1"), 1)).reason().status());
    world.tenants.create("t");
    world.teach("t", "s", List.of(new Row("w1 w2 w3", "new")));
    world.abandon();
    try (var again = new World(directory, backbone, NOBODY)) {
      again.writer.awaitVisible(again.journal.last(), Duration.ofSeconds(30));
      assertEquals(List.of("new"), again.tenants.open("t").classes());
      assertEquals(List.of("x"), again.tenants.open("default").classes());
      assertEquals(1, again.journal.sources("t").getFirst().rows());
    }
  }

  @Test
  void store_thatSomebodyElseWrites_stopsItsModelAlone_andIsGoneOnWithLater() {
    try (var world = new World(directory, backbone, NOBODY)) {
      world.tenants.create("taken");
      world.teach("default", "s", List.of(new Row("w1", "a")));
      try (Store other = Store.open(directory.resolve("models").resolve("taken"), Access.WRITE)) {
        world.teach("taken", "s", List.of(new Row("w1", "first")));
        assertEquals(503, assertThrows(Refused.class,
            () -> world.teach("taken", "s", List.of(new Row("w1", "second")))).reason().status());
        assertEquals(1, other.log().size());
      }
      world.teach("default", "s", List.of(new Row("w2", "b")));
      assertEquals(2, world.tenants.open("default").classes().size());
    }
    try (var world = new World(directory, backbone, NOBODY)) {
      world.writer.awaitVisible(world.journal.last(), Duration.ofSeconds(30));
      assertEquals(List.of("first"), world.tenants.open("taken").classes());
      assertEquals(2, world.tenants.open("default").snapshot().rows());
    }
  }

  @Test
  void name_withAPathInIt_isRefused() {
    try (var world = new World(directory, backbone, NOBODY)) {
      for (String name : List.of("../evil", "..", "a/b", "", "A", "a".repeat(64), "%2e%2e", ".hidden")) {
        assertEquals(422, assertThrows(Refused.class, () -> world.tenants.create(name)).reason().status(), name);
      }
    }
  }
}
