package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Objective;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class RehearsalTest {

  private static final GradientOptions TRAINING = GradientOptions.DEFAULT;
  private static final Experience FIRST = experience(0, 50);
  private static final Experience SECOND = experience(1, 10);

  private World world;

  @BeforeEach
  void open() {
    world = new World(TinyBackbone.trainedFromScratch(), 1, List.of(FIRST, SECOND));
  }

  @AfterEach
  void close() {
    world.close();
  }

  private static Experience experience(int index, int rows) {
    return new Experience(index, "e", List.of("c" + index), IntStream.range(0, rows)
        .mapToObj(i -> Example.of("row " + i + " of " + index, "c" + index)).toList(), List.of());
  }

  @Test
  void replayed_nothingKept_isNothing() {
    assertEquals(List.of(), rehearsal(40).replayed(FIRST, 0));
  }

  @Test
  void replayed_moreKeptThanABatch_isABatchOfDifferentRowsEachAsOften() {
    Rehearsal rehearsal = rehearsal(40);
    end(rehearsal);
    assertEquals(rehearsal.replayed(SECOND, 5), rehearsal.replayed(SECOND, 5));
    assertNotEquals(rehearsal.replayed(SECOND, 5), rehearsal.replayed(SECOND, 6));
    var times = new HashMap<Example, Integer>();
    int steps = 2000;
    for (int step = 0; step < steps; step++) {
      List<Example> drawn = rehearsal.replayed(SECOND, step);
      assertEquals(32, drawn.size());
      assertEquals(32, new HashSet<>(drawn).size());
      drawn.forEach(example -> times.merge(example, 1, Integer::sum));
    }
    assertEquals(40, times.size());
    double share = 32.0 / 40;
    times.values().forEach(count ->
        assertTrue(Math.abs(count - steps * share) < 5 * Math.sqrt(steps * share * (1 - share)), "drawn " + count));
  }

  @Test
  void replayed_fewerKeptThanABatch_isAllOfThem() {
    Rehearsal rehearsal = rehearsal(7);
    end(rehearsal);
    assertEquals(7, new HashSet<>(rehearsal.replayed(SECOND, 0)).size());
    assertEquals(7, rehearsal.replayed(SECOND, 0).size());
  }

  private static Rehearsal rehearsal(int memory) {
    return new Rehearsal(
        TRAINING, new MemoryOptions(memory, MemoryOptions.Keep.RESERVOIR, MemoryOptions.Offer.EXPERIENCE), 1);
  }

  private void end(Rehearsal rehearsal) {
    try (var model = new GradientLearner(TRAINING, world.context(1), new Objective() {})) {
      rehearsal.end(FIRST, model);
    }
  }

  @Test
  void stepped_severalEpochs_offersEveryRowOnce() {
    var training = TRAINING.withEpochs(3);
    var rehearsal = new Rehearsal(
        training, new MemoryOptions(500, MemoryOptions.Keep.RESERVOIR, MemoryOptions.Offer.STEP), 1);
    try (var learner = new GradientLearner(training, world.context(1), rehearsal)) {
      for (Experience experience : List.of(FIRST, SECOND)) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
          if (experience == FIRST) {
            assertEquals(step == 0 ? 32 : 50, rehearsal.memory().size());
          }
        }
      }
      assertEquals(60, new HashSet<>(rehearsal.memory().examples()).size());
      assertEquals(60, rehearsal.memory().seen());
      assertEquals(StoredExamples.bytes(rehearsal.memory().examples()), learner.footprint().memoryBytes());
    }
  }

  @Test
  void end_herding_givesEachClassAnEvenShare() {
    var rehearsal = new Rehearsal(
        TRAINING, new MemoryOptions(9, MemoryOptions.Keep.HERDING, MemoryOptions.Offer.EXPERIENCE), 1);
    try (var learner = new GradientLearner(TRAINING, world.context(1), rehearsal)) {
      var shares = new ArrayList<List<Long>>();
      List<Example> before = List.of();
      for (Experience experience : List.of(FIRST, SECOND)) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
        }
        List<Example> kept = rehearsal.memory().examples();
        shares.add(Stream.of("c0", "c1")
            .map(label -> kept.stream().filter(example -> example.label().equals(label)).count()).toList());
        if (!before.isEmpty()) {
          assertEquals(before.subList(0, 5), kept.subList(0, 5), "the first choices stay");
        }
        before = kept;
      }
      assertEquals(List.of(List.of(9L, 0L), List.of(5L, 4L)), shares);
    }
  }

  @Test
  void options_herdingAtEveryStep_isRefused() {
    assertEquals("expected offer=experience with keep=herding, got offer=step: herding chooses among all rows of an "
        + "experience", assertThrows(UsageException.class,
            () -> new MemoryOptions(9, MemoryOptions.Keep.HERDING, MemoryOptions.Offer.STEP)).getMessage());
  }
}
