package dev.perennial.measure;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger.Entry;
import dev.perennial.budget.Resource;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page as an HTML parser reads it. */
final class HtmlReportTest {
  private static final Document PAGE =
      Jsoup.parse(HtmlReport.render("Glosses", List.of(run("g-acil"), naive("fine-tune"))));

  @Test
  void render_twoRuns_hasEachFigureOfEachRunAndItsMeaning() {
    Element figures = PAGE.expectFirst("#figures");
    for (Figure figure : Figure.values()) {
      Element row = row(figures, figure.title());
      assertTrue(row.text().contains(figure.meaning()), row::text);
      assertEquals(2, row.select("td").size());
    }
    assertEquals("best 70.0%", row(figures, "Final accuracy").select("td").get(0).text());
    assertEquals("50.0%", row(figures, "Final accuracy").select("td").get(1).text());
    assertEquals("best 25.0%", row(figures, "Forgetting").select("td").get(0).text());
    assertEquals("best 1 min 02 s", row(figures, "Learning time").select("td").get(0).text());
    assertEquals("best 1.0 KiB", row(figures, "Peak memory").select("td").get(1).text());
    assertEquals("0.000", style(row(figures, "Trainable parameters").select("td").get(1)));
    assertEquals("1.000", style(row(figures, "Trainable parameters").select("td").get(0)));
  }

  @Test
  void render_twoRuns_drawsEachMatrixAsATriangle() {
    Element matrix = PAGE.select("#matrices table").getFirst();
    assertTrue(matrix.select("caption").text().startsWith("g-acil: accuracy"));
    assertEquals(List.of("After", "1", "2", "3"), matrix.select("thead th").eachText());
    List<List<String>> rows = new ArrayList<>();
    matrix.select("tbody tr").forEach(r -> rows.add(r.select("td.shade").eachText()));
    assertEquals(List.of(List.of("90"), List.of("100", "80"), List.of("80", "50", "100")), rows);
    assertEquals("0.500", style(matrix.select("tbody tr").get(2).select("td").get(1)));
    assertEquals(2, PAGE.select("#matrices table").size());
  }

  @Test
  void render_twoRuns_hasEveryClassMostForgottenFirst() {
    Element table = PAGE.select("#forgetting table").getFirst();
    assertEquals(List.of("class 0", "c", "a", "b", "d", "class 1"), table.select("tbody th").eachText());
    assertEquals(
        List.of("75.0% → 12.5% 62.5%", "not met –"), row(table, "c").select("td").eachText());
  }

  @Test
  void render_shorterRun_leavesItsLaterMomentsOpen() {
    Element table = PAGE.select("#over-the-stream table").getFirst();
    assertEquals(List.of("100.0% 90.0%", "100.0% 100.0%"), row(table, "1").select("td").eachText());
    assertEquals(List.of("92.5% 70.0%", "–"), row(table, "3").select("td").eachText());
  }

  @Test
  void render_ledger_showsSpentBudgetAndLeft() {
    Element totals = PAGE.select("#spent table").getFirst();
    assertEquals(List.of("294,912", "1,000,000", "705,088"), row(totals, "parameters").select("td").eachText());
    assertEquals(List.of("1 min 02 s", "no limit", "–"), row(totals, "seconds").select("td").eachText());
    assertEquals(List.of("1", "294,912", "parameters"), row(PAGE.select("#spent table").get(1), "brick lora-0")
        .select("td").eachText());
    assertEquals("Nothing was charged.", PAGE.select("#spent .nothing").text());
  }

  @Test
  void render_bricks_showsWhereTheyComeFrom() {
    assertEquals(
        List.of("lora", "294,912", "learned by lora", "none", "experience 1", "–"), row(PAGE, "lora-0").select("td").eachText());
    assertEquals("lora-0", row(PAGE, "head-1").select("td").get(3).text());
    assertEquals("lora-0 to head-1: learned by g-acil", PAGE.select("#bricks svg .line title").text());
    Document bare = Jsoup.parse(HtmlReport.render("Bare", List.of(naive("fine-tune"))));
    assertTrue(bare.select("#bricks, nav a[href=#bricks]").isEmpty());
  }

  @Test
  void render_facts_areShownInOrder() {
    Element facts = PAGE.select("#made .facts").getFirst();
    assertEquals(
        List.of(
            "technique", "option rank", "seed", "scenario", "experiences", "classes", "threads", "java",
            "state digest (SHA-256)"),
        facts.select("dt").eachText());
    assertEquals("5f".repeat(32), facts.expectFirst("dd:last-of-type").text());
  }

  @Test
  void render_streamsInCommon_areShownOnce() {
    assertEquals(2, PAGE.select("#stream table").size());
    Document same = Jsoup.parse(HtmlReport.render("Same", List.of(run("one"), run("two"))));
    Element table = same.select("#stream table").getFirst();
    assertEquals(1, same.select("#stream table").size());
    assertEquals(List.of("second", "20", "b, c"), row(table, "2").select("td").eachText());
  }

