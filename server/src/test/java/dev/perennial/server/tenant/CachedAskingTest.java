package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Answer;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.Predicting;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.tensor.CounterRandom;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Answers that are kept are those that the model itself would give. */
final class CachedAskingTest {

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

  private static void assertSame(List<Answer> expected, List<Answer> actual) {
    assertEquals(expected.size(), actual.size());
    for (int i = 0; i < expected.size(); i++) {
      Answer one = expected.get(i);
      Answer other = actual.get(i);
      assertEquals(one.text(), other.text());
      assertEquals(one.snapshot(), other.snapshot());
      assertEquals(one.through(), other.through());
      assertEquals(one.candidates().size(), other.candidates().size());
      for (int c = 0; c < one.candidates().size(); c++) {
        assertEquals(one.candidates().get(c).label(), other.candidates().get(c).label());
        assertEquals(one.candidates().get(c).score(), other.candidates().get(c).score(), 1e-4);
      }
    }
  }

  @Test
  void answers_whileModelsLearnAndAreMadeAnew_areThoseOfTheModelItself() {
    try (var world = new World(directory, backbone, NOBODY)) {
      var cached = new CachedAsking(world.tenants, world.asking, world.latencies, NOBODY, 20);
      var random = CounterRandom.of(2, 1);
      world.tenants.create("shop");
      world.teach("default", "s", TinyWorld.rows(0, 30, 3));
      world.teach("shop", "s", TinyWorld.rows(500, 520, 4));
      for (int step = 0; step < 120; step++) {
        String model = random.below(5 * step, 2) == 0 ? "default" : "shop";
        if (step % 9 == 8) {
          int from = 1_000 + 10 * step;
          world.teach(model, "s", TinyWorld.rows(from, from + 5, 4));
        }
        if (step == 60) {
          world.writer.release("shop");
          world.journal.forget("shop");
          world.tenants.delete("shop");
          world.tenants.create("shop");
          world.teach("shop", "s", List.of(new Row("w1 w2", "only this"), new Row("w9", "or this")));
        }
        var texts = new ArrayList<String>();
        for (int i = 0; i < 1 + random.below(5 * step + 1, 4); i++) {
          texts.add(TinyWorld.row(random.below(5 * step + 2, 12) + i, 3).text());
        }
        int top = 1 + random.below(5 * step + 3, 2);
        assertSame(world.asking.predict(model, texts, top), cached.predict(model, texts, top));
      }
      CachedAsking.Stats stats = cached.stats();
      assertTrue(stats.hits() > 30 && stats.outdated() > 5 && stats.entries() <= 20, stats.toString());
    }
  }

  @Test
  void snapshot_publishedBetweenTheLookupAndThePass_leavesNoMixture() {
    try (var world = new World(directory, backbone, NOBODY)) {
      world.teach("default", "s", TinyWorld.rows(0, 30, 3));
      var passes = new AtomicInteger();
      Predicting learnsBefore = (model, texts, top) -> {
        if (passes.incrementAndGet() == 2) {
          world.teach("default", "s", TinyWorld.rows(30, 60, 3));
        }
        return world.asking.predict(model, texts, top);
      };
      var cached = new CachedAsking(world.tenants, learnsBefore, world.latencies, NOBODY, 20);
      cached.predict("default", List.of("w1 w2"), 1);
      List<Answer> answers = cached.predict("default", List.of("w1 w2", "w3 w4"), 1);
      assertEquals(1, answers.stream().mapToLong(Answer::snapshot).distinct().count());
      assertEquals(60, answers.getFirst().through());
      assertEquals(1, cached.stats().hits());
      assertEquals(3, passes.get(), "all of them were predicted again");
    }
  }
}
