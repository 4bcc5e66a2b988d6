package dev.perennial.learn.depth;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.HeadOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class CloudDeviceTest {

  private static final int WIDTH = TinyBackbone.WIDTH;

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    world = World.tiny(1);
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static CloudDevice.Options options(double send) {
    return new CloudDevice.Options(
        2, 4, OptimiserOptions.adamW(0.01), HeadOptions.DEFAULT, 0.5, send, 3, 0.2, 0.4, 0.1);
  }

  @Test
  void mostUncertain_areAsManyAsAreSent_theFirstOfEqualOnes() {
    var collaboration = new CloudDevice.Collaboration(options(0.5), world.context(1));
    assertArrayEquals(new int[] {0, 1, 3}, collaboration.mostUncertain(new double[] {0.5, 0.9, 0.1, 0.7, 0.5}));
    collaboration.close();
  }

  @Test
  void uncertainty_isTheEntropyOfTheMeanAnswerOfTheLowerBlocks() {
    LearnerContext context = world.context(1);
    var collaboration = new CloudDevice.Collaboration(options(0.5), context);
    try (GradientLearner learner = collaboration.learner()) {
      Experience first = world.experiences().getFirst();
      learner.step(first, 0);
      double[] found = collaboration.uncertainties(first, learner);
      double[] head = Tensors.toDoubles(learner.parameters().view(learner.parameters().values(), "head.weight"));
      double[] levels = Tensors.toDoubles(context.cache().features(
          first.train().stream().map(Example::input).toList(), FeatureCache.Frozen.BACKBONE, 2));
      for (int row = 0; row < found.length; row++) {
        double[] mean = new double[2];
        for (int draw = 0; draw < 3; draw++) {
          float[] kept = collaboration.kept(found.length * WIDTH, 0, draw);
          double[] logits = new double[2];
          for (int c = 0; c < 2; c++) {
            logits[c] = head[c * (WIDTH + 1) + WIDTH];
            for (int i = 0; i < WIDTH; i++) {
              logits[c] += head[c * (WIDTH + 1) + i] * levels[row * 2 * WIDTH + i] * kept[row * WIDTH + i];
            }
          }
          mean[0] += 1 / (1 + Math.exp(logits[1] - logits[0])) / 3;
          mean[1] += 1 / (1 + Math.exp(logits[0] - logits[1])) / 3;
        }
        assertEquals(-mean[0] * Math.log(mean[0]) - mean[1] * Math.log(mean[1]), found[row], 1e-5);
      }
      float[] kept = collaboration.kept(4000, 0, 0);
      assertEquals(0.2, IntStream.range(0, 4000).filter(i -> kept[i] == 0).count() / 4000.0, 0.03);
    }
  }

  @Test
  void loss_isThatOfLabelAndCloud_forRowsThatWereSentAlone() {
    LearnerContext context = world.context(1);
    var collaboration = new CloudDevice.Collaboration(options(0.3), context);
    try (GradientLearner learner = collaboration.learner()) {
      Experience first = world.experiences().getFirst();
      learner.step(first, 0);
      // All rows but the last, which is the first once more.
      List<Example> rows = first.train().subList(0, first.train().size() - 1);
      int[] sent = collaboration.sent();
      assertEquals((int) Math.ceil(0.3 * first.train().size()), sent.length);
      double[][] means = new double[2][WIDTH];
      for (int row : sent) {
        double[] unit = unit(context, first.train().get(row));
        int c = first.classes().indexOf(first.train().get(row).label());
        for (int i = 0; i < WIDTH; i++) {
          means[c][i] += unit[i];
        }
      }
      long[] labels = rows.stream().mapToLong(row -> first.classes().indexOf(row.label())).toArray();
      float[] logits = new float[rows.size() * 2];
      double expected = 0;
      for (int row = 0; row < rows.size(); row++) {
        logits[2 * row] = 0.3f * row;
        logits[2 * row + 1] = 1 - 0.1f * row;
        int place = row;
        boolean wasSent = Arrays.stream(sent).anyMatch(own -> first.train().get(own).input().equals(rows.get(place).input()));
        if (wasSent) {
          double[] unit = unit(context, rows.get(row));
          double[] scores = new double[2];
          for (int c = 0; c < 2; c++) {
            double length = Math.sqrt(Arrays.stream(means[c]).map(value -> value * value).sum());
            for (int i = 0; i < WIDTH; i++) {
              scores[c] += length == 0 ? 0 : means[c][i] / length * unit[i] / 0.1;
            }
          }
          double cloud = 1 / (1 + Math.exp(scores[0] - scores[1]));
          double target = 0.4 * cloud + 0.6 * labels[row];
          double chance = 1 / (1 + Math.exp(logits[2 * row] - logits[2 * row + 1]));
          expected -= target * Math.log(chance) + (1 - target) * Math.log(1 - chance);
        }
      }
      var part = new Part(rows, IntStream.range(0, rows.size()).toArray(), labels, Tensors.zeros(rows.size(), WIDTH),
          Tensors.floats(logits, rows.size(), 2));
      Tensor loss = collaboration.taskLoss(new Batch(first, 0, rows, rows.size()), part);
      assertEquals(expected, loss.item_double(), 1e-4);
    }
  }

  private static double[] unit(LearnerContext context, Example row) {
    double[] all = Tensors.toDoubles(context.cache().features(List.of(row.input()), FeatureCache.Frozen.BACKBONE));
    double length = Math.sqrt(Arrays.stream(all).map(value -> value * value).sum());
    return Arrays.stream(all).map(value -> value / length).toArray();
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected send above 0 and at most 1, got 0.0",
        assertThrows(UsageException.class, () -> options(0)).getMessage());
  }
}
