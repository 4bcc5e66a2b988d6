package dev.perennial.learn.auto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class EvidenceTest {

  private static Evidence of(int both, int onlyFirst, int onlySecond, int neither) {
    var evidence = new Evidence(2);
    for (int i = 0; i < both; i++) {
      evidence.add(true, true);
    }
    for (int i = 0; i < onlyFirst; i++) {
      evidence.add(true, false);
    }
    for (int i = 0; i < onlySecond; i++) {
      evidence.add(false, true);
    }
    for (int i = 0; i < neither; i++) {
      evidence.add(false, false);
    }
    return evidence;
  }

  @Test
  void gain_rowsOfAllFourKinds_isTheDifferenceOfTheirAccuracies() {
    Evidence evidence = of(70, 15, 5, 10);
    assertEquals(0.85 - 0.75, evidence.gain(0, 1), 1e-12);
    assertEquals(-0.1, evidence.gain(1, 0), 1e-12);
    assertEquals(0, of(0, 0, 0, 0).gain(0, 1));
  }

  @Test
  void isBetter_atTheBound_needsMoreThanIt() {
    // 16 against 9: ahead by 7, where chance alone has a deviation of 5.
    assertTrue(of(1000, 16, 9, 0).isBetter(0, 1, 1.39));
    assertFalse(of(0, 16, 9, 0).isBetter(0, 1, 1.4));
    assertFalse(of(0, 16, 9, 0).isBetter(1, 0, 0.01));
    assertFalse(of(50, 0, 0, 50).isBetter(0, 1, 0.01));
  }

  @Test
  void numbers_ofOne_makeAnEqualOne() {
    Evidence evidence = of(3, 4, 5, 6);
    var copy = new Evidence(2, evidence.numbers());
    assertEquals(18, copy.rows());
    assertEquals(4, copy.wins(0, 1));
    assertEquals(5, copy.wins(1, 0));
    assertArrayEquals(evidence.numbers(), copy.numbers());
  }
}
