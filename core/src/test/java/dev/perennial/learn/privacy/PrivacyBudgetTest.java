package dev.perennial.learn.privacy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import org.junit.jupiter.api.Test;

final class PrivacyBudgetTest {

  @Test
  void rho_ofAnyBudget_impliesItsEpsilonAgain() {
    for (double epsilon : new double[] {1e-3, 0.1, 1, 3, 20, 1e6}) {
      for (double delta : new double[] {1e-12, 1e-6, 1e-2, 0.9}) {
        double rho = new PrivacyBudget(epsilon, delta).rho();
        assertEquals(epsilon, PrivacyBudget.epsilon(rho, delta), 1e-9 * epsilon);
      }
    }
  }

  @Test
  void rho_knownNumbers_areThoseOfTheFormula() {
    // (sqrt(1 + ln 1e6) - sqrt(ln 1e6))² = (3.8490922 - 3.7169222)²
    assertEquals(0.0174689, new PrivacyBudget(1, 1e-6).rho(), 1e-6);
    assertEquals(3, PrivacyBudget.epsilon(1, Math.exp(-1)), 1e-12);
  }

  @Test
  void sigma_isWhatTheGaussiansOfAllReleasesSpendTheBudgetWith() {
    var budget = new PrivacyBudget(2, 1e-5);
    double sigma = budget.sigma(7, 3);
    assertEquals(budget.rho(), 7 * 3 * 3 / (2 * sigma * sigma), 1e-12);
  }

  @Test
  void budget_outOfRange_isRefused() {
    for (double epsilon : new double[] {0, -1, 2e6, Double.NaN}) {
      assertThrows(UsageException.class, () -> new PrivacyBudget(epsilon, 1e-6));
    }
    for (double delta : new double[] {0, 1, -1, Double.NaN}) {
      assertThrows(UsageException.class, () -> new PrivacyBudget(1, delta));
    }
  }
}
