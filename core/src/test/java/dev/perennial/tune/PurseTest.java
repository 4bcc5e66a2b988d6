package dev.perennial.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import org.junit.jupiter.api.Test;

final class PurseTest {

  @Test
  void allowance_isAShareOfWhatIsLeft() {
    var purse = new Purse(new TuningLimit(100.0, 7));
    purse.spend(20);
    assertEquals(80, purse.secondsLeft());
    assertEquals(6, purse.runsLeft());
    Purse.Allowance half = purse.allowance(0.5);
    assertFalse(half.take(40.5));
    assertTrue(half.take(39));
    assertFalse(half.take(2));
    assertTrue(half.take(0.5));
    assertTrue(half.take(0.5));
    assertFalse(half.take(0), "40 seconds and 3 runs are used up");
    assertTrue(half.isSpent());
    assertEquals(80, purse.secondsLeft(), "an allowance is a plan until trials are made");
  }

  @Test
  void patience_isThreeFairParts_butNoMoreThanThereIs() {
    Purse.Allowance all = new Purse(TuningLimit.ofSeconds(60)).allowance(1);
    assertEquals(60, all.patience(1));
    assertEquals(60, all.patience(2));
    assertEquals(18, all.patience(10));
    all.spend(30);
    assertEquals(10, all.patience(9));
    all.spend(31);
    assertTrue(all.isSpent());
  }

  @Test
  void noLimit_isNeverUsedUp() {
    var purse = new Purse(TuningLimit.NONE);
    purse.spend(1e9);
    Purse.Allowance half = purse.allowance(0.5);
    assertTrue(half.take(1e12));
    assertFalse(half.isSpent());
    assertEquals(Double.POSITIVE_INFINITY, half.patience(3));
  }

  @Test
  void oneRun_isNotHalved() {
    assertTrue(new Purse(TuningLimit.ofRuns(1)).allowance(0.5).take(1));
  }

  @Test
  void limit_outOfRange_isRefused() {
    assertThrows(UsageException.class, () -> TuningLimit.ofSeconds(0));
    assertThrows(UsageException.class, () -> TuningLimit.ofSeconds(Double.NaN));
    assertThrows(UsageException.class, () -> TuningLimit.ofRuns(0));
  }
}
