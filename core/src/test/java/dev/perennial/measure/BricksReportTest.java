package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.IntStream;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;
import org.jsoup.nodes.Element;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The page of a store's bricks as an HTML parser reads it. */
final class BricksReportTest {

  private static final List<BrickRow> FAMILY = List.of(
      brick("brick", "learned by fine-tune", true),
      brick("theirs@1", "imported", false),
      brick("theirs@2", "shrunk to 4 bits", true, "theirs@1"),
      new BrickRow("both@1", "lora", 1_234, List.of("brick", "theirs@2"), "merged by ties", "experiences 1 to 5", true,
          OptionalDouble.of(0.875)));

  @Test
  void render_family_saysWhatWasMadeOfWhatAndHow() {
    Document page = page(FAMILY);
    assertEquals(
        Set.of("theirs@1 to theirs@2: shrunk to 4 bits", "brick to both@1: merged by ties",
            "theirs@2 to both@1: merged by ties"),
        Set.copyOf(page.select("path.line > title").eachText()));
    assertEquals(List.of("brick", "theirs@1", "theirs@2", "both@1"), page.select(".brick .name").eachText());
    assertEquals("merged by ties", node(page, "both@1").select(".how").text());
    assertEquals(List.of("lora, 87.5% right", "1,234 parameters"),
        node(page, "both@1").select(".what").eachText());
    assertEquals(3, page.select(".brick.current").size());
    assertEquals("theirs@1", page.select(".brick.older .name").text());
    assertEquals("3 bricks, and earlier versions of them: 1.", page.select(".lead").text());
  }

  @Test
  void render_anyPage_asksForNothingAndRunsNothing() {
    String text = BricksReport.render("Bricks", FAMILY);
    Document page = Jsoup.parse(text);
    assertTrue(page.select("script, [src], link, img, iframe, object, embed, base, form, image, use").isEmpty());
    assertTrue(page.select("meta[http-equiv=Content-Security-Policy]").attr("content").contains("script-src 'none'"));
    assertFalse(text.contains("://"), "no address");
    assertFalse(text.contains("Chart.js"));
  }

  @Test
  void render_anyPage_canBeReadWithoutSeeingIt() {
    Document page = page(FAMILY);
    Element picture = page.expectFirst("svg");
    assertEquals("img", picture.attr("role"));
    assertEquals("Lineage of the bricks", page.expectFirst("#" + picture.attr("aria-labelledby")).text());
    assertTrue(page.expectFirst("#" + picture.attr("aria-describedby")).text().startsWith("4 bricks and 3 steps"));
    assertEquals("0", picture.parents().getFirst().attr("tabindex"));
    assertEquals(List.of("lora", "1,234", "merged by ties", "brick, theirs@2", "experiences 1 to 5", "87.5%"),
        page.select("#bricks tbody tr").getLast().select("td").eachText());
  }

  @Test
  void render_circleAndSelfAndMissing_areDrawnAsAbsent() {
    Document page = page(List.of(brick("a", "made", true, "b"), brick("b", "made", true, "a"),
        brick("c", "made", true, "c"), brick("d", "made", true, "gone@3", "b")));
    assertEquals(4, page.select(".brick:not(.absent)").size());
    assertEquals(List.of("gone@3: not in this store", "c: comes round again"),
        page.select(".brick.absent > title").eachText().stream().filter(text -> !text.matches("[ab]: .*")).toList());
    assertEquals(1, page.select(".brick.absent > title").eachText().stream().filter(t -> t.matches("[ab]: .*")).count());
    assertEquals(5, page.select("path.line").size());
  }

  @Test
  void render_noBricks_isAPageThatSaysSo() {
    Document page = page(List.of());
    assertEquals("No bricks yet.", page.select(".lead").text());
    assertEquals(0, page.select(".brick").size());
  }

  @Test
  void render_thousandVersionsAndAThousandLoneBricks_isDrawn() {
    var bricks = new ArrayList<BrickRow>();
    bricks.add(brick("long@1", "imported", false));
    IntStream.rangeClosed(2, 1_000).forEach(i -> bricks.add(
        brick("long@" + i, i % 2 == 0 ? "rolled back" : "pruned to 2:4", i == 1_000, "long@1", "long@" + (i - 1))));
    IntStream.range(0, 1_000).forEach(i -> bricks.add(brick("lone-" + i + "@1", "imported", true)));
    LineagePicture picture = LineagePicture.of("p", "Lineage", bricks);
    assertEquals(2_000, picture.boxes().size());
    assertEquals(1_997, picture.lines().size());
  }

  @ParameterizedTest
  @ValueSource(strings = {
      "</svg></script><script>alert(1)</script>", "\" onload=\"alert(1)", "' x '", "<!--", "]]>", "{{title}} {{{style}}}",
      "&lt;b&gt; &amp;", "naïve 分類分類分類分類分類分類分類分類分類 🌱 \u202e", "@", "a@b@c", "@1",
      "a name that is much longer than any box has room for, and goes on@12345678"})
  void render_nameOfAnyCharacters_isShownAsItIs(String name) {
    Document page = page(List.of(
        new BrickRow(name, name, 1, List.of(name + "?"), name, name, false, OptionalDouble.empty())));
    assertTrue(page.select("g.brick > title").getFirst().wholeText().startsWith(name + ": " + name), page::toString);
    assertEquals(name + "? to " + name + ": " + name, page.select(".line > title").getFirst().wholeText());
    assertEquals(2, page.select("svg g.brick").size());
    assertEquals(1, page.select("svg").size());
    assertTrue(page.select("script, [onload], [x]:not(text, rect)").isEmpty());
    page.select("svg text").forEach(text -> assertTrue(text.text().length() <= 29, text::text));
  }

  private static Document page(List<BrickRow> bricks) {
    return Jsoup.parse(BricksReport.render("Bricks", bricks));
  }

  private static Element node(Document page, String name) {
    return page.select(".brick").stream().filter(node -> node.select(".name").text().equals(name)).findFirst()
        .orElseThrow();
  }

  private static BrickRow brick(String name, String made, boolean current, String... parents) {
    return new BrickRow(name, "lora", 100, List.of(parents), made, "", current, OptionalDouble.empty());
  }
}
