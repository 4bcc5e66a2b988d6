package dev.perennial.learn.prompt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.TinyBert;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.EpochOrder;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PromptsTest {

  private static final int WIDTH = 8;
  private static final int BATCH = 4;
  /** With a decay, which would move what is frozen and has no gradient. */
  private static final PromptTraining TRAINING = new PromptTraining(2, BATCH, new OptimiserOptions(
      OptimiserOptions.Kind.ADAMW, 0.05, 0, OptimiserOptions.Schedule.CONSTANT, 0, 0.1), HeadOptions.DEFAULT, true);

  private World world;
  private LearnerContext context;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = new World(TinyBert.backbone(), 1, List.of(
        experience(0, "a", "b"), experience(1, "c", "d"), experience(2, "e", "a c")));
    context = world.context(1);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static Experience experience(int index, String one, String other) {
    return new Experience(index, "experience " + index, List.of(one, other), List.of(
        Example.of(one + " " + one, one), Example.of(other, other), Example.of(one + " z", one),
        Example.of(other + " " + other + " z", other)), List.of());
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope stepping = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  /** The queries of rows, of length 1. */
  private double[][] queries(List<Example> rows) {
    List<Input> inputs = rows.stream().map(Example::input).toList();
    double[] all = Tensors.toDoubles(context.cache().features(inputs, FeatureCache.Frozen.BACKBONE));
    return IntStream.range(0, rows.size())
        .mapToObj(row -> scaled(Arrays.copyOfRange(all, row * WIDTH, (row + 1) * WIDTH))).toArray(double[][]::new);
  }

  private static double dot(double[] one, double[] other) {
    return IntStream.range(0, one.length).mapToDouble(i -> one[i] * other[i]).sum();
  }

  private static double[] scaled(double[] vector) {
    double length = Math.sqrt(dot(vector, vector));
    return Arrays.stream(vector).map(value -> value / length).toArray();
  }

  private static Tensor single(double[] query) {
    return Tensors.doubles(query, 1, WIDTH).to(torch.ScalarType.Float);
  }

  private static double[] row(Map<String, Tensor> tensors, String name, int row) {
    return Tensors.toDoubles(Objects.requireNonNull(tensors.get(name)).select(0, row));
  }

  /** The rows of the batch that a step saw, as one worker's part with the parameters as they are now. */
  private Part part(GradientLearner learner, List<Example> rows) {
    int[] positions = IntStream.range(0, rows.size()).toArray();
    return new Part(rows, positions, new long[rows.size()], Tensors.zeros(rows.size(), WIDTH),
        Tensors.zeros(rows.size(), 2), learner.parameters().views());
  }

  @Test
  void l2p_choosesTheNearestKeys_andDrawsThemNearer() {
    var pool = new L2p.Pool(new L2p.Options(TRAINING, 5, 2, 3, 0.7), context);
    try (GradientLearner learner = pool.learner()) {
      Experience first = world.experiences().getFirst();
      learner.step(first, 0);
      List<Example> rows = new EpochOrder(1, 0, BATCH).batch(first.train(), 0);
      Map<String, Tensor> views = learner.parameters().views();
      double[][] queries = queries(rows);
      double expected = 0;
      for (int row = 0; row < rows.size(); row++) {
        double[] query = queries[row];
        List<Integer> nearest = IntStream.range(0, 5).boxed()
            .sorted((x, y) -> Double.compare(
                dot(query, scaled(row(views, L2p.Pool.KEYS, y))), dot(query, scaled(row(views, L2p.Pool.KEYS, x)))))
            .limit(3).toList();
        expected += nearest.stream()
            .mapToDouble(key -> 0.7 * (1 - dot(query, scaled(row(views, L2p.Pool.KEYS, key))))).sum();
        VirtualTokens tokens = pool.tokens(views, single(query));
        double[] given = Tensors.toDoubles(Objects.requireNonNull(tokens.prompt()));
        for (int i = 0; i < 3; i++) {
          assertArrayEquals(row(views, L2p.Pool.PROMPTS, nearest.get(i)),
              Arrays.copyOfRange(given, i * 2 * WIDTH, (i + 1) * 2 * WIDTH), 1e-9);
        }
      }
      assertEquals(expected, pool.outputLoss(new Batch(first, 0, rows, rows.size()), part(learner, rows)).item_double(), 1e-5);
    }
  }

  @Test
  void dualPrompt_formerExpertsStay_generalMoves_andQueriesFindTheNearestKey() {
    var experts = new DualPrompt.Experts(new DualPrompt.Options(TRAINING, 2, 1, 3, 0.5), context);
    try (GradientLearner learner = experts.learner()) {
      learn(learner, world.experiences().getFirst());
      Map<String, Tensor> before = learner.parameters().views();
      double[] expert = row(before, DualPrompt.Experts.EXPERTS, 0);
      double[] key = row(before, DualPrompt.Experts.KEYS, 0);
      double[] general = Tensors.toDoubles(Objects.requireNonNull(before.get(DualPrompt.Experts.GENERAL)));
      learn(learner, world.experiences().get(1));
      Map<String, Tensor> views = learner.parameters().views();
      assertArrayEquals(expert, row(views, DualPrompt.Experts.EXPERTS, 0));
      assertArrayEquals(key, row(views, DualPrompt.Experts.KEYS, 0));
      double[] moved = Tensors.toDoubles(Objects.requireNonNull(views.get(DualPrompt.Experts.GENERAL)));
      assertTrue(IntStream.range(0, moved.length).anyMatch(i -> Math.abs(moved[i] - general[i]) > 0.01));

      Experience second = world.experiences().get(1);
      List<Example> rows = new EpochOrder(1, 1, BATCH).batch(second.train(), learner.steps(second) - 1);
      double[][] queries = queries(rows);
      double[] first = scaled(row(views, DualPrompt.Experts.KEYS, 0));
      double[] own = scaled(row(views, DualPrompt.Experts.KEYS, 1));
      double pulled = 0;
      for (double[] query : queries) {
        long found = DualPrompt.Experts.found(views, single(query))[0];
        assertEquals(dot(query, own) > dot(query, first) ? 1 : 0, found);
        pulled += 0.5 * (1 - dot(query, own));
      }
      assertEquals(pulled, experts.outputLoss(
          new Batch(second, 0, rows, rows.size()), part(learner, rows)).item_double(), 1e-5);
    }
  }

  @Test
  void codaPrompt_newComponentsStartOrthogonal_formerOnesStay_andPrefixesAreTheWeightedSum() {
    var components = new CodaPrompt.Components(new CodaPrompt.Options(TRAINING, 2, 1, 5, 0.1), context);
    try (GradientLearner learner = components.learner()) {
      learn(learner, world.experiences().getFirst());
      double[][] former = {
          row(learner.parameters().views(), CodaPrompt.Components.PREFIXES, 0),
          row(learner.parameters().views(), CodaPrompt.Components.KEYS, 1)};
      Experience second = world.experiences().get(1);
      learn(learner, second);
      Map<String, Tensor> views = learner.parameters().views();
      assertArrayEquals(former[0], row(views, CodaPrompt.Components.PREFIXES, 0));
      assertArrayEquals(former[1], row(views, CodaPrompt.Components.KEYS, 1));

      List<Example> rows = new EpochOrder(1, 1, BATCH).batch(second.train(), learner.steps(second) - 1);
      double[] query = queries(rows)[0];
      double[] expected = new double[2 * 2 * WIDTH];
      for (int m = 0; m < 4; m++) {
        double[] attention = row(views, CodaPrompt.Components.ATTENTIONS, m);
        double[] attended = IntStream.range(0, WIDTH).mapToDouble(i -> query[i] * attention[i]).toArray();
        double weight = dot(scaled(attended), scaled(row(views, CodaPrompt.Components.KEYS, m)));
        double[] prefix = row(views, CodaPrompt.Components.PREFIXES, m);
        for (int i = 0; i < expected.length; i++) {
          expected[i] += weight * prefix[i];
        }
      }
      VirtualTokens tokens = components.tokens(views, single(query));
      for (int block = 0; block < 2; block++) {
        VirtualTokens.Prefix prefix = Objects.requireNonNull(tokens.prefixes().get(block));
        assertArrayEquals(Arrays.copyOfRange(expected, 2 * block * WIDTH, (2 * block + 1) * WIDTH),
            Tensors.toDoubles(prefix.key()), 1e-5);
        assertArrayEquals(Arrays.copyOfRange(expected, (2 * block + 1) * WIDTH, (2 * block + 2) * WIDTH),
            Tensors.toDoubles(prefix.value()), 1e-5);
      }
      double penalty = 0;
      for (String kind : List.of(
          CodaPrompt.Components.PREFIXES, CodaPrompt.Components.KEYS, CodaPrompt.Components.ATTENTIONS)) {
        for (int one = 0; one < 4; one++) {
          for (int other = 0; other < 4; other++) {
            penalty += Math.pow(dot(row(views, kind, one), row(views, kind, other)) - (one == other ? 1 : 0), 2) / 16;
          }
        }
      }
      assertEquals(0.1 * penalty * rows.size(), components.outputLoss(
          new Batch(second, 0, rows, rows.size()), part(learner, rows)).item_double(), 1e-5);
    }
  }

  @Test
  void codaPrompt_newComponents_areOrthonormalAndOrthogonalToFormerOnes() {
    var still = new PromptTraining(1, BATCH, OptimiserOptions.sgd(1e-30), HeadOptions.DEFAULT, true);
    var components = new CodaPrompt.Components(new CodaPrompt.Options(still, 2, 1, 5, 0), context);
    try (GradientLearner learner = components.learner()) {
      world.experiences().forEach(experience -> learn(learner, experience));
      Map<String, Tensor> views = learner.parameters().views();
      for (int one = 0; one < 6; one++) {
        for (int other = 0; other <= one; other++) {
          assertEquals(one == other ? 1 : 0, dot(row(views, CodaPrompt.Components.KEYS, one),
              row(views, CodaPrompt.Components.KEYS, other)), 1e-5, one + " and " + other);
        }
      }
    }
  }

  @Test
  void backboneWithoutTokens_isRefusedInOneLine() {
    try (World images = World.tiny(1)) {
      assertEquals("expected a backbone of tokens for technique l2p, got tiny: choose a backbone for texts, or another"
          + " technique", assertThrows(UsageException.class,
              () -> new L2p().learner(new L2p().defaults(), images.context(1))).getMessage());
    }
  }

  @Test
  void ownClassesAlone_compete() {
    var pool = new L2p.Pool(new L2p.Options(TRAINING, 2, 1, 1, 0), context);
    try (GradientLearner learner = pool.learner()) {
      learn(learner, world.experiences().getFirst());
      Tensor head = learner.parameters().view(learner.parameters().values(), "head.weight").narrow(0, 0, 2).clone();
      learn(learner, world.experiences().get(1));
      Tensor after = learner.parameters().view(learner.parameters().values(), "head.weight").narrow(0, 0, 2);
      // Nothing but the decay of two steps of 0.05 * 0.1 has moved the rows of former classes.
      double[] decayed = Arrays.stream(Tensors.toDoubles(head)).map(value -> value * Math.pow(1 - 0.005, 2)).toArray();
      assertArrayEquals(decayed, Tensors.toDoubles(after), 1e-6);
    }
  }
}
