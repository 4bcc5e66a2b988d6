package dev.perennial.learn.auto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.TinyBert;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.OverdrawnException;
import dev.perennial.budget.Placement;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AutoTest {

  private static final Map<String, String> OPTIONS =
      Map.of("epochs", "3", "batch", "4", "rate", "0.01", "sites", "linear", "features", "32");

  private final World world = new World(World.tiny(1).backbone(), 1, World.letters(4, 2, 20));
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

  private static Learner learner(String technique, Map<String, String> more, LearnerContext context) {
    var options = new HashMap<>(OPTIONS);
    options.putAll(more);
    if (technique.equals("g-acil")) {
      options.keySet().retainAll(List.of("features", "levels", "ridge"));
    }
    return Techniques.load().choose(technique, options).learner(context);
  }

  private void learn(Learner learner) {
    learn(learner, world);
  }

  private static void learn(Learner learner, World world) {
    for (Experience experience : world.experiences()) {
      for (long step = 0; step < learner.steps(experience); step++) {
        try (TensorScope stepping = TensorScope.inference()) {
          learner.step(experience, step);
        }
      }
    }
  }

  private float[] scores(Learner learner) {
    List<? extends Input> inputs =
        world.experiences().stream().flatMap(experience -> experience.train().stream()).map(Example::input).toList();
    return Tensors.toFloats(learner.scores(inputs));
  }

  /** The sums of an analytic head do not depend on the order of rows, so those that came late leave no trace. */
  @Test
  void learn_untilOneIsChosen_endsWhereThatOneAloneEnds() {
    LearnerContext context = world.context(1);
    try (Learner auto = learner("auto", Map.of("enough", "5"), context)) {
      learn(auto);
      List<Placement> decisions = context.ledger().placements();
      Placement last = decisions.getLast();
      assertEquals(1, last.experience(), decisions::toString);
      assertTrue(last.why().startsWith("out"), last::why);
      String chosen = last.site().equals("technique g-acil") ? "latent-replay" : "g-acil";
      assertTrue(last.why().contains(chosen), last::why);
      if (chosen.equals("g-acil")) {
        try (Learner alone = learner(chosen, Map.of(), world.context(1))) {
          learn(alone);
          assertArrayEquals(scores(alone), scores(auto), 1e-4f);
          assertEquals(alone.footprint(), auto.footprint());
        }
      } else {
        assertEquals(2, auto.bricks().size());
      }
    }
  }

  @Test
  void learn_withBytesForTheCheapestAlone_goesOnWithIt() {
    try (Learner alone = learner("g-acil", Map.of(), world.context(1))) {
      learn(alone);
      double bytes = alone.footprint().addedBytes() + alone.footprint().memoryBytes();
      var ledger = new Ledger(new Budget(Map.of(Resource.BYTES, bytes + 100)));
      try (Learner auto = learner("auto", Map.of(), world.context(1, ledger))) {
        learn(auto);
        assertEquals("technique latent-replay", ledger.placements().getFirst().site());
        assertTrue(ledger.placements().getFirst().why().contains("bytes budget"), ledger.placements()::toString);
        assertArrayEquals(scores(alone), scores(auto), 1e-4f);
      }
    }
  }

  /** Bytes for both at first, and for the cheaper alone to the end. */
  @Test
  void learn_untilBothNoLongerFit_goesOnWithTheOneInCharge_andTakesTheOthersRoom() {
    double[] alone = new double[2];
    var unlimited = new Ledger(Budget.UNLIMITED);
    try (Learner cheap = learner("g-acil", Map.of(), world.context(1));
        Learner both = learner("auto", Map.of("leastGain", "1", "deviations", "1000"), world.context(1, unlimited))) {
      learn(cheap);
      learn(both);
      alone[0] = cheap.footprint().addedBytes() + cheap.footprint().memoryBytes();
      alone[1] = unlimited.total(Resource.BYTES);
      assertEquals(List.of(), unlimited.placements());
    }
    var ledger = new Ledger(new Budget(Map.of(Resource.BYTES, alone[1] - 1)));
    try (Learner auto = learner("auto", Map.of("leastGain", "1", "deviations", "1000"), world.context(1, ledger));
        Learner cheap = learner("g-acil", Map.of(), world.context(1))) {
      learn(auto);
      learn(cheap);
      assertEquals(1, ledger.placements().size(), ledger.placements()::toString);
      Placement out = ledger.placements().getFirst();
      assertEquals("technique latent-replay", out.site());
      assertEquals(world.experiences().size() - 1, out.experience());
      assertTrue(ledger.total(Resource.BYTES) > alone[0] && ledger.total(Resource.BYTES) < alone[1], ledger.entries()::toString);
      assertArrayEquals(scores(cheap), scores(auto), 1e-4f);
      assertEquals(cheap.footprint(), auto.footprint());
    }
  }

  @Test
  void learn_manyExperiencesOfFewRows_endsTheComparisonAfterSoManyOfThem() {
    LearnerContext context = world.context(1);
    try (Learner auto = learner("auto", Map.of("leastGain", "1", "deviations", "1000", "experiences", "2"), context)) {
      learn(auto);
      assertEquals(1, context.ledger().placements().size(), context.ledger().placements()::toString);
      Placement out = context.ledger().placements().getFirst();
      assertEquals(2, out.experience());
      assertTrue(out.why().contains("after 2 experiences"), out::why);
      assertEquals(1, auto.bricks().size());
    }
  }

  /** A class by itself gives nothing to adapt to; a row by itself gives nothing to hold back. */
  @ParameterizedTest
  @ValueSource(ints = {1, 20})
  void learn_aFirstExperienceOfOneClassAndNoStatesKept_isTheCheapestAlone(int rows) {
    LearnerContext context = world.context(1);
    try (World single = new World(World.tiny(1).backbone(), 1, World.letters(3, 1, rows));
        Learner auto = learner("auto", Map.of("latents", "0"), context);
        Learner cheap = learner("g-acil", Map.of(), single.context(1))) {
      learn(auto, single);
      learn(cheap, single);
      Placement out = context.ledger().placements().getFirst();
      assertEquals("technique latent-replay", out.site());
      assertEquals(0, out.experience());
      assertTrue(out.why().contains("one class"), out::why);
      assertArrayEquals(scores(cheap), scores(auto), 1e-4f);
      assertEquals(cheap.footprint(), auto.footprint());
    }
  }

  /** What adapts itself later, too, is compared from the beginning on, however few classes come at a time. */
  @Test
  void learn_oneClassAtATime_comparesBothUntilTheEndOfTheComparison() {
    var stream = new ArrayList<Experience>();
    for (String word : List.of("a", "b", "c", "d", "e")) {
      List<Example> rows = IntStream.rangeClosed(1, 20)
          .mapToObj(times -> Example.of((word + " ").repeat(times).strip(), word)).toList();
      stream.add(new Experience(stream.size(), word, List.of(word), rows, List.of()));
    }
    try (World single = new World(TinyBert.backbone(), 1, stream)) {
      LearnerContext context = single.context(1);
      var options = Map.of("leastGain", "0", "deviations", "1000", "experiences", "4", "sites", "usual");
      try (Learner auto = learner("auto", options, context)) {
        learn(auto, single);
        Placement last = context.ledger().placements().getLast();
        assertEquals(4, last.experience());
        assertTrue(last.why().contains("after 4 experiences"), last::why);
        // A fifth of the 20 rows of each of the second to the fourth class.
        assertTrue(last.why().contains("of 12 held-back rows"), last::why);
        assertEquals(List.of("a", "b", "c", "d", "e"), auto.classNames());
      }
    }
  }

  /** Who reads a state without learning sees the same one in charge, and can put the others out. */
  @Test
  void inCharge_ofAStateThatWasKept_isTheOneThatPredicts() {
    LearnerContext context = world.context(1);
    try (Learner auto = learner("auto", Map.of("leastGain", "1", "deviations", "1000"), context);
        Learner restored = learner("auto", Map.of(), world.context(1))) {
      learn(auto);
      var state = new LinkedHashMap<String, StatePart>();
      auto.state().forEach(part -> state.put(part.name(), part));
      InCharge inCharge = InCharge.of(LearnerState.part(state, InCharge.PART));
      assertEquals(new InCharge("g-acil", List.of("latent-replay"), inCharge.part()), inCharge);
      assertFalse(inCharge.isAdapted());
      Placement out = inCharge.out("latent-replay", 3, "as it is tested");
      assertEquals("technique latent-replay", out.site());
      assertTrue(out.why().startsWith("out, as it is tested, and g-acil is in charge, right where"), out::why);
      state.put(InCharge.PART, inCharge.alone().part());
      state.keySet().removeIf(name -> name.startsWith("latent-replay/"));
      restored.restore(state, List.of());
      assertArrayEquals(scores(auto), scores(restored));
      assertTrue(restored.footprint().memoryBytes() < auto.footprint().memoryBytes());
    }
  }

  @Test
  void restore_aStateOfOtherCandidates_isRefused() {
    try (Learner auto = learner("auto", Map.of("leastGain", "1", "deviations", "1000"), world.context(1));
        Learner restored = learner("auto", Map.of(), world.context(1))) {
      learn(auto);
      var state = new LinkedHashMap<String, StatePart>();
      auto.state().forEach(part -> state.put(part.name().replace("latent-replay/", "another/"), part));
      var refusal = assertThrows(FailureException.class, () -> restored.restore(state, List.of()));
      assertTrue(String.valueOf(refusal.getMessage()).contains("earlier version"), refusal::getMessage);
    }
  }

  @Test
  void learn_withBytesForNone_isRefusedAsAnyTechniqueIs() {
    var ledger = new Ledger(new Budget(Map.of(Resource.BYTES, 100.0)));
    try (Learner auto = learner("auto", Map.of(), world.context(1, ledger))) {
      assertThrows(OverdrawnException.class, () -> learn(auto));
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    for (String option : List.of("heldBack=0", "heldBack=0.6", "leastGain=-1", "deviations=0", "enough=0", "experiences=0")) {
      String[] parts = option.split("=", 2);
      var refusal = assertThrows(
          UsageException.class, () -> Techniques.load().choose("auto", Map.of(parts[0], parts[1])));
      assertTrue(String.valueOf(refusal.getMessage()).contains(parts[0]), refusal::getMessage);
    }
  }
}
