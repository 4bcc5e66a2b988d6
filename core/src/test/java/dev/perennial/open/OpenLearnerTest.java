package dev.perennial.open;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.measure.RankArea;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OpenLearnerTest {

  /** Eight classes of twenty texts; the last two are learned by no test but those that find or teach them. */
  private final World world = new World(World.tiny(1).backbone(), 1, World.letters(4, 2, 20));
  private final List<Experience> stream = world.experiences().subList(0, 3);
  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static Absorbing inner(LearnerContext context) {
    Learner learner = Techniques.load().choose("g-acil", Map.of("features", "64")).learner(context);
    return (Absorbing) learner;
  }

  private OpenLearner learner(LearnerContext context) {
    return new OpenLearner(OpenOptions.DEFAULT.withKeep(0.9), context, inner(context));
  }

  private static void learn(Learner learner, List<Experience> experiences) {
    for (Experience experience : experiences) {
      for (long step = 0; step < learner.steps(experience); step++) {
        try (TensorScope stepping = TensorScope.inference()) {
          learner.step(experience, step);
        }
      }
    }
  }

  private static float[] scores(Learner learner, List<Example> rows) {
    return Tensors.toFloats(learner.scores(inputs(rows)));
  }

  private static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  private static Map<String, StatePart> byName(List<StatePart> state) {
    var parts = new LinkedHashMap<String, StatePart>();
    state.forEach(part -> parts.put(part.name(), part));
    return parts;
  }

  @Test
  void learn_aStream_endsWhereTheLearnerAloneEnds() {
    try (OpenLearner open = learner(world.context(1)); Absorbing alone = inner(world.context(1))) {
      learn(open, stream);
      learn(alone, stream);
      assertEquals(alone.classNames(), open.classNames());
      for (Experience experience : stream) {
        assertArrayEquals(scores(alone, experience.train()), scores(open, experience.train()), 1e-4f);
      }
      assertEquals(alone.bricks(), open.bricks());
      assertEquals(alone.footprint().addedBytes(), open.footprint().addedBytes());
    }
  }

  @Test
  void step_rowsOfAllSteps_areEachRowOnceAndTheHeldBackTwice() {
    try (OpenLearner open = learner(world.context(1))) {
      Experience first = stream.getFirst();
      var rows = new ArrayList<Example>();
      for (long step = 0; step < open.steps(first); step++) {
        rows.addAll(open.rows(first, step));
      }
      // A fifth of 41 rows in two classes, of which one has a row twice.
      assertEquals(first.train().size() + 8, rows.size());
      assertEquals(new HashSet<>(first.train()), new HashSet<>(rows));
      learn(open, List.of(first));
      assertThrows(IllegalArgumentException.class, () -> open.step(first, open.steps(first)));
    }
  }

  @Test
  void stoppedAndRestored_beforeAnyStep_goesOnToTheSameBits() {
    String digest;
    long ofEach;
    try (OpenLearner whole = learner(world.context(1))) {
      ofEach = whole.steps(stream.getFirst());
      learn(whole, stream);
      digest = StateDigest.of(whole.state());
    }
    for (long stop = 0; stop < 3 * ofEach; stop++) {
      try (OpenLearner first = learner(world.context(1)); OpenLearner second = learner(world.context(1))) {
        for (long step = 0; step < stop; step++) {
          first.step(stream.get((int) (step / ofEach)), step % ofEach);
        }
        int begun = (int) Math.ceilDiv(stop, ofEach);
        second.restore(byName(first.state()), stream.subList(0, begun));
        for (long step = stop; step < 3 * ofEach; step++) {
          second.step(stream.get((int) (step / ofEach)), step % ofEach);
        }
        assertEquals(digest, StateDigest.of(second.state()), "stopped before step " + stop);
      }
    }
  }

  @Test
  void restore_forPredictionAlone_judgesTheSame() {
    try (OpenLearner first = learner(world.context(1)); OpenLearner second = learner(world.context(1))) {
      learn(first, stream);
      Map<String, StatePart> needed = byName(first.state());
      needed.keySet().removeIf(part -> !second.scoresNeed(part));
      assertFalse(needed.containsKey("learner/statistics"));
      second.restore(needed, List.of());
      List<Example> rows = stream.getFirst().train();
      assertEquals(first.judge(scores(first, rows), rows.size()), second.judge(scores(second, rows), rows.size()));
      assertEquals(first.threshold(), second.threshold());
      assertEquals(first.temperature(), second.temperature());
    }
  }

  @Test
  void restore_stateOfAnotherWidth_isRefused() {
    try (OpenLearner first = learner(world.context(1)); OpenLearner second = learner(world.context(1))) {
      learn(first, stream);
      Map<String, StatePart> state = byName(first.state());
      state.computeIfPresent("open", (name, part) -> {
        var tensors = new LinkedHashMap<>(part.tensors());
        tensors.put("likeness", TensorData.of(new double[5], 5));
        return StatePart.of(name, part.combine(), tensors);
      });
      var refusal = assertThrows(FailureException.class, () -> second.restore(state, List.of()));
      assertTrue(String.valueOf(refusal.getMessage()).contains("likeness"), refusal::getMessage);
    }
  }

  @Test
  void judge_rowsOfKnownAndUnknownLetters_keepsTheShareAndTellsThemApart() {
    try (OpenLearner open = learner(world.context(1))) {
      learn(open, stream);
      List<Example> known = World.letters(3, 2, 60).stream().flatMap(e -> e.train().stream()).toList();
      List<Example> strange = world.experiences().getLast().train();
      double threshold = open.threshold();
      long kept = open.judge(scores(open, known), known.size()).stream()
          .filter(judgement -> judgement.familiarity() >= threshold).count();
      double area = RankArea.of(familiarities(open, known), familiarities(open, strange));
      assertTrue(kept > 0.75 * known.size(), kept + " of " + known.size());
      assertTrue(area > 0.75, "area " + area);
      open.judge(scores(open, known), known.size()).forEach(judgement -> {
        assertTrue(judgement.confidence() > 1.0 / 6 && judgement.confidence() <= 1);
        assertTrue(judgement.plainConfidence() < judgement.confidence(), "scores below 1 are divided by less than 1");
      });
    }
  }

  private static double[] familiarities(OpenLearner open, List<Example> rows) {
    return open.judge(scores(open, rows), rows.size()).stream()
        .mapToDouble(OpenLearner.Judgement::familiarity).toArray();
  }

  /** Rows that came late, of a new class and of a known one: to the bit as if they had been the stream's next experience. */
  @Test
  void absorb_rowsOfNewAndKnownClasses_isTheStreamWithOneMoreExperience() {
    var late = new ArrayList<Example>(world.experiences().getLast().train());
    late.addAll(World.letters(1, 2, 9).getFirst().train());
    var asExperience = new Experience(
        3, "late", late.stream().map(Example::label).distinct().toList(), late, List.of());
    LearnerContext context = world.context(1);
    try (Absorbing taught = inner(context); Absorbing twin = inner(world.context(1))) {
      learn(taught, stream);
      double before = context.ledger().total(Resource.BYTES);
      taught.absorb(late);
      learn(twin, stream);
      learn(twin, List.of(asExperience));
      assertEquals(twin.classNames(), taught.classNames());
      assertEquals(byName(twin.state()).get("statistics"), byName(taught.state()).get("statistics"));
      assertEquals(byName(twin.state()).get("head"), byName(taught.state()).get("head"));
      assertTrue(context.ledger().total(Resource.BYTES) > before, "two more classes are charged");
      assertEquals(
          context.ledger().total(Resource.BYTES), taught.footprint().addedBytes() + taught.footprint().memoryBytes());
    }
    try (OpenLearner taught = learner(world.context(1)); Absorbing twin = inner(world.context(1))) {
      learn(taught, stream);
      taught.absorb(late);
      learn(twin, stream);
      learn(twin, List.of(asExperience));
      assertArrayEquals(scores(twin, late), scores(taught, late), 1e-4f);
    }
  }

  @Test
  void discover_textsOfTwoNewClasses_findsBothAndNoMore() {
    try (OpenLearner open = learner(world.context(1))) {
      learn(open, stream);
      List<Example> strange = world.experiences().getLast().train();
      List<Proposal> proposals = Discovery.of(open, inputs(strange), new DiscoveryOptions(5, 0.5));
      assertEquals(2, proposals.size(), proposals::toString);
      for (Proposal proposal : proposals) {
        var labels = proposal.members().stream().map(row -> strange.get(row).label()).toList();
        long most = labels.stream().filter(labels.getFirst()::equals).count();
        assertTrue(most >= 0.9 * labels.size(), labels::toString);
        assertTrue(proposal.likeness() > 0 && proposal.likeness() <= 1);
        assertEquals(IntStream.range(0, labels.size()).count(), new HashSet<>(proposal.members()).size());
      }
      assertEquals(List.of(), Discovery.of(open, List.of(), DiscoveryOptions.DEFAULT));
    }
  }

  @Test
  void discover_nothingHeldBack_isRefused() {
    try (OpenLearner open = learner(world.context(1))) {
      List<Example> few = stream.getFirst().train().subList(0, 4);
      learn(open, List.of(
          new Experience(0, "few", few.stream().map(Example::label).distinct().toList(), few, List.of())));
      assertEquals(Double.NEGATIVE_INFINITY, open.threshold());
      assertEquals(1, open.temperature());
      assertThrows(UsageException.class, () -> Discovery.of(open, inputs(few), DiscoveryOptions.DEFAULT));
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> new OpenOptions(0, 0.2));
    assertThrows(UsageException.class, () -> new OpenOptions(1, 0.2));
    assertThrows(UsageException.class, () -> new OpenOptions(Double.NaN, 0.2));
    assertThrows(UsageException.class, () -> new OpenOptions(0.9, 0.6));
    assertThrows(UsageException.class, () -> new DiscoveryOptions(1, 0.5));
    assertThrows(UsageException.class, () -> new DiscoveryOptions(2, 0));
  }
}
