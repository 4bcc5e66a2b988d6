package dev.perennial.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where parameters went, in the ledger. */
final class PlacementsTest {

  @Test
  void fromJson_ledgerWithPlacements_hasThemAndTheEntries() {
    var ledger = new Ledger(Budget.UNLIMITED);
    ledger.charge(new Ledger.Entry("brick", Resource.PARAMETERS, 10, 0));
    ledger.place(new Placement("layer.0.query", 3, 51, 0, 0, 0, "laid out"));
    ledger.place(new Placement("layer.0.query", 2, 34, 1.5e-7, 0, 90, "pruned"));
    var read = Ledger.fromJson(ledger.toJson(), Budget.UNLIMITED);
    assertEquals(ledger.placements(), read.placements());
    assertEquals(ledger.entries(), read.entries());
    assertEquals(10, read.total(Resource.PARAMETERS));
    assertEquals(ledger.toJson(), read.toJson());
  }

  @Test
  void fromJson_listAsItWasBefore_isReadAndWrittenTheSame() {
    var ledger = new Ledger(Budget.UNLIMITED);
    ledger.charge(new Ledger.Entry("brick", Resource.PARAMETERS, 10, 0));
    String json = ledger.toJson();
    assertEquals('[', json.charAt(0));
    assertEquals(json, Ledger.fromJson(json, Budget.UNLIMITED).toJson());
    assertEquals(List.of(), Ledger.fromJson(json, Budget.UNLIMITED).placements());
  }

  @Test
  void fromJson_damagedPlacements_isRefused() {
    for (String damaged : List.of("{\"entries\":[]}", "{\"entries\":[],\"placements\":[null]}",
        "{\"entries\":[],\"placements\":[{\"site\":\"q\"}]}",
        "{\"entries\":[],\"placements\":[{\"site\":\"q\",\"rank\":-1,\"parameters\":0,\"importance\":0,\"experience\":0,"
            + "\"step\":0,\"why\":\"\"}]}")) {
      assertThrows(FailureException.class, () -> Ledger.fromJson(damaged, Budget.UNLIMITED), damaged);
    }
  }
}
