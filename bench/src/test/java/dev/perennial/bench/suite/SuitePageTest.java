package dev.perennial.bench.suite;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class SuitePageTest {

  private static final SuiteOutcome OUTCOME = Runs.outcome(Runs.suite(2, List.of(), "<b>one", "two"), member ->
      Runs.run(member.technique(), member.seed(), 10,
          member.technique().equals("two") ? 5 : 8 + 2 * (int) member.seed(),
          member.technique().equals("two") ? 0 : 1000));

  @Test
  void render_namesOfAnyCharacters_areTextsOnly() {
    String page = SuitePage.render(OUTCOME);
    assertTrue(page.contains("<title>a, &quot;suite&quot;</title>"));
    assertTrue(page.contains("1. &lt;b&gt;one"));
    assertFalse(page.contains("<b>one"), "neither as a tag nor in the data of the charts");
  }

  @Test
  void render_charts_haveMeansDeviationsAndLines() throws IOException {
    String page = SuitePage.render(OUTCOME);
    int from = page.indexOf("id=\"chart-data\">") + "id=\"chart-data\">".length();
    JsonNode charts = new JsonMapper().readTree(page.substring(from, page.indexOf("</script>", from)));
    JsonNode best = charts.path("techniques").get(0);
    assertEquals("<b>one", best.path("name").asText());
    assertEquals(55, best.path("percent").asDouble());
    assertEquals(7.07, best.path("deviation").asDouble());
    assertEquals(1000, best.path("bytes").asDouble());
    assertEquals(1.5, best.path("seconds").asDouble());
    assertEquals("[100.0,55.0]", charts.path("lines").get(0).path("percent").toString());
    assertEquals("[100.0,25.0]", charts.path("lines").get(1).path("percent").toString());
    assertEquals(0, charts.path("curves").size());
  }

  @Test
  void render_confusions_sayWhatWasTakenForWhat() {
    String page = SuitePage.render(OUTCOME);
    assertTrue(page.contains("a taken for b"));
    assertTrue(page.contains("+50.0%"), "of 10 rows of a, two mistakes 5 in the end and none at first");
  }
}
