package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

final class CalibrationErrorTest {

  private static void add(CalibrationError error, double sure, int right, int wrong) {
    for (int i = 0; i < right + wrong; i++) {
      error.add(sure, i < right);
    }
  }

  @Test
  void value_confidencesThatHold_isNothing() {
    var error = new CalibrationError();
    add(error, 0.8, 8, 2);
    add(error, 1, 5, 0);
    add(error, 0.25, 1, 3);
    assertEquals(0, error.value(), 1e-12);
  }

  @Test
  void value_twoBins_isTheirMeanWeightedByRows() {
    var error = new CalibrationError();
    add(error, 0.9, 3, 3);
    add(error, 0.3, 1, 1);
    // 6 of 8 rows are off by 0.9 - 0.5, 2 of them by 0.5 - 0.3.
    assertEquals(0.75 * 0.4 + 0.25 * 0.2, error.value(), 1e-12);
  }

  @Test
  void value_oneBin_opposedErrorsCancelAndInTwoBinsTheyDoNot() {
    var same = new CalibrationError();
    add(same, 0.61, 0, 1);
    add(same, 0.65, 1, 0);
    assertEquals((1.26 - 1) / 2, same.value(), 1e-12);
    var apart = new CalibrationError();
    add(apart, 0.59, 0, 1);
    add(apart, 0.65, 1, 0);
    assertEquals((0.59 + 0.35) / 2, apart.value(), 1e-12);
  }

  @Test
  void add_edgeOfABin_belongsToTheBinBelow() {
    var error = new CalibrationError();
    // (8/15, 9/15] holds 0.6 and 0.55: 1.15 against 1 right. Were 0.6 a bin higher, it would be 0.4 + 0.55.
    add(error, 0.6, 1, 0);
    add(error, 0.55, 0, 1);
    assertEquals(0.15 / 2, error.value(), 1e-12);
  }

  @Test
  void value_ofNothing_isNothingAndNoConfidenceIsRefused() {
    var error = new CalibrationError();
    assertEquals(0, error.value());
    assertThrows(IllegalArgumentException.class, () -> error.add(Double.NaN, true));
    assertThrows(IllegalArgumentException.class, () -> error.add(1.1, true));
  }
}
