package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.route.Mixture;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Three bricks with heads of two classes each, and what is learned over them. */
final class BrickCollectionTest {

  private static final List<String> TEXTS = List.of("a b c", "d", "e a", "b b d c", "c", "a d");

  private Backbone backbone = TinyBert.backbone();
  private final Workers workers = new Workers(2);
  private BrickCollection bricks = collection(3);

  @BeforeEach
  void noScopeIsOpen() {
    assertEquals(List.of("b0", "b1", "b2"), bricks.names());
  }

  @AfterEach
  void close() {
    bricks.close();
    workers.close();
    backbone.close();
  }

  private static SavedBrick brick(Backbone backbone, int seed, String sites, int rank) {
    var options = new BrickOptions("lora", new LoraOptions(rank, 3, 0, sites));
    var tensors = new HashMap<String, TensorData>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      options.on(backbone).initialise(parameters, CounterRandom.of(seed));
      Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(seed, 2), 0, parameters.size()), 0.5);
      parameters.views().forEach((name, view) -> tensors.put(name, TensorData.of(Tensors.toFloats(view), view.shape())));
      return SavedBrick.of(options, tensors, Map.of(),
          new SavedBrick.Head("linear-head", List.of("x" + seed, "y" + seed),
              TensorData.of(Tensors.toFloats(Tensors.gaussians(CounterRandom.of(seed, 3), 0, 16)), 2, 8),
              TensorData.of(new float[] {0.1f, -0.1f}, 2)), Provenance.of("", seed, "test", "", backbone));
    }
  }

  private BrickCollection collection(int count) {
    var saved = new TreeMap<String, SavedBrick>();
    for (int i = 0; i < count; i++) {
      saved.put("b" + i, brick(backbone, i, i == 1 ? "query|output.dense" : "query|value", 2 + i));
    }
    return new BrickCollection(backbone, workers, saved);
  }

  /** Logits of a text with one brick, by its own adaptation. */
  private double[] logits(int head, String text, Adaptation acting) {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor features = bricks.features(backbone.prepare(List.of(new Input.Text(text))), acting);
      SavedBrick.Head own = bricks.saved(head).head().orElseThrow();
      return Tensors.toDoubles(
          torch.mm(features, Tensors.copyOf(own.weight()).t()).add(Tensors.floats(new float[] {0.1f, -0.1f}, 1, 2)));
    }
  }

  private Adaptation alone(int brick) {
    var expert = bricks.experts().get(brick);
    return expert.brick().adaptation(expert.tensors());
  }

  @Test
  void classify_rowsWithBricksOfTheirOwn_isWhatEachBrickSaysAlone() {
    int[] own = {2, 0, 1, 1, 0, 2};
    List<String> labels = bricks.classify(TEXTS, own);
    for (int row = 0; row < own.length; row++) {
      double[] logits = logits(own[row], TEXTS.get(row), alone(own[row]));
      assertEquals((logits[0] > logits[1] ? "x" : "y") + own[row], labels.get(row));
    }
  }

  /** The weights of each token from its own numbers, so that rows and tokens differ. */
  private SiteRouter byToken() {
    List<Site> sites = backbone.sites().stream().filter(site -> site.name().endsWith("query")).toList();
    return new SiteRouter() {
      @Override
      public List<Site> sites() {
        return sites;
      }

      @Override
      public Map<Site, Router> pass() {
        var routers = new HashMap<Site, Router>();
        sites.forEach(site -> routers.put(site, inputs -> torch.softmax(inputs.narrow(1, 0, 3).mul(new Scalar(3.0)), 1)));
        return routers;
      }
    };
  }

  @Test
  void mixAndListen_batchesWithPadding_areWhatEachTextGivesAlone() {
    List<BrickCollection.Mixed> mixed = bricks.mix(TEXTS, byToken());
    List<BrickCollection.Mixed> heard = bricks.listen(TEXTS, byToken());
    for (int row = 0; row < TEXTS.size(); row++) {
      BrickCollection.Mixed own = bricks.mix(List.of(TEXTS.get(row)), byToken()).getFirst();
      assertEquals(own.label(), mixed.get(row).label());
      assertArrayEquals(own.shares(), mixed.get(row).shares(), 1e-5);
      assertArrayEquals(bricks.listen(List.of(TEXTS.get(row)), byToken()).getFirst().shares(), heard.get(row).shares(), 1e-5);
      double sum = 0;
      for (double share : heard.get(row).shares()) {
        sum += share;
      }
      assertEquals(1, sum, 1e-5);
      assertEquals("", heard.get(row).label());
    }
    assertTrue(Math.abs(mixed.getFirst().shares()[0] - heard.getFirst().shares()[0]) > 1e-6, "bricks do not act");
  }

  @Test
  void levels_ofTwoBlocks_areTheFeaturesThatEachBlockGives() {
    List<float[]> both = bricks.features(TEXTS, 2);
    List<float[]> last = bricks.features(TEXTS, 1);
    for (int row = 0; row < TEXTS.size(); row++) {
      assertEquals(16, both.get(row).length);
      for (int i = 0; i < 8; i++) {
        assertEquals(last.get(row)[i], both.get(row)[8 + i], 1e-5);
      }
      try (TensorScope scope = TensorScope.inference()) {
        var pass = backbone.pass(backbone.prepare(List.of(new Input.Text(TEXTS.get(row)))));
        float[] first = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 1, Adaptation.NONE)));
        for (int i = 0; i < 8; i++) {
          assertEquals(first[i], both.get(row)[i], 1e-5);
        }
      }
    }
  }

  @Test
  void everything_manyTimes_holdsNoMorePointers() {
    var counts = new ArrayList<Long>();
    for (int round = 0; round < 6; round++) {
      bricks.classify(TEXTS, 0, 1, 2, 0, 1, 2);
      bricks.mix(TEXTS, byToken());
      bricks.listen(TEXTS, byToken());
      LearnedRouter.learn(LearnedRouter.Kind.RECURRENT, bricks, examples(), 2, done -> { }).close();
      new SkillLearning(bricks, SkillLearning.Way.MHR_Z, 2).learn(examples(), 2, done -> { });
      counts.add(Pointer.totalCount());
    }
    assertEquals(counts.get(2), counts.getLast(), counts::toString);
  }

  /** Every text is of the class that the brick of its first letter names. */
  private List<Example> examples() {
    var examples = new ArrayList<Example>();
    for (String text : TEXTS) {
      int brick = text.charAt(0) % 3;
      examples.add(Example.of(text, bricks.classify(List.of(text), brick).getFirst()));
    }
    return examples;
  }

  @Test
  void learn_eitherRouter_lowersTheLossAndIsRestoredToTheBit() {
    for (LearnedRouter.Kind kind : LearnedRouter.Kind.values()) {
      try (var begun = LearnedRouter.learn(kind, bricks, examples(), 1, done -> { });
          var learned = LearnedRouter.learn(kind, bricks, examples(), 250, done -> { });
          var again = LearnedRouter.learn(kind, bricks, examples(), 250, done -> { });
          var restored = new LearnedRouter(kind, bricks, learned.state())) {
        assertTrue(loss(learned) < loss(begun) - 0.02, kind + ": " + loss(begun) + " became " + loss(learned));
        List<BrickCollection.Mixed> first = bricks.mix(TEXTS, learned);
        for (LearnedRouter other : List.of(again, restored)) {
          List<BrickCollection.Mixed> second = bricks.mix(TEXTS, other);
          for (int row = 0; row < first.size(); row++) {
            assertArrayEquals(first.get(row).shares(), second.get(row).shares(), kind.id());
          }
        }
      }
    }
  }

  /** The cross-entropy of the heads of all bricks together, on the features of the mixture. */
  private double loss(SiteRouter router) {
    try (TensorScope scope = TensorScope.inference()) {
      double[] logs = Tensors.toDoubles(torch.log_softmax(bricks.logits(bricks.features(
          backbone.prepare(TEXTS.stream().map(Input.Text::new).toList()), Mixture.bySite(bricks.experts(), router))), 1));
      List<Example> examples = examples();
      double loss = 0;
      for (int row = 0; row < TEXTS.size(); row++) {
        loss -= logs[6 * row + bricks.classes().indexOf(examples.get(row).label())] / TEXTS.size();
      }
      return loss;
    }
  }

  @Test
  void learn_classThatNoHeadKnows_isRefused() {
    var refused = assertThrows(UsageException.class, () -> LearnedRouter.learn(
        LearnedRouter.Kind.TOP_P, bricks, List.of(Example.of("a", "unknown")), 1, done -> { }));
    assertTrue(String.valueOf(refused.getMessage()).contains("unknown"), String.valueOf(refused.getMessage()));
  }

  @Test
  void skills_ofOneBrickByRouting_areThatBrick() {
    try (BrickCollection one = collection(1)) {
      SavedBrick made = new SkillLearning(one, SkillLearning.Way.MHR_Z, 4).learn(examples(), 3, done -> { });
      // One skill has the weight 1, whatever its routing is.
      assertArrayEquals(delta(one.saved(0)), delta(made), 1e-5f);
      assertEquals(List.of("b0"), made.provenance().parents());
      assertEquals("mhr-z", made.provenance().technique());
    }
  }

  private float[] delta(SavedBrick brick) {
    try (TensorScope scope = TensorScope.inference()) {
      var tensors = new HashMap<String, Tensor>();
      brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      var layout = brick.on(backbone);
      return Tensors.toFloats(Objects.requireNonNull(layout.delta(layout.sites().getFirst(), tensors)).weight());
    }
  }

  @Test
  void skills_anyWay_lowerTheLossOfTheNewTask() {
    var examples = List.of(Example.of("a b", "p"), Example.of("c d", "q"), Example.of("e", "p"), Example.of("d d", "q"));
    for (SkillLearning.Way way : SkillLearning.Way.values()) {
      var learning = new SkillLearning(bricks, way, 2);
      double before = loss(learning.learn(examples, 1, done -> { }), examples);
      SavedBrick made = learning.learn(examples, 150, done -> { });
      assertTrue(loss(made, examples) < 0.8 * before, way + ": " + before + " became " + loss(made, examples));
      assertEquals(List.of("p", "q"), made.head().orElseThrow().classes());
      assertEquals(way.id(), made.provenance().technique());
    }
    assertThrows(UsageException.class, () -> new SkillLearning(bricks, SkillLearning.Way.MHR, 3));
  }

  private double loss(SavedBrick brick, List<Example> examples) {
    try (TensorScope scope = TensorScope.inference()) {
      var tensors = new HashMap<String, Tensor>();
      brick.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      Tensor features = bricks.features(
          backbone.prepare(examples.stream().map(Example::input).toList()), brick.on(backbone).adaptation(tensors));
      Tensor logits = LinearScores.of(brick.head().orElseThrow()).of(features);
      double[] logs = Tensors.toDoubles(torch.log_softmax(logits, 1));
      double loss = 0;
      for (int row = 0; row < examples.size(); row++) {
        loss -= logs[2 * row + (examples.get(row).label().equals("p") ? 0 : 1)] / examples.size();
      }
      return loss;
    }
  }
}
