package dev.perennial.learn.fewshot;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class WhitenedMeansTest {

  private static final int WIDTH = 2;
  private static final double SHRINK = 0.5;
  private static final long[] LABELS = {0, 0, 0, 1, 1, 2, 0, 1};
  private static final int CLASSES = 3;

  private final double[][] rows = drawn(1, LABELS.length);
  private final double[][] names = drawn(2, CLASSES);
  private final TensorScope scope;

  WhitenedMeansTest() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static double[][] drawn(int use, int rows) {
    double[][] drawn = new double[rows][WIDTH];
    for (int i = 0; i < rows; i++) {
      for (int f = 0; f < WIDTH; f++) {
        drawn[i][f] = (float) (CounterRandom.of(5, use).gaussian((long) i * WIDTH + f) + 2 * (f == i % 2 ? 1 : 0));
      }
    }
    return drawn;
  }

  private static float[] flat(double[][] rows) {
    float[] flat = new float[rows.length * WIDTH];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / WIDTH][i % WIDTH];
    }
    return flat;
  }

  private static WhitenedMeans head(double[][] names) {
    var head = new WhitenedMeans(WIDTH, SHRINK);
    head.grow(Tensors.floats(flat(names), names.length, WIDTH));
    return head;
  }

  private WhitenedMeans learned(double[][] names) {
    WhitenedMeans head = head(names);
    head.add(Tensors.floats(flat(rows), rows.length, WIDTH), LABELS);
    return head;
  }

  private float[] scores(WhitenedMeans head) {
    return Tensors.toFloats(head.scores(Tensors.floats(flat(rows), rows.length, WIDTH)));
  }

  /** The formula once more, for two features, in plain loops. */
  private double[] twin(double[][] names) {
    double n = LABELS.length;
    double[] count = new double[CLASSES];
    double[][] mean = new double[CLASSES][WIDTH];
    double[] middle = new double[WIDTH];
    double[] named = new double[WIDTH];
    for (int i = 0; i < rows.length; i++) {
      int label = (int) LABELS[i];
      count[label]++;
      for (int f = 0; f < WIDTH; f++) {
        mean[label][f] += rows[i][f];
        middle[f] += rows[i][f] / n;
        named[f] += names[label][f] / n;
      }
    }
    double[][] within = new double[WIDTH][WIDTH];
    for (int c = 0; c < CLASSES; c++) {
      for (int f = 0; f < WIDTH; f++) {
        mean[c][f] /= count[c];
      }
    }
    for (int i = 0; i < rows.length; i++) {
      double[] m = mean[(int) LABELS[i]];
      for (int f = 0; f < WIDTH; f++) {
        for (int g = 0; g < WIDTH; g++) {
          within[f][g] += (rows[i][f] - m[f]) * (rows[i][g] - m[g]) / (n - CLASSES);
        }
      }
    }
    double trace = within[0][0] + within[1][1];
    double together = 0;
    double spread = 0;
    for (int c = 0; c < CLASSES; c++) {
      for (int f = 0; f < WIDTH; f++) {
        together += count[c] * (mean[c][f] - middle[f]) * (names[c][f] - named[f]);
        spread += count[c] * Math.pow(names[c][f] - named[f], 2);
      }
    }
    double slope = spread == 0 ? 0 : together / spread;
    double off = 0;
    for (int c = 0; c < CLASSES; c++) {
      for (int f = 0; f < WIDTH; f++) {
        off += count[c] / n * Math.pow(mean[c][f] - middle[f] - slope * (names[c][f] - named[f]), 2);
      }
    }
    double worth = trace / off;
    double ridge = SHRINK * trace / WIDTH;
    double a = within[0][0] + ridge;
    double b = within[0][1];
    double d = within[1][1] + ridge;
    double det = a * d - b * b;
    double[][] inverse = {{d / det, -b / det}, {-b / det, a / det}};
    double[] scores = new double[rows.length * CLASSES];
    for (int i = 0; i < rows.length; i++) {
      double[] x = {rows[i][0] - middle[0], rows[i][1] - middle[1]};
      for (int c = 0; c < CLASSES; c++) {
        double[] p = new double[WIDTH];
        for (int f = 0; f < WIDTH; f++) {
          p[f] = (count[c] * (mean[c][f] - middle[f]) + worth * slope * (names[c][f] - named[f])) / (count[c] + worth);
        }
        scores[i * CLASSES + c] = dot(x, inverse, p) / Math.sqrt(dot(x, inverse, x) * dot(p, inverse, p));
      }
    }
    return scores;
  }

  private static double dot(double[] x, double[][] a, double[] y) {
    return x[0] * (a[0][0] * y[0] + a[0][1] * y[1]) + x[1] * (a[1][0] * y[0] + a[1][1] * y[1]);
  }

  @Test
  void scores_ofRowsAndNames_areThoseOfTheFormula() {
    try (WhitenedMeans head = learned(names)) {
      double[] expected = twin(names);
      float[] scores = scores(head);
      for (int i = 0; i < expected.length; i++) {
        assertEquals(expected[i], scores[i], 1e-4, "score " + i);
      }
    }
  }

  @Test
  void scores_namesThatAreAllAlike_areThoseWithoutNames() {
    double[][] alike = {{3, -1}, {3, -1}, {3, -1}};
    try (WhitenedMeans head = learned(alike); WhitenedMeans without = learned(new double[CLASSES][WIDTH])) {
      assertArrayEquals(scores(without), scores(head), 1e-5f);
    }
  }

  /** One row of a new class lies at the place of another; its name tells where the class is. */
  @Test
  void scores_ofAClassOfOneOddRow_followANameThatTells() {
    double[][] places = {{4, 0}, {-4, 0}, {0, 4}, {0, -4}};
    try (WhitenedMeans named = head(places); WhitenedMeans nameless = head(new double[4][WIDTH])) {
      for (WhitenedMeans head : new WhitenedMeans[] {named, nameless}) {
        for (int c = 0; c < 3; c++) {
          for (int i = 0; i < 4; i++) {
            double[] row = {places[c][0] + (i % 2 == 0 ? 1 : -1), places[c][1] + (i < 2 ? 1 : -1)};
            head.add(Tensors.floats(flat(new double[][] {row}), 1, WIDTH), new long[] {c});
          }
        }
        head.add(Tensors.floats(new float[] {-2.2f, -2}, 1, WIDTH), new long[] {3});
      }
      double[][] asked = {{1.5, -3.5}};
      float[] with = Tensors.toFloats(named.scores(Tensors.floats(flat(asked), 1, WIDTH)));
      float[] without = Tensors.toFloats(nameless.scores(Tensors.floats(flat(asked), 1, WIDTH)));
      assertEquals(3, best(with), Arrays.toString(with));
      assertTrue(with[3] > without[3], with[3] + " with its name, " + without[3] + " without");
    }
  }

  private static int best(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }

  @Test
  void add_inOtherOrderAndSplit_givesTheSameScores() {
    try (WhitenedMeans head = head(names); WhitenedMeans once = learned(names)) {
      for (int i = rows.length - 1; i >= 0; i--) {
        head.add(Tensors.floats(flat(new double[][] {rows[i]}), 1, WIDTH), new long[] {LABELS[i]});
        scores(head);
      }
      assertArrayEquals(scores(once), scores(head), 1e-5f);
    }
  }

  @Test
  void scores_ofOneRowAClass_areCosinesFromTheirMiddle() {
    try (WhitenedMeans head = head(new double[2][WIDTH])) {
      head.add(Tensors.floats(new float[] {1, 0, 0, 1}, 2, WIDTH), new long[] {0, 1});
      float[] scores = Tensors.toFloats(head.scores(Tensors.floats(new float[] {1, 0}, 1, WIDTH)));
      assertArrayEquals(new float[] {1, -1}, scores, 1e-5f);
    }
  }

  @Test
  void restore_ofItsOwnState_givesTheSameScores_andRefusesAnotherWidth() {
    try (WhitenedMeans head = learned(names); var again = new WhitenedMeans(WIDTH, SHRINK);
        var wider = new WhitenedMeans(WIDTH + 1, SHRINK)) {
      StatePart statistics = StatePart.of("means", Combine.SUM, head.statistics());
      StatePart named = StatePart.of("names", Combine.LATEST, head.names());
      again.restore(statistics, named);
      assertArrayEquals(scores(head), scores(again));
      String message =
          String.valueOf(assertThrows(FailureException.class, () -> wider.restore(statistics, named)).getMessage());
      assertTrue(message.contains("[classes, 3]") && message.contains("means"), message);
    }
  }
}
