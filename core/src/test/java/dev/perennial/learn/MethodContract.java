package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What every technique must keep to, in a world that the subclass chooses. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class MethodContract {

  private static final Set<String> WITHOUT_RANDOMNESS = Set.of("ncm", "named-means");

  private TensorScope scope;

  /** Where it is learned in. */
  abstract World world();

  /** Options of the techniques that have them. */
  abstract Map<String, String> options();

  /** The steps, counted over the whole stream, before which a run is stopped and resumed. */
  abstract List<Long> stops(long steps);

  /** The techniques that learn here: all whose learners take the backbone. */
  List<String> techniques() {
    return Techniques.load().names().stream().filter(this::takesTheBackbone).toList();
  }

  /** Whether a technique learns in this world; one that needs virtual tokens refuses a backbone without. */
  final boolean takesTheBackbone(String technique) {
    try (Learner learner = choice(technique).learner(world().context(1))) {
      return learner.classNames().isEmpty();
    } catch (UsageException refused) {
      assertTrue(String.valueOf(refused.getMessage()).startsWith("expected a backbone of tokens for technique " + technique
          + ", got " + world().backbone().name()), refused.getMessage());
      return false;
    }
  }

  @BeforeEach
  final void openScope() {
    scope = TensorScope.inference();
  }

  @AfterEach
  final void closeScope() {
    scope.close();
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void learnsStream_scoresEveryClassAndKnowsItsRows(String technique) {
    LearnerContext context = world().context(1);
    try (Learner learner = choice(technique).learner(context)) {
      assertEquals(List.of(), learner.bricks());
      assertEquals(List.of(0L, 0L), shape(learner.scores(List.of())));
      var classes = new ArrayList<String>();
      for (Experience experience : world().experiences()) {
        classes.addAll(experience.classes());
        for (long step = 0; step < learner.steps(experience); step++) {
          step(learner, experience, step);
          Tensor scores = learner.scores(inputs(experience));
          assertEquals(List.of((long) experience.train().size(), (long) learner.classNames().size()), shape(scores));
        }
        assertEquals(classes, learner.classNames());
        // Well above chance; those that hold the newest classes back for the sake of the old ones reach less than others.
        assertTrue(accuracy(learner, experience) > 0.5, "accuracy " + accuracy(learner, experience));
      }
      Learner.Footprint footprint = learner.footprint();
      assertTrue(footprint.trainableParameters() > 0 && footprint.addedBytes() >= 4 * footprint.trainableParameters());
      assertTrue(context.ledger().total(Resource.PARAMETERS) >= footprint.trainableParameters());
      assertTrue(context.ledger().total(Resource.BYTES) >= footprint.addedBytes() + footprint.memoryBytes());
      assertEquals(
          footprint.trainableParameters(), learner.bricks().stream().mapToLong(Learner.BrickInfo::parameters).sum());
      learner.bricks().forEach(brick -> assertEquals(world().backbone().digest(), brick.provenance().base()));
      assertEquals("0-" + (world().experiences().size() - 1), learner.bricks().getLast().provenance().learnedOn());
      assertEquals(digestOf(technique, 1), StateDigest.of(learner.state()), "asking for scores changes nothing");
    }
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void sameSeed_sameState_andAnotherSeedAnother(String technique) {
    String digest = digestOf(technique, 1);
    assertEquals(digest, digestOf(technique, 1));
    if (WITHOUT_RANDOMNESS.contains(technique)) {
      assertEquals(digest, digestOf(technique, 2));
    } else {
      assertNotEquals(digest, digestOf(technique, 2));
    }
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void stoppedAndRestored_goesOnToTheSameBits(String technique) {
    long steps = 0;
    var run = new Run(technique, 1, new Ledger(Budget.UNLIMITED));
    while (!run.finished()) {
      run.step();
      steps++;
    }
    String digest = StateDigest.of(run.learner.state());
    float[] scores = run.scores();
    String ledger = run.context.ledger().toJson();
    List<Learner.BrickInfo> bricks = run.learner.bricks();
    run.close();
    for (long stop : stops(steps)) {
      var resumed = stopped(technique, stop);
      while (!resumed.finished()) {
        resumed.step();
      }
      assertEquals(digest, StateDigest.of(resumed.learner.state()), "stopped before step " + stop);
      assertArrayEquals(scores, resumed.scores(), "stopped before step " + stop);
      assertEquals(ledger, resumed.context.ledger().toJson(), "stopped before step " + stop);
      assertEquals(bricks, resumed.learner.bricks(), "stopped before step " + stop);
      resumed.close();
    }
  }

  /** A run that took {@code steps} steps, was stopped and went on in another learner with a cache of its own. */
  private Run stopped(String technique, long steps) {
    var first = new Run(technique, 1, new Ledger(Budget.UNLIMITED));
    for (long step = 0; step < steps; step++) {
      first.step();
    }
    var second = new Run(technique, 1, Ledger.fromJson(first.context.ledger().toJson(), Budget.UNLIMITED));
    List<StatePart> state = first.learner.state();
    second.learner.restore(byName(state), world().experiences().subList(0, first.past()));
    assertEquals(StateDigest.of(state), StateDigest.of(second.learner.state()));
    second.experience = first.experience;
    second.step = first.step;
    first.close();
    return second;
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void stateOfAnotherBackbone_isRefused(String technique) {
    try (Learner learner = choice(technique).learner(world().context(1));
        Learner other = choice(technique).learner(world().context(1))) {
      Map<String, StatePart> state = byName(learner.state());
      state.replaceAll((name, part) -> name.endsWith("origin")
          ? StatePart.of(name, part.combine(), LearnerState.origin(TinyBackbone.frozen("another"), -1).tensors())
          : part);
      var refused = assertThrows(UsageException.class, () -> other.restore(state, List.of()));
      assertEquals("expected the backbone that the bricks were learned on, of digest another, got "
          + world().backbone().name() + " of digest " + shortened(world().backbone().digest())
          + ": choose the backbone that they were learned on, or learn into a new store", refused.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource("techniques")
  void moreExperiences_holdNoMoreNativeTensors_andClosingFreesAll(String technique) {
    digestOf(technique, 1);
    long before = Pointer.totalCount();
    LearnerContext context = world().context(1);
    try (Learner learner = choice(technique).learner(context)) {
      var held = new ArrayList<Long>();
      for (Experience experience : world().experiences()) {
        for (long step = 0; step < learner.steps(experience); step++) {
          step(learner, experience, step);
        }
        held.add(Pointer.totalCount());
      }
      // The collector may still find a pointer or two of those that loaded the library: there may be fewer, never more.
      assertTrue(held.getLast() <= held.get(held.size() - 2), "pointers held after each experience: " + held);
    }
    assertTrue(Pointer.totalCount() <= before, "pointers held before " + before + ", after " + Pointer.totalCount());
  }

  private String digestOf(String technique, long seed) {
    try (var run = new Run(technique, seed, new Ledger(Budget.UNLIMITED))) {
      while (!run.finished()) {
        run.step();
      }
      return StateDigest.of(run.learner.state());
    }
  }

  private Techniques.Choice<?> choice(String technique) {
    Techniques techniques = Techniques.load();
    var asked = new HashMap<>(options());
    // With hardly any noise a private technique has to learn as any other.
    asked.put("epsilon", "100000");
    asked.keySet().retainAll(Options.flat(techniques.named(technique).defaults()).keySet());
    return techniques.choose(technique, asked);
  }

  private static void step(Learner learner, Experience experience, long step) {
    try (TensorScope stepping = TensorScope.inference()) {
      learner.step(experience, step);
    }
  }

  private static double accuracy(Learner learner, Experience experience) {
    try (TensorScope scoring = TensorScope.inference()) {
      List<String> names = learner.classNames();
      float[] scores = Tensors.toFloats(learner.scores(inputs(experience)));
      int right = 0;
      for (int row = 0; row < experience.train().size(); row++) {
        int best = 0;
        for (int c = 1; c < names.size(); c++) {
          if (scores[row * names.size() + c] > scores[row * names.size() + best]) {
            best = c;
          }
        }
        right += names.get(best).equals(experience.train().get(row).label()) ? 1 : 0;
      }
      return (double) right / experience.train().size();
    }
  }

  private static String shortened(String digest) {
    return digest.length() <= 12 ? digest : digest.substring(0, 12) + "…";
  }

  private static List<Input> inputs(Experience experience) {
    return experience.train().stream().map(Example::input).toList();
  }

  private static List<Long> shape(Tensor tensor) {
    return List.of(tensor.size(0), tensor.size(1));
  }

  private static Map<String, StatePart> byName(List<StatePart> state) {
    var parts = new LinkedHashMap<String, StatePart>();
    state.forEach(part -> parts.put(part.name(), part));
    return parts;
  }

  /** A learner on its way through the stream. */
  private final class Run implements AutoCloseable {

    private final LearnerContext context;
    private final Learner learner;
    private int experience;
    private long step;

    private Run(String technique, long seed, Ledger ledger) {
      context = world().context(seed, ledger);
      learner = choice(technique).learner(context);
    }

    private boolean finished() {
      return experience == world().experiences().size();
    }

    /** How many experiences were begun. */
    private int past() {
      return step > 0 ? experience + 1 : experience;
    }

    private void step() {
      Experience current = world().experiences().get(experience);
      MethodContract.step(learner, current, step++);
      if (step == learner.steps(current)) {
        experience++;
        step = 0;
      }
    }

    private float[] scores() {
      return Tensors.toFloats(learner.scores(inputs(world().experiences().getFirst())));
    }

    @Override
    public void close() {
      learner.close();
    }
  }
}
