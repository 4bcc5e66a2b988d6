package dev.perennial.open;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.measure.CalibrationError;
import dev.perennial.tensor.CounterRandom;
import org.junit.jupiter.api.Test;

final class TemperatureTest {

  /** Rows of two classes whose scores differ by {@code gap}, of which {@code right} have the class of the higher one. */
  private static Temperature ofTwo(float gap, int right, int wrong) {
    var temperature = new Temperature();
    add(temperature, gap, right, wrong);
    return temperature;
  }

  private static void add(Temperature temperature, float gap, int right, int wrong) {
    float[] scores = new float[2 * (right + wrong)];
    int[] labels = new int[right + wrong];
    for (int row = 0; row < labels.length; row++) {
      scores[2 * row] = gap;
      labels[row] = row < right ? 0 : 1;
    }
    temperature.add(scores, 2, labels);
  }

  /** NLL is least where sigmoid(gap / T) is the share that is right, half a row more on either side: T = gap / log(odds). */
  @Test
  void value_twoClasses_isTheClosedForm() {
    assertEquals(0.3 / Math.log(90.5 / 10.5), ofTwo(0.3f, 90, 10).value(), 7e-4);
    assertEquals(5 / Math.log(75.5 / 25.5), ofTwo(5, 75, 25).value(), 2e-2);
    assertEquals(0.02 / Math.log(8.5 / 2.5), ofTwo(0.02f, 8, 2).value(), 7e-5);
  }

  @Test
  void value_rowsInTwoParts_isThatOfAllAtOnce() {
    var parts = new Temperature();
    add(parts, 0.5f, 30, 3);
    add(parts, 0.2f, 20, 9);
    var once = new Temperature();
    float[] scores = new float[2 * 62];
    int[] labels = new int[62];
    for (int row = 0; row < 62; row++) {
      scores[2 * row] = row < 33 ? 0.5f : 0.2f;
      labels[row] = (row >= 30 && row < 33) || row >= 53 ? 1 : 0;
    }
    once.add(scores, 2, labels);
    assertEquals(once.value(), parts.value(), 1e-12);
    assertArrayEquals(parts.numbers(), new Temperature(parts.numbers()).numbers());
    assertEquals(parts.value(), new Temperature(parts.numbers()).value());
  }

  @Test
  void value_scoresDrawnAtATemperature_isThatOneAndConfidencesHold() {
    int rows = 4000;
    int classes = 6;
    double drawn = 0.07;
    float[] scores = new float[rows * classes];
    int[] labels = new int[rows];
    var random = CounterRandom.of(3);
    for (int row = 0; row < rows; row++) {
      double sum = 0;
      double[] shares = new double[classes];
      for (int c = 0; c < classes; c++) {
        scores[row * classes + c] = (float) (0.12 * random.gaussian((long) row * classes + c));
        shares[c] = Math.exp(scores[row * classes + c] / drawn);
        sum += shares[c];
      }
      double at = CounterRandom.of(4).below(row, 1_000_000) / 1e6 * sum;
      while (at >= shares[labels[row]] && labels[row] < classes - 1) {
        at -= shares[labels[row]++];
      }
    }
    var temperature = new Temperature();
    temperature.add(scores, classes, labels);
    assertEquals(drawn, temperature.value(), 0.05 * drawn);
    var before = new CalibrationError();
    var after = new CalibrationError();
    for (int row = 0; row < rows; row++) {
      int best = 0;
      for (int c = 1; c < classes; c++) {
        best = scores[row * classes + c] > scores[row * classes + best] ? c : best;
      }
      before.add(Temperature.confidence(scores, row * classes, classes, 1), labels[row] == best);
      after.add(Temperature.confidence(scores, row * classes, classes, temperature.value()), labels[row] == best);
    }
    assertTrue(before.value() > 0.2 && after.value() < 0.03, before.value() + " and " + after.value());
  }

  @Test
  void value_withoutRowsOrMistakes_isNotSurerThanTheRowsAllow() {
    assertEquals(1, new Temperature().value());
    assertEquals(0.5 / Math.log(10.5 / 0.5), ofTwo(0.5f, 10, 0).value(), 2e-3);
  }

  @Test
  void value_moreRowsThanAreKept_isThatOfTheLatest() {
    Temperature temperature = ofTwo(1, 900, 100);
    for (int i = 0; i < 20; i++) {
      add(temperature, 1, 600, 400);
    }
    assertEquals(1 / Math.log(1.5), temperature.value(), 0.01);
  }
}
