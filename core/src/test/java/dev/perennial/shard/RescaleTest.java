package dev.perennial.shard;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Saved by N replicas, opened by M, for all N and M of 1, 2, 4 and 8. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RescaleTest {

  private static final int[] COUNTS = {1, 2, 4, 8};
  private static final double TOLERANCE = 1e-6;

  private static final Map<String, String> OPTIONS = Map.ofEntries(
      Map.entry("epochs", "6"), Map.entry("batch", "11"), Map.entry("rate", "0.01"), Map.entry("sites", "linear"),
      Map.entry("alpha", "4"), Map.entry("features", "32"), Map.entry("memory", "13"));

  @TempDir private Path dir;
  private final World world = World.tiny(1);
  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  @AfterAll
  void end() {
    world.close();
  }

  /** Those whose every sum over rows goes through the common trainer: the same bits for any number of replicas. */
  static Stream<String> gradients() {
    return Stream.of("fine-tune", "replay", "si", "lwf");
  }

  private Learner learner(String technique, Exchange exchange) {
    var context = world.context(1).with(exchange);
    return choice(technique, "0.1").learner(context);
  }

  private static Techniques.Choice<?> choice(String technique, String dropout) {
    var options = new LinkedHashMap<>(OPTIONS);
    options.put("dropout", dropout);
    options.keySet().retainAll(
        Options.flat(Techniques.load().choose(technique, Map.of()).options()).keySet());
    return Techniques.load().choose(technique, options);
  }

  private Replicas replicas(int count, String technique) {
    return new Replicas(count, exchange -> learner(technique, exchange));
  }

  /** Learns from a place in the stream to another, counted in steps over all of it. */
  private void learn(Learner learner, long from, long to) {
    long at = 0;
    for (Experience experience : world.experiences()) {
      long steps = learner.steps(experience);
      for (long step = 0; step < steps; step++, at++) {
        if (at >= from && at < to) {
          try (TensorScope ofStep = TensorScope.inference()) {
            learner.step(experience, step);
          }
        }
      }
    }
  }

  private float[] scores(Learner learner) {
    List<Input> inputs = world.experiences().stream().flatMap(e -> e.train().stream()).map(Example::input).toList();
    return Tensors.toFloats(learner.scores(inputs));
  }

  /** Where the runs are stopped: within the second experience. */
  private long stop(String technique) {
    try (Learner learner = learner(technique, Exchange.ALONE)) {
      long first = learner.steps(world.experiences().getFirst());
      return first + Math.max(0, learner.steps(world.experiences().get(1)) - 2);
    }
  }

  private List<Experience> past() {
    return world.experiences().subList(0, 2);
  }

  /** Saves what a run of so many replicas has learned at the stop. */
  private Path saved(String technique, int count, long stop) {
    Path place = dir.resolve(technique + "-" + count);
    try (Replicas run = replicas(count, technique)) {
      learn(run, 0, stop);
      run.shards().forEach(shard -> ShardFiles.write(place, shard));
    }
    return place;
  }

  @ParameterizedTest
  @MethodSource("gradients")
  void gradients_savedByAnyOpenedByAny_goOnToTheSameBits(String technique) throws IOException {
    long stop = stop(technique);
    String unscaled;
    try (Replicas one = replicas(1, technique)) {
      learn(one, 0, Long.MAX_VALUE);
      unscaled = StateDigest.of(one.state());
    }
    for (int from : COUNTS) {
      Path place = saved(technique, from, stop);
      try (var files = Files.list(place)) {
        assertEquals(from, files.count());
      }
      for (int to : COUNTS) {
        try (Replicas run = replicas(to, technique); ShardFiles.Opened opened = ShardFiles.open(place)) {
          run.restore(opened.shards(), past());
          learn(run, stop, Long.MAX_VALUE);
          assertEquals(unscaled, StateDigest.of(run.state()), from + " to " + to);
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("gradients")
  void gradients_ofReplicas_areThoseOfOneLearner(String technique) {
    // Noise is drawn by lane, so it is left out.
    try (Learner alone = choice(technique, "0").learner(world.context(1));
        var four = new Replicas(4, exchange -> choice(technique, "0").learner(world.context(1).with(exchange)))) {
      learn(alone, 0, 12);
      learn(four, 0, 12);
      // After twelve steps of rounding in another order, which the optimiser's quotients make larger.
      assertArrayEquals(scores(alone), scores(four), (float) TOLERANCE * 10);
    }
  }

  @Test
  void analytic_savedByAnyOpenedByAny_goesOnAsIfUnscaled() {
    String technique = "g-acil";
    long stop = 1;
    float[] expected;
    List<String> classes;
    try (Learner alone = learner(technique, Exchange.ALONE)) {
      learn(alone, 0, Long.MAX_VALUE);
      expected = scores(alone);
      classes = alone.classNames();
    }
    for (int from : COUNTS) {
      Path place = saved(technique, from, stop);
      String unstopped;
      try (Replicas run = replicas(from, technique)) {
        learn(run, 0, Long.MAX_VALUE);
        unstopped = StateDigest.of(run.state());
      }
      for (int to : COUNTS) {
        try (Replicas run = replicas(to, technique); ShardFiles.Opened opened = ShardFiles.open(place)) {
          run.restore(opened.shards(), past());
          learn(run, stop, Long.MAX_VALUE);
          assertArrayEquals(expected, scores(run), (float) TOLERANCE, from + " to " + to);
          assertEquals(classes, run.classNames());
          if (from == to) {
            assertEquals(unstopped, StateDigest.of(run.state()), "as many replicas take their own sums back");
          }
        }
      }
    }
  }

  /** A single learner and any number of replicas have states of one form. */
  @ParameterizedTest
  @ValueSource(strings = {"g-acil", "fine-tune", "replay"})
  void state_ofASingleLearner_opensOnReplicasAndBack(String technique) {
    long stop = stop(technique);
    try (Learner alone = learner(technique, Exchange.ALONE); Replicas four = replicas(4, technique)) {
      learn(alone, 0, stop);
      List<StatePart> state = Shards.unite(Shards.split(alone.state(), 3));
      assertEquals(StateDigest.of(alone.state()), StateDigest.of(state));
      four.restore(Named.of(state), past());
      assertEquals(StateDigest.of(state), StateDigest.of(four.state()));
      try (Learner again = learner(technique, Exchange.ALONE)) {
        again.restore(Named.of(four.state()), past());
        learn(alone, stop, Long.MAX_VALUE);
        learn(again, stop, Long.MAX_VALUE);
        assertEquals(StateDigest.of(alone.state()), StateDigest.of(again.state()));
      }
    }
  }

  /** Each replica takes in rows of its own, and no row is lost or counted twice. */
  @Test
  void analytic_sums_areEachReplicasOwn() {
    try (Replicas four = replicas(4, "g-acil")) {
      learn(four, 0, 1);
      var rows = new ArrayList<Long>();
      for (Shard shard : four.shards()) {
        rows.add(shard.sums().getFirst().tensor("rows").longs()[0]);
      }
      int all = world.experiences().getFirst().train().size();
      assertEquals(all, rows.stream().mapToLong(Long::longValue).sum());
      assertTrue(rows.stream().allMatch(count -> count >= all / 8 * 2 && count <= (all / 8 + 1) * 2), rows.toString());
    }
  }

  @Test
  void step_failingInOneReplica_failsInAllAndTellsWhy() {
    var asked = new ArrayList<Exchange>();
    try (var run = new Replicas(4, exchange -> {
      asked.add(exchange);
      return asked.size() == 3 ? learner("ncm", exchange) : learner("fine-tune", exchange);
    })) {
      Experience unknown = new Experience(0, "none", List.of(), List.of(Example.of("abc", "x")), List.of());
      assertThrows(RuntimeException.class, () -> run.step(unknown, 0));
      assertThrows(RuntimeException.class, () -> run.step(world.experiences().getFirst(), 0));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"der++", "onpro"})
  void replicas_ofATechniqueThatNotesRows_areRefused(String technique) {
    String message = String.valueOf(assertThrows(UsageException.class, () -> replicas(2, technique)).getMessage());
    assertTrue(message.contains("shared out among replicas"), message);
  }

  @Test
  void replicas_ofAnotherNumber_areRefused() {
    assertEquals("expected 1, 2, 4 or 8 replicas, got 3",
        assertThrows(UsageException.class, () -> replicas(3, "g-acil")).getMessage());
  }
}