  @Test
  void render_anyPage_asksForNothingOutsideItself() {
    assertTrue(PAGE.select("[src], link, img, iframe, object, embed, base, form, style:contains(@import)").isEmpty());
    PAGE.select("a[href]").forEach(a -> {
      assertTrue(a.attr("href").startsWith("#"), a::toString);
      assertTrue(PAGE.getElementById(a.attr("href").substring(1)) != null, a::toString);
    });
    assertFalse(PAGE.select("style").html().contains("url("));
    assertFalse(PAGE.select("script").html().contains("sourceMappingURL"));
    assertTrue(PAGE.select("*").stream().noneMatch(e -> e.attributes().asList().stream()
        .anyMatch(a -> a.getKey().startsWith("on") || a.getValue().contains("://"))));
  }

  @Test
  void render_anyPage_allowsItsOwnScriptsAlone() throws Exception {
    String policy = PAGE.select("meta[http-equiv=Content-Security-Policy]").attr("content");
    assertTrue(policy.startsWith("default-src 'none';"), policy);
    List<Element> scripts = PAGE.select("script:not([type])");
    assertEquals(2, scripts.size());
    for (Element script : scripts) {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(script.data().getBytes(UTF_8));
      assertTrue(policy.contains("'sha256-" + Base64.getEncoder().encodeToString(digest) + "'"), policy);
    }
    assertTrue(scripts.getFirst().data().contains("Released under the MIT License"));
  }

  @Test
  void render_anyPage_canBeReadWithoutSeeingIt() {
    assertEquals("en", PAGE.select("html").attr("lang"));
    assertEquals(1, PAGE.select("h1").size());
    PAGE.select("canvas").forEach(c -> {
      assertEquals("img", c.attr("role"));
      assertFalse(c.attr("aria-label").isBlank());
      assertTrue(c.parents().stream().anyMatch(p -> p.is("section") && !p.select("table").isEmpty()));
    });
    PAGE.select("table").forEach(t -> {
      assertFalse(t.select("caption").text().isBlank());
      assertTrue(t.select("th:not([scope])").isEmpty());
      assertEquals("0", t.parents().getFirst().attr("tabindex"));
      t.select("tbody tr").forEach(r -> assertEquals(t.select("thead th").size(), r.children().size()));
    });
    PAGE.select("[aria-labelledby]")
        .forEach(e -> assertTrue(PAGE.getElementById(e.attr("aria-labelledby")) != null, e::id));
  }

  @Test
  void render_charts_haveTheTablesNumbers() throws Exception {
    JsonNode charts = charts(PAGE);
    assertEquals("[90.0,86.67,70.0]", charts.at("/seen/0/percent").toString());
    assertEquals("g-acil, task told", charts.at("/seen/1/name").textValue());
    assertEquals("[100.0,93.33,92.5]", charts.at("/seen/1/percent").toString());
    assertEquals("[\"class 0\",\"c\",\"a\",\"b\",\"d\",\"class 1\"]", charts.get("classes").toString());
    assertEquals("[null,62.5,20.0,8.33,0.0,null]", charts.at("/forgotten/0/percent").toString());
  }

