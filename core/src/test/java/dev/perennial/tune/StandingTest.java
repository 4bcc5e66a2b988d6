package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class StandingTest {

  private static Trial trial(int rows, long seed, double seconds, double accuracy) {
    return Judged.trial("a", rows, seed, seconds, accuracy, 64, 1);
  }

  @Test
  void figures_areThoseOfTheLargestPart() {
    Standing standing = Judged.of(trial(10, 1, 1, 0.1), trial(30, 1, 1, 0.5), trial(30, 2, 1, 0.7));
    assertEquals(0.6, standing.accuracy(), 1e-12);
    assertEquals(2, standing.last().size());
    assertEquals(Math.sqrt(0.02), standing.spread(), 1e-12);
    assertEquals(64, standing.bytes());
  }

  @Test
  void standardError_isTheLargerOfRowsAndSeeds() {
    double ofRows = Math.sqrt((51.0 / 102) * (51.0 / 102) / 100);
    assertEquals(ofRows, Judged.of(trial(10, 1, 1, 0.5)).standardError(), 1e-12);
    assertEquals(ofRows, Judged.of(trial(10, 1, 1, 0.49), trial(10, 2, 1, 0.51)).standardError(), 1e-12);
    // Spread 0.2 * sqrt 2 over two seeds is an error of 0.2.
    assertEquals(0.2, Judged.of(trial(10, 1, 1, 0.3), trial(10, 2, 1, 0.7)).standardError(), 1e-12);
  }

  @Test
  void standardError_ofAllRight_isNotNothing() {
    assertEquals(Math.sqrt(101 / 102.0 * (1 / 102.0) / 100), Judged.of(trial(10, 1, 1, 1)).standardError(), 1e-12);
  }

  @Test
  void expectedSeconds_areOnALineThroughTheLastTwoSizes() {
    assertEquals(0, new Standing(trial(1, 1, 1, 1).candidate()).expectedSeconds(10));
    assertEquals(6, Judged.of(trial(10, 1, 2, 0.5)).expectedSeconds(30), 1e-12);
    Standing twice = Judged.of(trial(10, 1, 20, 0.5), trial(30, 1, 24, 0.5));
    assertEquals(36, twice.expectedSeconds(90), 1e-12);
    assertEquals(24, twice.expectedSeconds(30), 1e-12);
    Standing quicker = Judged.of(trial(10, 1, 9, 0.5), trial(30, 1, 5, 0.5));
    assertEquals(5, quicker.expectedSeconds(90), 1e-12);
  }

  @Test
  void add_trialWithoutAnEnd_saysWhyAndIsNoFigure() {
    Standing standing = Judged.of(trial(10, 1, 1, 0.5));
    standing.add(new Trial(standing.candidate(), 30, 100, 1, 9, null, "too long"));
    assertEquals("too long", standing.problem());
    assertEquals(0.5, standing.accuracy());
    assertTrue(standing.has(10, 1));
    assertFalse(standing.has(30, 1));
    assertFalse(standing.has(10, 2));
  }
}
