package dev.perennial.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.budget.Ledger.Entry;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class LedgerPropertyTest {

  /** Spending one by one until refusal gives the same account as adding up by hand. */
  @Property
  void charge_anySequence_neverExceedsTheBudget(
      @ForAll @Size(max = 30) List<@IntRange(max = 100) Integer> amounts, @ForAll @IntRange(max = 1000) int limit) {
    var ledger = new Ledger(new Budget(Map.of(Resource.LABELS, (double) limit)));
    var kept = new ArrayList<Entry>();
    int sum = 0;
    for (int amount : amounts) {
      var entry = new Entry("rows", Resource.LABELS, amount, 0);
      if (sum + amount <= limit) {
        ledger.charge(entry);
        kept.add(entry);
        sum += amount;
      } else {
        assertThrows(FailureException.class, () -> ledger.charge(entry));
      }
    }
    assertEquals(kept, ledger.entries());
    assertEquals(sum, ledger.total(Resource.LABELS));
    assertEquals(limit - sum, ledger.left(Resource.LABELS));
  }
}
