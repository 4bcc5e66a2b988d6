package dev.perennial.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.UsageException;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class BudgetTest {

  @ParameterizedTest
  @CsvSource({
      "parameters=0, PARAMETERS, 0",
      "parameters=250000, PARAMETERS, 250000",
      "parameters=1.5M, PARAMETERS, 1500000",
      "parameters = 1.1k, PARAMETERS, 1100",
      "labels=2G, LABELS, 2000000000",
      "labels=50K, LABELS, 50000",
      "bytes=4096, BYTES, 4096",
      "bytes=512MiB, BYTES, 536870912",
      "bytes=512mib, BYTES, 536870912",
      "bytes=1.5KiB, BYTES, 1536",
      "bytes=2 GB, BYTES, 2000000000",
      "seconds=90, SECONDS, 90",
      "seconds=0.25s, SECONDS, 0.25",
      "seconds=5min, SECONDS, 300",
      "seconds=1.5h, SECONDS, 5400",
  })
  void parse_numberAndUnit_isInTheResourcesOwnUnit(String setting, Resource resource, double expected) {
    assertEquals(Map.of(resource, expected), Budget.parse(List.of(setting)).limits());
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "parameters=", "parameters=many", "parameters=-1", "parameters=0.5", "parameters=1MiB", "parameters=NaN",
      "parameters=1e6", "parameters=99999999G", "parameters=9007199254740993", "bytes=1.5", "bytes=5min", "seconds=1M",
      "seconds=Infinity", "labels=1,000", "labels=12345678901234567890"})
  void parse_badAmount_saysWhatIsExpectedAndWhatCame(String setting) {
    String message =
        String.valueOf(assertThrows(UsageException.class, () -> Budget.parse(List.of(setting))).getMessage());
    assertTrue(message.startsWith("budget " + setting.substring(0, setting.indexOf('='))), message);
    assertTrue(message.endsWith("\"" + setting.substring(setting.indexOf('=') + 1) + "\""), message);
    assertEquals(1, message.lines().count());
  }

  @ParameterizedTest
  @ValueSource(strings = {"parameter=1", "=1", "Bytes=1", "flops=3"})
  void parse_unknownResource_listsTheKnownOnes(String setting) {
    String message =
        String.valueOf(assertThrows(UsageException.class, () -> Budget.parse(List.of(setting))).getMessage());
    for (Resource resource : Resource.values()) {
      assertTrue(message.contains(resource.id() + " ("), message);
    }
  }

  @Test
  void parse_withoutEquals_isRefused() {
    String message =
        String.valueOf(assertThrows(UsageException.class, () -> Budget.parse(List.of("parameters"))).getMessage());
    assertTrue(message.contains("name=amount"), message);
  }

  @Test
  void parse_sameResourceTwice_isRefused() {
    assertThrows(UsageException.class, () -> Budget.parse(List.of("bytes=1", "bytes=2")));
  }

  @Test
  void limit_absent_isUnlimited() {
    Budget budget = Budget.parse(List.of("bytes=1KiB"));
    assertEquals(OptionalDouble.of(1024), budget.limit(Resource.BYTES));
    assertEquals(OptionalDouble.empty(), budget.limit(Resource.PARAMETERS));
  }

  @ParameterizedTest
  @ValueSource(doubles = {-1, Double.NaN, Double.POSITIVE_INFINITY})
  void construct_limitThatIsNoAmount_isRefused(double limit) {
    assertThrows(IllegalArgumentException.class, () -> new Budget(Map.of(Resource.SECONDS, limit)));
  }

  @Test
  void json_written_isAPlainObjectAndReadsBack() throws Exception {
    var json = new JsonMapper();
    Budget budget = Budget.parse(List.of("seconds=1.5", "parameters=1M"));
    String text = json.writeValueAsString(budget);
    assertEquals("{\"parameters\":1000000,\"seconds\":1.5}", text);
    assertEquals(budget, json.readValue(text, Budget.class));
  }
}
