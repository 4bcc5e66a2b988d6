package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.measure.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SuiteResultTest {

  private static final SuiteOutcome OUTCOME =
      Runs.outcome(Runs.suite(1, List.of(64L), "one"), member -> Runs.run("one", 1, 10, 15, 60));

  @Test
  void json_ofARun_hasTheFormOfLearnAndMore() throws IOException {
    JsonNode run = new JsonMapper().readTree(SuiteResult.json(SuiteResult.of(OUTCOME))).get(0);
    Result result = OUTCOME.finished().getFirst().run().result();
    JsonNode learn = new JsonMapper().readTree(Result.toJson(List.of(result))).get(0);
    learn.properties().forEach(entry -> assertEquals(entry.getValue(), run.get(entry.getKey()), entry.getKey()));
    var more = new ArrayList<String>();
    run.fieldNames().forEachRemaining(more::add);
    learn.fieldNames().forEachRemaining(more::remove);
    assertEquals(
        List.of("suite", "streamAccuracy", "memoryBudget", "stopped", "threads", "machine", "commit"), more);
    assertEquals("a, \"suite\"", run.path("suite").asText());
    assertEquals(64, run.path("memoryBudget").asLong());
    assertEquals("a processor", run.path("machine").path("processor").asText());
  }

  @Test
  void csv_ofTextsWithCommasQuotesAndLineEnds_quotesThem() {
    String csv = SuiteResult.csv(SuiteResult.of(OUTCOME));
    List<String> lines = csv.lines().toList();
    assertEquals(2, lines.size(), csv);
    assertTrue(lines.getFirst().startsWith("suite,technique,options,seed,"), csv);
    assertTrue(lines.get(1).startsWith(
        "\"a, \"\"suite\"\"\",one,\"{\"\"text\"\":\"\"one, \\\"\"two\\\"\"\\nthree\"\"}\",1,class-incremental,"), csv);
    assertTrue(csv.endsWith(",unknown\r\n"), csv);
  }
}
