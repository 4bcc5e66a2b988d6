package dev.perennial.learn.pretrain;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MocaTest {

  private static final int WIDTH = 8;
  private static final GradientOptions TRAINING = new GradientOptions(
      2, 4, OptimiserOptions.adamW(0.01), new LoraOptions(2, 4, 0, "layer.*(query|value)"), HeadOptions.DEFAULT);

  private World world;
  private TensorScope scope;

  @BeforeEach
  void open() {
    var rows = List.of(Example.of("a b c", "one"), Example.of("b c", "other"), Example.of("a a b e", "one"),
        Example.of("c d e c", "other"), Example.of("e d", "other"), Example.of("a e a", "one"));
    world = new World(
        TinyBert.backbone(), 1, List.of(new Experience(0, "only", List.of("one", "other"), rows, List.of())));
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  private static Moca.Options options(double denoise) {
    return new Moca.Options(TRAINING, denoise, 0.4, 0.6, 0.2);
  }

  private static double cosine(double[] one, double[] other) {
    double product = 0;
    double first = 0;
    double second = 0;
    for (int i = 0; i < one.length; i++) {
      product += one[i] * other[i];
      first += one[i] * one[i];
      second += other[i] * other[i];
    }
    return product / Math.sqrt(first * second);
  }

  @Test
  void denoisingLoss_isTheErrorOfTellingMaskedTokensByTheirMeaning() {
    LearnerContext context = world.context(1);
    var pretraining = new Moca.Pretraining(options(0.5), context);
    Experience only = world.experiences().getFirst();
    var batch = new Batch(only, 3, only.train(), 6);
    var restored = new ArrayList<double[]>();
    var meant = new ArrayList<double[]>();
    for (int row = 0; row < 6; row++) {
      int[] ids = ((Row.Tokens) context.cache().row(only.train().get(row).input())).ids();
      var hidden = pretraining.hidden(ids, CounterRandom.of(1, 91, 0, 3, row));
      double[] before = states(ids);
      double[] after = states(hidden.row().ids());
      for (int place : hidden.places()) {
        assertEquals(1, hidden.row().ids()[place], "the unknown word stands for the mask");
        restored.add(Arrays.copyOfRange(after, place * WIDTH, (place + 1) * WIDTH));
        meant.add(Arrays.copyOfRange(before, place * WIDTH, (place + 1) * WIDTH));
      }
    }
    double expected = 0;
    for (int i = 0; i < restored.size(); i++) {
      double sum = 0;
      for (double[] other : meant) {
        sum += Math.exp(cosine(restored.get(i), other) / 0.2);
      }
      expected += (Math.log(sum) - cosine(restored.get(i), meant.get(i)) / 0.2) / restored.size();
    }
    assertTrue(restored.size() > 6);
    assertEquals(expected, pretraining.denoisingLoss(batch, Adaptation.NONE).item_double(), 1e-4);
  }

  private double[] states(int[] ids) {
    Pass pass = world.backbone().pass(List.of(new Row.Tokens(ids)));
    return Tensors.toDoubles(pass.advance(pass.start(), 0, 2, Adaptation.NONE));
  }

  @Test
  void hidden_masksAShareOfTheWords_neverTheFirstOrLast_andAtLeastOne() {
    var pretraining = new Moca.Pretraining(options(0.5), world.context(1));
    int masked = 0;
    for (int draw = 0; draw < 200; draw++) {
      var hidden = pretraining.hidden(new int[] {2, 4, 5, 6, 7, 3}, CounterRandom.of(9, draw));
      assertTrue(hidden.places().stream().allMatch(place -> place > 0 && place < 5) && !hidden.places().isEmpty());
      masked += hidden.places().size();
    }
    // 0.4 of four words, and one where none was drawn, which has a chance of 0.6 to the fourth.
    assertEquals(200 * (1.6 + Math.pow(0.6, 4)), masked, 40);
  }

  @Test
  void contrast_isTheFormula_andTheSameInParts() {
    var pretraining = new Moca.Pretraining(options(0.5), world.context(1));
    Experience only = world.experiences().getFirst();
    float[] features = new float[6 * WIDTH];
    for (int i = 0; i < features.length; i++) {
      features[i] = (float) CounterRandom.of(2).gaussian(i);
    }
    double expected = 0;
    for (int a = 0; a < 6; a++) {
      double sum = 0;
      double alike = 0;
      int friends = 0;
      for (int b = 0; b < 6; b++) {
        if (b == a) {
          continue;
        }
        double cosine = cosine(row(features, a), row(features, b));
        sum += Math.exp(cosine / 0.2);
        if (only.train().get(a).label().equals(only.train().get(b).label())) {
          alike += cosine / 0.2;
          friends++;
        }
      }
      expected += 0.6 * (Math.log(sum) - alike / friends);
    }
    double parts = 0;
    for (int[] positions : new int[][] {{0, 1, 2, 3, 4, 5}, {3, 1}, {0, 2, 4, 5}}) {
      float[] own = new float[positions.length * WIDTH];
      for (int i = 0; i < positions.length; i++) {
        System.arraycopy(features, positions[i] * WIDTH, own, i * WIDTH, WIDTH);
      }
      var part = new Part(only.train(), positions, new long[positions.length],
          Tensors.floats(own, positions.length, WIDTH), Tensors.zeros(positions.length, 2));
      parts += pretraining.contrast(part, features).item_double();
    }
    assertEquals(2 * expected, parts, 1e-4);
  }

  private static double[] row(float[] features, int row) {
    return IntStream.range(0, WIDTH).mapToDouble(i -> features[row * WIDTH + i]).toArray();
  }

  @Test
  void firstSteps_lookAtNoLabel() {
    Experience only = world.experiences().getFirst();
    float[][] learned = new float[2][];
    for (int run = 0; run < 2; run++) {
      var rows = new ArrayList<Example>();
      for (Example row : only.train()) {
        rows.add(Example.of(((Input.Text) row.input()).value(),
            run == 0 ? row.label() : row.label().equals("one") ? "other" : "one"));
      }
      LearnerContext context = world.context(1);
      var options = options(0.5);
      try (var learner = new GradientLearner(TRAINING, context, new Moca.Pretraining(options, context))) {
        var experience = new Experience(0, "run", only.classes(), rows, List.of());
        float[] before = new float[0];
        for (long step = 0; step < 2; step++) {
          learner.step(experience, step);
          Tensor values = learner.parameters().values();
          assertTrue(step == 0 || !Arrays.equals(before, Tensors.toFloats(values)), "the brick is trained");
          before = Tensors.toFloats(values);
        }
        learned[run] = before;
      }
    }
    assertArrayEquals(learned[0], learned[1]);
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected denoise from 0 to below 1, got 1.0",
        assertThrows(UsageException.class, () -> options(1)).getMessage());
    assertThrows(UsageException.class, () -> new Moca.Options(TRAINING, 0.3, 0, 0.5, 0.1));
  }
}
