package dev.perennial.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ResourceTest {

  @ParameterizedTest
  @CsvSource(delimiter = '|', value = {
      "PARAMETERS | 0          | 0",
      "PARAMETERS | 294912     | 294,912",
      "LABELS     | 1234567    | 1,234,567",
      "BYTES      | 0          | 0 B",
      "BYTES      | 1023       | 1023 B",
      "BYTES      | 1024       | 1.0 KiB",
      "BYTES      | 1048575    | 1.0 MiB",
      "BYTES      | 1572864    | 1.5 MiB",
      "BYTES      | 5368709120 | 5.0 GiB",
      "SECONDS    | 0          | 0 ms",
      "SECONDS    | 0.0124     | 12 ms",
      "SECONDS    | 0.9999     | 1.0 s",
      "SECONDS    | 12.34      | 12.3 s",
      "SECONDS    | 59.97      | 1 min 00 s",
      "SECONDS    | 245        | 4 min 05 s",
      "SECONDS    | 3599.9     | 1 h 00 min",
      "SECONDS    | 3725       | 1 h 02 min",
  })
  void format_amount_readsAsPeopleWriteIt(Resource resource, double amount, String expected) {
    assertEquals(expected, resource.format(amount));
  }
}
