package dev.perennial.learn.analytic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.Brick;
import dev.perennial.brick.RandomProjection;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LatentReplayTest {

  private static final String SITES = "layer.1.*(query|value)";
  private static final Map<String, String> OPTIONS = Map.of("epochs", "4", "batch", "4", "rate", "0.02", "features", "32",
      "sites", SITES);

  private final World world = new World(TinyBert.backbone(), 1, words(4));
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

  /** Three experiences of two classes: a class is a word, said once to so many times. */
  static List<Experience> words(int most) {
    List<String> words = List.of("a", "b", "c", "d", "e", "z");
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < 3; e++) {
      var rows = new ArrayList<Example>();
      for (int times = 1; times <= most; times++) {
        for (int c = 2 * e; c < 2 * e + 2; c++) {
          rows.add(Example.of((words.get(c) + " ").repeat(1 + times % 12).strip(), "class-" + c));
        }
      }
      stream.add(new Experience(
          e, "experience " + e, List.of("class-" + 2 * e, "class-" + (2 * e + 1)), rows, List.of()));
    }
    return stream;
  }

  private static Learner learner(String technique, Map<String, String> more, LearnerContext context) {
    var options = new HashMap<>(OPTIONS);
    options.putAll(more);
    return Techniques.load().choose(technique, options).learner(context);
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

  private List<Example> rows() {
    return world.experiences().stream().flatMap(experience -> experience.train().stream()).toList();
  }

  private float[] scores(Learner learner) {
    return Tensors.toFloats(learner.scores(rows().stream().map(Example::input).toList()));
  }

  private static Map<String, StatePart> state(Learner learner) {
    var state = new LinkedHashMap<String, StatePart>();
    learner.state().forEach(part -> state.put(part.name(), part));
    return state;
  }

  /** What a head scores whose sums are made at once, of the texts themselves. */
  private float[] twin(Learner learner) {
    LearnerContext context = world.context(1);
    SavedBrick saved = learner.saved("adapter").orElseThrow();
    Brick brick = saved.on(world.backbone());
    var tensors = new HashMap<String, Tensor>();
    saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
    var network = new FeatureCache.Frozen("twin", Adaptation.forEachPass(brick.lowestBlock(), () -> brick.adaptation(tensors)));
    var options = new AnalyticOptions(32, 3, 0.03);
    long[] labels = rows().stream().mapToLong(row -> learner.classNames().indexOf(row.label())).toArray();
    List<Input> inputs = rows().stream().map(Example::input).toList();
    try (RandomProjection projection = options.projection(world.backbone(), 1, world.workers());
        AnalyticHead head = new AnalyticHead(32, 0.03, world.workers())) {
      Tensor features = projection.apply(context.cache().features(inputs, network, options.levelsOf(world.backbone())));
      head.grow(learner.classNames().size());
      head.add(features, labels);
      head.solve();
      return Tensors.toFloats(head.scores(features));
    }
  }

  /** A byte a number is off by 1 / 254 of the largest at most, a few of which add up in a score. */
  @Test
  void learn_anyExperiences_leavesTheHeadOfAllTextsOverTheBrickAsItIs() {
    try (Learner learner = learner("latent-replay", Map.of(), world.context(1));
        Learner once = learner("latent-replay", Map.of("again", "1000"), world.context(1))) {
      learn(learner, world.experiences());
      learn(once, world.experiences());
      assertArrayEquals(twin(learner), scores(learner), 0.03f);
      float[] other = scores(once);
      double largest = 0;
      float[] own = scores(learner);
      for (int i = 0; i < own.length; i++) {
        largest = Math.max(largest, Math.abs(own[i] - other[i]));
      }
      assertTrue(largest > 0.1, "a brick that is trained on is another: " + largest);
    }
  }

  /** Of 8 rows each, in batches of 4: four passes the first time, then one, over new rows and those old ones that there are. */
  @Test
  void steps_laterExperiences_areOnePassOverNewRowsAndTheOldOnesBesideThem() {
    Map<String, List<Integer>> trained = Map.of("0", List.of(8, 2, 2), "1", List.of(8, 4, 4), "5", List.of(8, 4, 6));
    trained.forEach((replayed, expected) -> {
      try (Learner learner = learner("latent-replay", Map.of("replayed", replayed), world.context(1))) {
        int rows = 0;
        for (Experience experience : world.experiences()) {
          rows += experience.train().size();
          assertEquals(expected.get(experience.index()) + AnalyticModel.steps(rows), learner.steps(experience), replayed);
          learn(learner, List.of(experience));
        }
      }
    });
  }

  @Test
  void learn_neverAgain_isFirstSessionAdaptationToTheBit() {
    try (Learner learner = learner("latent-replay", Map.of("again", "1000"), world.context(1));
        Learner first = learner("first-session-analytic", Map.of(), world.context(1))) {
      learn(learner, world.experiences());
      learn(first, world.experiences());
      assertArrayEquals(scores(first), scores(learner));
      // A token a word, and two more a text: of each token a byte for each of 8 numbers, and a scale.
      long tokens = rows().stream().mapToLong(row -> ((Input.Text) row.input()).value().split(" ").length + 2).sum();
      assertEquals(first.footprint().memoryBytes() + tokens * (8 + 4), learner.footprint().memoryBytes());
    }
  }

  @Test
  void learn_noStatesAllowed_isFirstSessionAdaptationToTheBit() {
    try (Learner learner = learner("latent-replay", Map.of("latents", "0"), world.context(1));
        Learner first = learner("first-session-analytic", Map.of(), world.context(1))) {
      learn(learner, world.experiences());
      learn(first, world.experiences());
      assertArrayEquals(scores(first), scores(learner));
      assertEquals(first.footprint(), learner.footprint());
    }
  }

  /** 1 MiB is 87,381 tokens of 12 bytes. */
  @Test
  void learn_moreThanMayBeKept_goesOnWithTheBrickAsItIs_andLosesNoRow() {
    List<Experience> few = words(4);
    List<Experience> many = words(7000);
    List<Experience> stream = List.of(few.getFirst(), many.get(1), few.get(2));
    var options = Map.of("latents", "1", "epochs", "1", "batch", "1024");
    try (Learner learner = learner("latent-replay", options, world.context(1));
        Learner first = learner("first-session-analytic", Map.of("epochs", "1", "batch", "1024"), world.context(1))) {
      learn(learner, stream);
      learn(first, stream);
      assertArrayEquals(scores(first), scores(learner), 1e-4f);
      assertEquals(first.footprint(), learner.footprint());
    }
  }

  /** A class by itself trains nothing; with the second, the brick is trained for the first time on all rows of both. */
  @Test
  void learn_oneClassAtATime_trainsTheBrickWithTheSecond() {
    Experience both = world.experiences().getFirst();
    var single = new ArrayList<Experience>();
    for (String label : both.classes()) {
      single.add(new Experience(single.size(), label, List.of(label),
          both.train().stream().filter(row -> row.label().equals(label)).toList(), List.of()));
    }
    try (Learner learner = learner("latent-replay", Map.of(), world.context(1));
        Learner together = learner("latent-replay", Map.of(), world.context(1))) {
      learn(learner, single.subList(0, 1));
      assertEquals(List.of("analytic-head"), learner.bricks().stream().map(Learner.BrickInfo::kind).toList());
      Experience second = single.getLast();
      assertEquals(together.steps(both), learner.steps(second));
      learn(learner, single.subList(1, 2));
      learn(together, List.of(both));
      assertEquals(together.bricks().stream().map(Learner.BrickInfo::parameters).toList(),
          learner.bricks().stream().map(Learner.BrickInfo::parameters).toList());
      assertEquals(together.footprint().memoryBytes(), learner.footprint().memoryBytes());
    }
  }

  /** So that a row in which the process dies can be found and left out. */
  @Test
  void rows_ofTheFirstExperience_areThoseOfEachStep() {
    try (Learner learner = learner("latent-replay", Map.of(), world.context(1));
        Learner first = learner("first-session-analytic", Map.of(), world.context(1))) {
      Experience experience = world.experiences().getFirst();
      for (long step = 0; step < learner.steps(experience); step++) {
        assertEquals(first.rows(experience, step), learner.rows(experience, step));
        assertTrue(!learner.rows(experience, step).isEmpty());
      }
    }
  }

  /** A server teaches rows that are in the head's sums alone. Sums that were made anew of states would lack them. */
  @Test
  void restore_aHeadThatKnowsMoreRowsThanThereAreStatesOf_givesTheStatesUp() {
    LearnerContext context = world.context(1);
    try (Learner learner = learner("latent-replay", Map.of(), world.context(1));
        Learner restored = learner("latent-replay", Map.of(), context);
        Learner first = learner("first-session-analytic", Map.of(), world.context(1))) {
      learn(learner, world.experiences().subList(0, 1));
      Map<String, StatePart> state = state(learner);
      assertTrue(state.keySet().removeIf(name -> name.startsWith("latents/")));
      restored.restore(state, world.experiences().subList(0, 1));
      learn(restored, world.experiences().subList(1, 3));
      learn(first, world.experiences());
      assertArrayEquals(scores(first), scores(restored));
    }
  }

  @Test
  void sites_inTheFirstBlock_areRefused_becauseTextsWouldHaveToBeKept() {
    var refusal = assertThrows(
        UsageException.class, () -> learner("latent-replay", Map.of("sites", "query"), world.context(1)));
    assertTrue(String.valueOf(refusal.getMessage()).contains("sites=query"), refusal::getMessage);
    for (String option : List.of("from=-1", "again=1", "replayed=-1", "latents=-1")) {
      String[] parts = option.split("=", 2);
      var range = assertThrows(
          UsageException.class, () -> Techniques.load().choose("latent-replay", Map.of(parts[0], parts[1])));
      assertTrue(String.valueOf(range.getMessage()).contains(parts[0]), range::getMessage);
    }
  }

  @Test
  void restore_damagedLatents_isRefused() {
    try (Learner learner = learner("latent-replay", Map.of(), world.context(1))) {
      learn(learner, world.experiences().subList(0, 1));
      Map<String, StatePart> state = state(learner);
      StatePart piece = LearnerState.part(state, "latents/0");
      for (String tensor : List.of("ends", "scales")) {
        var tensors = new HashMap<>(piece.tensors());
        TensorData old = piece.tensor(tensor);
        int count = old.shape().getFirst().intValue();
        tensors.put(tensor, tensor.equals("ends")
            ? TensorData.of(new long[count], count) : TensorData.of(new float[count + 1], count + 1));
        state.put("latents/0", StatePart.of("latents/0", piece.combine(), tensors));
        try (Learner restored = learner("latent-replay", Map.of(), world.context(1))) {
          var refusal = assertThrows(FailureException.class, () -> restored.restore(state, List.of()));
          assertTrue(String.valueOf(refusal.getMessage()).contains("latents"), refusal::getMessage);
        }
      }
    }
  }
}
