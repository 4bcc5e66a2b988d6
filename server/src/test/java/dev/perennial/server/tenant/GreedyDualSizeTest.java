package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Optional;
import org.junit.jupiter.api.Test;

final class GreedyDualSizeTest {

  private final GreedyDualSize<String> worth = new GreedyDualSize<>();

  @Test
  void evict_ofEqualCost_takesTheLargest_andOfEqualSizeTheCheapest() {
    worth.used("small", 1, 10);
    worth.used("large", 1, 100);
    assertEquals(Optional.of("large"), worth.evict(key -> true));
    worth.used("dear", 5, 10);
    assertEquals(Optional.of("small"), worth.evict(key -> true));
    assertEquals(10, worth.bytes());
  }

  @Test
  void evict_ofEqualWorth_takesTheOneUsedLongestAgo_onceOthersHaveGone() {
    worth.used("a", 1, 10);
    worth.used("b", 1, 10);
    worth.used("c", 1, 20);
    assertEquals(Optional.of("c"), worth.evict(key -> true));
    worth.used("b", 10);
    assertEquals(Optional.of("a"), worth.evict(key -> true));
    assertEquals(Optional.of("b"), worth.evict(key -> true));
    assertEquals(Optional.empty(), worth.evict(key -> true));
  }

  @Test
  void evict_whatMustStay_stays() {
    worth.used("busy", 1, 1000);
    worth.used("free", 9, 1);
    assertEquals(Optional.of("free"), worth.evict(key -> !key.equals("busy")));
    assertEquals(Optional.empty(), worth.evict(key -> !key.equals("busy")));
  }
}
