package dev.perennial.open;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class FamiliarityTest {

  @Test
  void of_scoresByHand_isTheLargestOverTheirPowerMean() {
    // Roots 1, 0.2, 0.3 and 0.1: their mean is 0.4, its square 0.16.
    assertArrayEquals(
        new double[] {1 / 0.16, 1, 0}, Familiarity.of(new float[] {0.04f, 1, -0.09f, 0.01f, 3, 3, 3, 3, 0, 0, 0, 0}, 3, 4),
        1e-5);
  }

  @Test
  void of_scoresOfAnyScale_isTheSame() {
    float[] scores = {0.9f, 0.1f, -0.2f, 0.05f};
    float[] larger = {9, 1, -2, 0.5f};
    assertEquals(Familiarity.of(scores, 1, 4)[0], Familiarity.of(larger, 1, 4)[0], 1e-5);
  }

  @Test
  void of_oneClassThatStandsOut_isMoreThanSeveral() {
    double[] familiar = Familiarity.of(new float[] {1, 0.05f, 0.05f, 0.5f, 0.4f, 0.3f}, 2, 3);
    assertTrue(familiar[0] > familiar[1]);
  }
}
