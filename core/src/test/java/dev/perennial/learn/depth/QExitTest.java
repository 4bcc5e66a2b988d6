package dev.perennial.learn.depth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.TinyBert;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class QExitTest {

  private static final int WIDTH = 8;
  private static final int BLOCKS = 2;

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    var rows = List.of(Example.of("a", "one"), Example.of("b c", "other"), Example.of("a a b", "one"),
        Example.of("c d e c", "other"), Example.of("e", "other"), Example.of("a e a d a", "one"));
    Backbone backbone = TinyBert.backbone();
    world = new World(backbone, 2, List.of(new Experience(0, "only", List.of("one", "other"), rows, List.of())));
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static QExit.Options options(double quantile) {
    return new QExit.Options(4, 6, OptimiserOptions.adamW(0.05), quantile, 0.3, 0.7);
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  /** What a row comes to in plain Java: for each block how likely it leaves there, and the logits. */
  private record Twin(double[] leaving, double[][] logits) {}

  private Twin twin(LearnerContext context, Map<String, Tensor> tensors, Input input) {
    double[] levels = Tensors.toDoubles(context.cache().features(List.of(input), FeatureCache.Frozen.BACKBONE, BLOCKS));
    double[] leave = Tensors.toDoubles(Objects.requireNonNull(tensors.get(QExit.Exits.LEAVING)));
    double[] head = Tensors.toDoubles(Objects.requireNonNull(tensors.get("head.weight")));
    int row = BLOCKS * WIDTH + 1;
    double[] leaving = new double[BLOCKS];
    double[][] logits = new double[BLOCKS][2];
    for (int block = 0; block < BLOCKS; block++) {
      double score = leave[block * (WIDTH + 1) + WIDTH];
      for (int c = 0; c < 2; c++) {
        logits[block][c] = head[c * row + BLOCKS * WIDTH];
      }
      for (int i = 0; i < WIDTH; i++) {
        score += leave[block * (WIDTH + 1) + i] * levels[block * WIDTH + i];
        for (int c = 0; c < 2; c++) {
          logits[block][c] += head[c * row + block * WIDTH + i] * levels[block * WIDTH + i];
        }
      }
      leaving[block] = block == BLOCKS - 1 ? 1 : sigmoid(score);
    }
    return new Twin(leaving, logits);
  }

  private GradientLearner learned(QExit.Exits exits) {
    GradientLearner learner = exits.learner();
    Experience only = world.experiences().getFirst();
    for (long step = 0; step < learner.steps(only); step++) {
      learner.step(only, step);
    }
    // As if it had been taught to leave: some rows are likely to, and some are not.
    Tensor leave = learner.parameters().view(learner.parameters().values(), QExit.Exits.LEAVING);
    var random = CounterRandom.of(8);
    float[] drawn = new float[BLOCKS * (WIDTH + 1)];
    for (int i = 0; i < drawn.length; i++) {
      drawn[i] = (float) (0.2 * random.gaussian(i));
    }
    leave.copy_(Tensors.floats(drawn, BLOCKS, WIDTH + 1));
    return learner;
  }

  @Test
  void loss_isTheExpectedErrorAndTheDivergenceFromThePrior() {
    LearnerContext context = world.context(1);
    var exits = new QExit.Exits(options(0.5), context);
    try (GradientLearner learner = learned(exits)) {
      Experience only = world.experiences().getFirst();
      List<Example> rows = only.train();
      Map<String, Tensor> tensors = learner.parameters().views();
      double[] prior = {0.3 / (0.3 + 0.21), 0.21 / (0.3 + 0.21)};
      assertArrayEquals(prior, exits.prior(), 1e-12);
      double expected = 0;
      long[] labels = new long[rows.size()];
      for (int row = 0; row < rows.size(); row++) {
        labels[row] = only.classes().indexOf(rows.get(row).label());
        Twin twin = twin(context, tensors, rows.get(row).input());
        double staying = 1;
        for (int block = 0; block < BLOCKS; block++) {
          double here = staying * twin.leaving[block];
          staying *= 1 - twin.leaving[block];
          double own = twin.logits[block][(int) labels[row]];
          double error = Math.log(Math.exp(twin.logits[block][0]) + Math.exp(twin.logits[block][1])) - own;
          expected += here * (error + 0.7 * Math.log(here / prior[block]));
        }
      }
      Tensor features = context.cache().features(
          rows.stream().map(Example::input).toList(), FeatureCache.Frozen.BACKBONE, BLOCKS);
      var part = new Part(rows, IntStream.range(0, rows.size()).toArray(), labels, features, Tensors.zeros(6, 2), tensors);
      assertEquals(expected, exits.taskLoss(new Batch(only, 0, rows, 6), part).item_double(), 1e-4);
    }
  }

  @Test
  void rows_leaveWhereTheQuantileIsReached_withTheLogitsOfThatBlock() {
    List<Input> inputs = world.experiences().getFirst().train().stream().map(Example::input).toList();
    for (double quantile : new double[] {0, median(inputs), 1}) {
      LearnerContext context = world.context(1);
      var exits = new QExit.Exits(options(quantile), context);
      try (GradientLearner learner = learned(exits)) {
        List<QExit.Exits.Left> left = exits.left(inputs, learner);
        int first = 0;
        for (int row = 0; row < inputs.size(); row++) {
          Twin twin = twin(context, learner.parameters().views(), inputs.get(row));
          int block = twin.leaving[0] >= quantile ? 0 : 1;
          assertEquals(block, left.get(row).block(), "quantile " + quantile + ", row " + row);
          for (int c = 0; c < 2; c++) {
            assertEquals(twin.logits[block][c], left.get(row).logits()[c], 1e-4);
          }
          first += block == 0 ? 1 : 0;
        }
        assertEquals(quantile == 0 ? 6 : quantile == 1 ? 0 : 3, first, "quantile " + quantile);
      }
    }
  }

  /** Between the three rows that are likelier to leave behind the first block and the three that are less. */
  private double median(List<Input> inputs) {
    LearnerContext context = world.context(1);
    try (GradientLearner learner = learned(new QExit.Exits(options(0), context))) {
      double[] leaving = inputs.stream()
          .mapToDouble(input -> twin(context, learner.parameters().views(), input).leaving[0]).sorted().toArray();
      return (leaving[2] + leaving[3]) / 2;
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected a quantile between 0 and 1, got 2.0",
        assertThrows(UsageException.class, () -> options(2)).getMessage());
  }
}
