package dev.perennial.learn.prompt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.TinyBert;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.stream.MultiLabel;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MultiLaneTest {

  private static final int WIDTH = 8;
  private static final double GATE = 0.1;
  /** With a decay, which would move what is frozen and has no gradient. */
  private static final MultiLane.Options OPTIONS = new MultiLane.Options(3, 4, new OptimiserOptions(
      OptimiserOptions.Kind.ADAMW, 0.05, 0, OptimiserOptions.Schedule.CONSTANT, 0, 0.1), HeadOptions.DEFAULT, 3, 2, 0.5,
      GATE);

  private World world;
  private LearnerContext context;
  private TensorScope scope;

  /** The class b comes again: from then on it belongs to the last pathway. */
  @BeforeEach
  void open() {
    world = new World(TinyBert.backbone(), 1, List.of(
        experience(0, "a", "b"), experience(1, "c", "d"), experience(2, "e", "b")));
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
        Example.of(other + " " + other + " z", other), Example.of(one + " " + one + " " + one, one)), List.of());
  }

  private static void learn(GradientLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope stepping = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  private List<Input> inputs() {
    return world.experiences().stream().flatMap(e -> e.train().stream()).map(Example::input).distinct().toList();
  }

  private static double dot(double[] one, double[] other) {
    return IntStream.range(0, one.length).mapToDouble(i -> one[i] * other[i]).sum();
  }

  private static double[][] rows(double[] flat, int width) {
    return IntStream.range(0, flat.length / width)
        .mapToObj(row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width)).toArray(double[][]::new);
  }

  private static double[] doubles(float[] values) {
    return IntStream.range(0, values.length).mapToDouble(i -> values[i]).toArray();
  }

  /** Each selector's mean of tokens, weighed by the exponentials of their products over the root of the width. */
  private static double[][] summaries(double[][] tokens, double[][] selectors) {
    var summaries = new double[selectors.length][tokens[0].length];
    for (int s = 0; s < selectors.length; s++) {
      double total = 0;
      for (double[] token : tokens) {
        double weight = Math.exp(dot(selectors[s], token) / Math.sqrt(token.length));
        total += weight;
        for (int i = 0; i < token.length; i++) {
          summaries[s][i] += weight * token[i];
        }
      }
      for (int i = 0; i < summaries[s].length; i++) {
        summaries[s][i] /= total;
      }
    }
    return summaries;
  }

  @Test
  void summaries_paddedRows_areTheAttendedTokensAlone() {
    double[] selectors = {0.5, -1, -2, 0.25};
    Tensor tokens = Tensors.floats(new float[] {1, 0, 0, 2, 5, 5, 1, 0, 0, 2, 9, 9}, 2, 3, 2);
    double[][] found = rows(Tensors.toDoubles(LaneBackbone.summaries(
        tokens, new int[] {3, 2}, Tensors.doubles(selectors, 2, 2).to(tokens.scalar_type()))), 2);
    double[][] whole = summaries(new double[][] {{1, 0}, {0, 2}, {5, 5}}, rows(selectors, 2));
    double[][] shorter = summaries(new double[][] {{1, 0}, {0, 2}}, rows(selectors, 2));
    assertEquals(4, found.length);
    for (int s = 0; s < 2; s++) {
      assertArrayEquals(whole[s], found[s], 1e-5);
      assertArrayEquals(shorter[s], found[2 + s], 1e-5);
    }
  }

  /** The logits of a row in a pathway: summaries and head in plain Java, between them the encoder's last block. */
  private double[] logits(Map<String, Tensor> trained, Input input, int lane, int classes) {
    double[][] tokens = rows(doubles(
        context.cache().states(List.of(input), FeatureCache.Frozen.BACKBONE, 1)[0]), WIDTH);
    double[][] selectors = rows(Tensors.toDoubles(named(trained, MultiLane.Lanes.SELECTORS).select(0, lane)), WIDTH);
    double[][] summaries = summaries(tokens, selectors);
    float[] state = new float[summaries.length * WIDTH];
    for (int i = 0; i < state.length; i++) {
      state[i] = (float) summaries[i / WIDTH][i % WIDTH];
    }
    Tensor prefix = named(trained, MultiLane.Lanes.PREFIXES).select(0, lane);
    Adaptation adaptation = Adaptation.ofTokens(new VirtualTokens(
        null, Map.of(1, new VirtualTokens.Prefix(prefix.select(0, 0), prefix.select(0, 1))), null));
    Pass pass = world.backbone().pass(List.of(new Row.Tokens(new int[summaries.length])));
    double[][] above = rows(Tensors.toDoubles(
        pass.advance(Tensors.floats(state, 1, summaries.length, WIDTH), 1, 2, adaptation)), WIDTH);
    double[] features = IntStream.range(0, WIDTH)
        .mapToDouble(i -> Arrays.stream(above).mapToDouble(token -> token[i]).average().orElseThrow()).toArray();
    double[][] head = rows(Tensors.toDoubles(named(trained, MultiLane.Lanes.HEAD)), WIDTH + 1);
    return IntStream.range(0, classes)
        .mapToDouble(c -> dot(Arrays.copyOf(head[c], WIDTH), features) + head[c][WIDTH]).toArray();
  }

  private static Tensor named(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name));
  }

  private double[] query(Input input) {
    double[] features = Tensors.toDoubles(context.cache().features(List.of(input), FeatureCache.Frozen.BACKBONE));
    double length = Math.sqrt(dot(features, features));
    return Arrays.stream(features).map(value -> value / length).toArray();
  }

  /** The mean of the queries of all rows of a class, scaled to length 1. */
  private double[] mean(String name) {
    double[] sum = new double[WIDTH];
    world.experiences().stream().flatMap(e -> e.train().stream()).filter(row -> row.label().equals(name)).forEach(row -> {
      double[] query = query(row.input());
      Arrays.setAll(sum, i -> sum[i] + query[i]);
    });
    double length = Math.sqrt(dot(sum, sum));
    return Arrays.stream(sum).map(value -> value / length).toArray();
  }

  @Test
  void scores_severalPathways_areThatOfTheClassInItsPathwayAndOfThePathwayAmongAll() {
    List<String> names = List.of("a", "b", "c", "d", "e");
    int[] lanes = {0, 2, 1, 1, 2};
    try (GradientLearner learner = new MultiLane.Lanes(OPTIONS, context).learner()) {
      world.experiences().forEach(experience -> learn(learner, experience));
      assertEquals(names, learner.classNames());
      Map<String, Tensor> trained = learner.parameters().views();
      double[][] scores = rows(Tensors.toDoubles(learner.scores(inputs())), names.size());
      for (int row = 0; row < scores.length; row++) {
        Input input = inputs().get(row);
        double[] near = names.stream().mapToDouble(name -> Math.exp(dot(query(input), mean(name)) / GATE)).toArray();
        for (int c = 0; c < names.size(); c++) {
          double[] logits = logits(trained, input, lanes[c], names.size());
          int lane = lanes[c];
          int[] own = IntStream.range(0, names.size()).filter(other -> lanes[other] == lane).toArray();
          double inPathway = Math.exp(logits[c]) / Arrays.stream(own).mapToDouble(other -> Math.exp(logits[other])).sum();
          double ofPathway = Arrays.stream(own).mapToDouble(other -> near[other]).sum();
          assertEquals(Math.log(inPathway * ofPathway), scores[row][c], 1e-3, names.get(c) + " of row " + row);
        }
      }
    }
  }

  @Test
  void laterTasks_leaveFormerPathwaysToTheBit_andTheirScores() {
    try (GradientLearner learner = new MultiLane.Lanes(OPTIONS, context).learner()) {
      learn(learner, world.experiences().getFirst());
      Map<String, Tensor> before = learner.parameters().views();
      double[] selectors = Tensors.toDoubles(named(before, MultiLane.Lanes.SELECTORS).select(0, 0));
      double[] prefixes = Tensors.toDoubles(named(before, MultiLane.Lanes.PREFIXES).select(0, 0));
      double[] head = Tensors.toDoubles(named(before, MultiLane.Lanes.HEAD).narrow(0, 0, 2));
      double[][] scores = rows(Tensors.toDoubles(learner.scores(inputs())), 2);
      learn(learner, world.experiences().get(1));
      Map<String, Tensor> after = learner.parameters().views();
      assertArrayEquals(selectors, Tensors.toDoubles(named(after, MultiLane.Lanes.SELECTORS).select(0, 0)));
      assertArrayEquals(prefixes, Tensors.toDoubles(named(after, MultiLane.Lanes.PREFIXES).select(0, 0)));
      assertArrayEquals(head, Tensors.toDoubles(named(after, MultiLane.Lanes.HEAD).narrow(0, 0, 2)));
      double[][] later = rows(Tensors.toDoubles(learner.scores(inputs())), 4);
      for (int row = 0; row < scores.length; row++) {
        assertArrayEquals(scores[row], Arrays.copyOf(later[row], 2), 1e-4);
      }
    }
  }

  /** Words a to d are labels; a text of two of them, from one task or from two, carries both. */
  private static List<Example> sets(String end) {
    var rows = new ArrayList<Example>();
    for (String one : List.of("a", "b", "c", "d")) {
      rows.add(Example.of(one + " " + one + end, one));
      for (String other : List.of("a", "b", "c", "d")) {
        if (!one.equals(other)) {
          rows.add(Example.of(one + " " + other + end, Example.joined(List.of(one, other))));
        }
      }
    }
    return rows;
  }

  @Test
  void rowsOfSeveralLabels_shareThePathwayEvenly_andThoseOfOneHaveIt() {
    var dataset = new Dataset("sets", sets(""), List.of(), sets(" e"), Dataset.BadRows.none(1));
    List<Experience> stream = new MultiLabel().experiences(new MultiLabel.Options(), dataset, 2, 1);
    // From the embeddings on: the tiny encoder's last block alone is too small for them.
    var options = new MultiLane.Options(60, 8, OptimiserOptions.adamW(0.05), HeadOptions.DEFAULT, 8, 2, 0, GATE);
    try (GradientLearner learner = new MultiLane.Lanes(options, context).learner()) {
      stream.forEach(experience -> learn(learner, experience));
      List<String> names = learner.classNames();
      List<Example> rows = sets("");
      double[][] scores = rows(Tensors.toDoubles(learner.scores(rows.stream().map(Example::input).toList())), 4);
      int right = 0;
      for (int row = 0; row < scores.length; row++) {
        List<String> labels = rows.get(row).labels();
        for (int one = 0; one < 4; one += 2) {
          double share = 1 / (1 + Math.exp(scores[row][one + 1] - scores[row][one]));
          boolean first = labels.contains(names.get(one));
          boolean second = labels.contains(names.get(one + 1));
          if (first && second) {
            assertEquals(0.5, share, 0.35, "share in row " + labels);
          } else if (first || second) {
            right += first == share > 0.5 ? 1 : 0;
          }
        }
      }
      // Of 20 pairs of a row and a pathway that has one of its labels; chance is 10.
      assertTrue(right >= 18, right + " of 20");
    }
  }

  @Test
  void options_outOfRange_areRefusedInOneLine() {
    assertEquals("expected a gate above 0, got 0.0", refused(8, 4, 0.5, 0));
    assertEquals("expected lower from 0 to below 1, got 1.0", refused(8, 4, 1, 0.1));
    assertEquals("expected tokens between 1 and 64, got 65", refused(8, 65, 0.5, 0.1));
    assertEquals("expected summaries between 1 and 256, got 0", refused(0, 4, 0.5, 0.1));
  }

  private static String refused(int summaries, int tokens, double lower, double gate) {
    return String.valueOf(assertThrows(UsageException.class, () -> new MultiLane.Options(
        5, 32, OptimiserOptions.adamW(0.01), HeadOptions.DEFAULT, summaries, tokens, lower, gate)).getMessage());
  }
}
