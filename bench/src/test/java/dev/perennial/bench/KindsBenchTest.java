package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class KindsBenchTest {

  @TempDir
  private Path directory = Path.of("");

  private String[] arguments(String... more) throws IOException {
    return Stream.concat(Stream.of("kinds", "--data", FewTexts.table(directory, 24).toString(), "--text", "text", "--label",
        "label", "--split", "split", "--tasks", "1", "--threads", "1", "--kinds", "ia3", "--epochs", "2"), Stream.of(more))
        .toArray(String[]::new);
  }

  /** The head begins at the means of classes, which tell these texts apart; a rate of 10 throws it about. */
  @Test
  void call_severalRates_takesTheBestOnValidationRows() throws IOException {
    Path json = directory.resolve("kinds.json");
    BenchRun run = BenchRun.of(arguments("--rates", "10,0.001", "--json", json.toString()));
    JsonNode kind = BenchRun.json(json).path("kinds").path(0);
    assertEquals(0.001, kind.path("rate").asDouble(), kind::toString);
    assertEquals(2, kind.path("tuned").size());
    assertTrue(kind.path("tuned").path("0.001").asDouble() > kind.path("tuned").path("10.0").asDouble(), kind::toString);
    assertTrue(run.err().stream().anyMatch(line -> line.endsWith(" on validation rows with a rate of 0.001")),
        run.err()::toString);
    // The test rows of that rate alone, as if it had been the only one.
    Path alone = directory.resolve("alone.json");
    BenchRun.of(arguments("--rates", "0.001", "--json", alone.toString()));
    JsonNode only = BenchRun.json(alone).path("kinds").path(0);
    assertEquals(0, only.path("tuned").size());
    assertEquals(only.path("accuracies"), kind.path("accuracies"));
  }

  @Test
  void call_ratesOutOfRange_areRefused() throws IOException {
    String[] zero = arguments("--rates", "0.01,0");
    assertThrows(UsageException.class, () -> BenchRun.of(zero));
  }
}
