package dev.perennial.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.budget.Ledger.Entry;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class LedgerTest {
  private static final Entry LORA = new Entry("brick lora-0", Resource.PARAMETERS, 294_912, 0);
  private static final Entry LORA_BYTES = new Entry("brick lora-0", Resource.BYTES, 1_179_648, 0);
  private static final Entry TIME = new Entry("experience 1", Resource.SECONDS, 0.125, 1);

  @Test
  void charge_withinBudget_addsUpByResource() {
    var ledger = new Ledger(Budget.parse(List.of("parameters=294912")));
    ledger.charge(LORA, LORA_BYTES);
    ledger.charge(TIME);
    ledger.charge(TIME);
    assertEquals(List.of(LORA, LORA_BYTES, TIME, TIME), ledger.entries());
    assertEquals(294_912, ledger.total(Resource.PARAMETERS));
    assertEquals(1_179_648, ledger.total(Resource.BYTES));
    assertEquals(0.25, ledger.total(Resource.SECONDS));
    assertEquals(0, ledger.total(Resource.LABELS));
    assertEquals(0, ledger.left(Resource.PARAMETERS));
    assertEquals(Double.POSITIVE_INFINITY, ledger.left(Resource.SECONDS));
  }

  @Test
  void charge_overBudget_addsNothingAtAll() {
    var ledger = new Ledger(Budget.parse(List.of("bytes=1MiB")));
    assertThrows(FailureException.class, () -> ledger.charge(LORA, LORA_BYTES));
    assertEquals(List.of(), ledger.entries());
    assertEquals(0, ledger.total(Resource.PARAMETERS));
  }

  @Test
  void charge_twoThatFitOnlyAlone_areRefusedTogether() {
    var ledger = new Ledger(Budget.parse(List.of("parameters=500k")));
    assertThrows(FailureException.class, () -> ledger.charge(LORA, LORA));
    ledger.charge(LORA);
    assertEquals(205_088, ledger.left(Resource.PARAMETERS));
  }

  @Test
  void charge_overBudget_saysBudgetSpentNeededAndWhatToDo() {
    var ledger = new Ledger(Budget.parse(List.of("parameters=500k")));
    ledger.charge(LORA);
    var e = assertThrows(FailureException.class, () -> ledger.charge(LORA));
    assertEquals(
        "the parameters budget is 500,000 and 294,912 are spent: brick lora-0 needs 294,912 more in experience 0; "
            + "raise it to --budget parameters=589824 or more, or choose options that need less",
        e.getMessage());
    assertEquals(1, e.exitCode());
  }

  @Test
  void json_roundTrip_keepsEntriesAndTotals() {
    var ledger = new Ledger(Budget.UNLIMITED);
    ledger.charge(LORA, TIME, new Entry("\"</script> \u2028 é", Resource.LABELS, 300, 2));
    Ledger read = Ledger.fromJson(ledger.toJson(), Budget.parse(List.of("parameters=300k")));
    assertEquals(ledger.entries(), read.entries());
    assertEquals(ledger.toJson(), read.toJson());
    assertEquals(294_912, read.total(Resource.PARAMETERS));
    assertEquals(5_088, read.left(Resource.PARAMETERS));
    assertThrows(FailureException.class, () -> read.charge(LORA));
  }

  @Test
  void json_written_namesEachPropertyInOrder() {
    var ledger = new Ledger(Budget.UNLIMITED);
    ledger.charge(LORA, TIME);
    assertEquals(
        "[{\"what\":\"brick lora-0\",\"resource\":\"parameters\",\"amount\":294912,\"experience\":0},"
            + "{\"what\":\"experience 1\",\"resource\":\"seconds\",\"amount\":0.125,\"experience\":1}]",
        ledger.toJson());
  }

  @Test
  void left_budgetLoweredBelowWhatIsSpent_isNothing() {
    var ledger = new Ledger(Budget.UNLIMITED);
    ledger.charge(LORA);
    assertEquals(0, Ledger.fromJson(ledger.toJson(), Budget.parse(List.of("parameters=1"))).left(Resource.PARAMETERS));
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "", "null", "{}", "[null]", "[{}]", "[", "[] []",
      "[{\"what\":\"a\",\"resource\":\"gold\",\"amount\":1,\"experience\":0}]",
      "[{\"what\":\"a\",\"resource\":\"bytes\",\"amount\":-1,\"experience\":0}]",
      "[{\"what\":\"a\",\"resource\":\"bytes\",\"amount\":\"1\",\"experience\":0}]",
      "[{\"what\":\"a\",\"resource\":\"bytes\",\"amount\":null,\"experience\":0}]",
      "[{\"what\":null,\"resource\":\"bytes\",\"amount\":1,\"experience\":0}]",
      "[{\"what\":\"a\",\"resource\":\"bytes\",\"amount\":1}]",
      "[{\"what\":\"a\",\"resource\":\"bytes\",\"amount\":1,\"experience\":0,\"more\":1}]"})
  void fromJson_damaged_isOneClearLine(String json) {
    String message = String.valueOf(
        assertThrows(FailureException.class, () -> Ledger.fromJson(json, Budget.UNLIMITED)).getMessage());
    assertTrue(message.startsWith("the ledger is damaged: "), message);
    assertEquals(1, message.lines().count());
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void entry_amountThatIsNone_isRefused(double amount) {
    assertThrows(IllegalArgumentException.class, () -> new Entry("rows", Resource.LABELS, amount, 0));
  }
}