  @Test
  void render_taskTold_drawsOneLineARun() throws Exception {
    Result result = Result.of(
        new Setup("lora", Map.of(), 1, "task-incremental", 3, 4), Metrics.of(Histories.BY_HAND, true),
        new Cost(0, 0, 0, 0, 0, 0, 0), "");
    var run = new ReportRun(
        "lora", result, Histories.BY_HAND, List.of("1", "2", "3"), Budget.UNLIMITED, List.of(), List.of(), Map.of());
    Document page = Jsoup.parse(HtmlReport.render("Told", List.of(run)));
    assertEquals(1, charts(page).get("seen").size());
    assertEquals("[100.0,93.33,92.5]", charts(page).at("/seen/0/percent").toString());
    assertEquals("92.5%", row(page.expectFirst("#over-the-stream"), "3").select("td").text());
    assertEquals("100.0% → 90.0% 10.0%", row(page.expectFirst("#forgetting"), "a").select("td").text());
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "</script><script>alert(1)</script>", "</title></style><b>", "\" onload=\"alert(1)", "' autofocus '", "<!--",
      "{{title}} {{{style}}} {{#page}}", "&lt;b&gt; &amp;", "naïve 分類 🌱 \u202e \u2028", "a\\u003Cb"})
  void render_nameOfAnyCharacters_isShownAsItIs(String name) throws Exception {
    Result result = Results.with(name, Map.of(name, name));
    var history = AccuracyHistory.EMPTY;
    for (Evaluation e : Histories.BY_HAND.evaluations()) {
      var cells = new ArrayList<>(e.cells());
      cells.set(0, Histories.cell(0, name, 10, e.cells().getFirst().correct(), 10));
      history = history.with(new Evaluation(e.after(), cells));
    }
    var run = new ReportRun(
        name, result, history, List.of(name, name, name), Budget.UNLIMITED,
        List.of(new Entry(name, Resource.BYTES, 1, 0)), List.of(new BrickRow(
            name, name, 1, List.of(name), name, name, true, OptionalDouble.of(0.5))),
        Map.of(name + " ", name));
    String text = HtmlReport.render(name, List.of(run));
    Document page = Jsoup.parse(text);
    assertEquals(name, page.select("h1").getFirst().wholeText());
    assertEquals(name, page.select("title").getFirst().wholeText());
    assertEquals(name, page.select(".card h2").getFirst().wholeText());
    assertEquals(1, page.select("#forgetting tbody th").stream().filter(e -> e.wholeText().equals(name)).count());
    assertEquals(name, page.select("#bricks tbody th").getFirst().wholeText());
    assertTrue(page.select("#bricks .brick > title").getFirst().wholeText().startsWith(name + ": " + name));
    assertEquals(name, page.select("#stream tbody td").getFirst().wholeText());
    assertTrue(page.select("#made dt").stream().anyMatch(e -> e.wholeText().equals("option " + name)));
    assertEquals(3, page.select("script").size());
    assertEquals(PAGE.select("canvas").size(), page.select("canvas").size());
    assertEquals(name, charts(page).at("/seen/0/name").textValue());
    assertTrue(charts(page).get("classes").toString().contains(new JsonMapper().writeValueAsString(name)));
    assertTrue(page.select("[onload], [autofocus]").isEmpty());
  }

  @Test
  void render_sameRuns_isTheSamePage() {
    assertEquals(
        HtmlReport.render("Glosses", List.of(run("a"))), HtmlReport.render("Glosses", List.of(run("a"))));
  }

  @Test
  void render_noRunsOrNamesTwice_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> HtmlReport.render("None", List.of()));
    assertThrows(IllegalArgumentException.class, () -> HtmlReport.render("Twice", List.of(run("a"), run("a"))));
  }

  @Test
  void run_historyOfAnotherLength_isRefused() {
    Result shorter = naive("x").result();
    assertThrows(IllegalArgumentException.class, () -> new ReportRun(
        "x", shorter, Histories.BY_HAND, List.of("1", "2", "3"), Budget.UNLIMITED, List.of(), List.of(), Map.of()));
  }

  @Test
  void write_directory_hasTheWholePage(@TempDir Path directory) throws Exception {
    Path file = directory.resolve("report.html");
    HtmlReport.write(file, "Glosses", List.of(run("a")));
    assertEquals(HtmlReport.render("Glosses", List.of(run("a"))), Files.readString(file));
  }

  @Test
  void write_noSuchDirectory_isOneClearLine(@TempDir Path directory) {
    Path file = directory.resolve("none").resolve("report.html");
    String message = String.valueOf(assertThrows(
        FailureException.class, () -> HtmlReport.write(file, "Glosses", List.of(run("a")))).getMessage());
    assertTrue(message.startsWith("the report cannot be written to " + file), message);
    assertEquals(1, message.lines().count());
  }

  private static ReportRun run(String name) {
    var facts = new LinkedHashMap<String, String>();
    facts.put("threads", "2");
    facts.put("java", "25");
    return new ReportRun(
        name, Results.byHand(name), Histories.BY_HAND, List.of("first", "second", "third"),
        Budget.parse(List.of("parameters=1M")),
        List.of(
            new Entry("brick lora-0", Resource.PARAMETERS, 294_912, 0),
            new Entry("experience 1", Resource.SECONDS, 61.5, 0)),
        List.of(
            new BrickRow("lora-0", "lora", 294_912, List.of(), "learned by lora", "experience 1", true, OptionalDouble.empty()),
            new BrickRow("head-1", "analytic head", 4, List.of("lora-0"), "learned by g-acil", "experiences 1 to 3", true,
                OptionalDouble.of(0.7))),
        facts);
  }

  private static ReportRun naive(String name) {
    AccuracyHistory history = Histories.of(4, new int[][] {{4}, {0, 4}}, new int[][] {{4}, {3, 4}});
    Result result = Results.with(name, history, new Cost(0, 512, 0, 3725, 0.5, 1234.5, 1024));
    return new ReportRun(
        name, result, history, List.of("first", "second"), Budget.UNLIMITED, List.of(), List.of(), Map.of());
  }

  private static JsonNode charts(Document page) throws Exception {
    return new JsonMapper().readTree(page.select("script#chart-data").getFirst().data());
  }

  private static Element row(Element within, String title) {
    return within.select("tbody tr").stream()
        .filter(r -> r.select("th").getFirst().ownText().equals(title))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no row " + title));
  }

  private static String style(Element cell) {
    return cell.attr("style").replace("--v:", "");
  }
}
