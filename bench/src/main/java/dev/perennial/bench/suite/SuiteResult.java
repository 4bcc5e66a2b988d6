package dev.perennial.bench.suite;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.perennial.bench.Machine;
import dev.perennial.measure.Result;
import java.io.IOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVPrinter;
import org.jspecify.annotations.Nullable;

/**
 * A run's figures as the suite writes them for programs: those of {@code learn --json}, and what it takes to compare
 * them.
 *
 * @param suite the name of the suite
 * @param result as JSON not an object of its own: its properties stand beside the others
 * @param streamAccuracy as {@link FinishedRun#accuracy}: {@code finalAccuracy}, unless the run was stopped
 * @param memoryBudget bytes that it might keep of the past; null for no limit
 * @param stopped why it did not come to the end of the stream; empty where it did
 * @param threads that computed
 * @param machine that it was measured on
 * @param commit of the build
 */
@JsonPropertyOrder({"suite", "result", "streamAccuracy", "memoryBudget", "stopped", "threads", "machine", "commit"})
record SuiteResult(
    String suite, @JsonUnwrapped Result result, double streamAccuracy,
    @JsonInclude(JsonInclude.Include.ALWAYS) @Nullable Long memoryBudget, String stopped, int threads, Machine machine,
    String commit) {

  private static final ObjectMapper JSON = JsonMapper.builder().build();

  /** Every finished run of a suite. */
  static List<SuiteResult> of(SuiteOutcome outcome) {
    return outcome.finished().stream()
        .map(finished -> new SuiteResult(outcome.suite().name(), finished.run().result(), finished.run().accuracy(),
            finished.member().memoryBytes(), finished.run().stopped(), outcome.suite().base().threads(),
            finished.run().machine(), finished.run().commit()))
        .toList();
  }

  /** The results as an indented JSON list that ends with a line end. */
  static String json(List<SuiteResult> results) {
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(results) + "\n";
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("results are made of texts and numbers", e);
    }
  }

  /** The results as CSV (RFC 4180), a row each, under the names of the JSON; lists and objects are JSON in one cell. */
  static String csv(List<SuiteResult> results) {
    List<ObjectNode> rows = results.stream().map(result -> (ObjectNode) JSON.valueToTree(result)).toList();
    var names = new LinkedHashSet<String>();
    rows.forEach(row -> row.fieldNames().forEachRemaining(names::add));
    var text = new StringBuilder();
    try (var printer = new CSVPrinter(text, CSVFormat.RFC4180)) {
      printer.printRecord(names);
      for (ObjectNode row : rows) {
        printer.printRecord(names.stream().map(name -> cell(row.get(name))).toList());
      }
    } catch (IOException e) {
      throw new IllegalStateException("text is written to memory", e);
    }
    return text.toString();
  }

  private static String cell(@Nullable JsonNode value) {
    if (value == null || value.isNull()) {
      return "";
    }
    return Objects.requireNonNull(value.isValueNode() ? value.asText() : value.toString());
  }
}
