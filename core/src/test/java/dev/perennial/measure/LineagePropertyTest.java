package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.measure.LineageGraph.Edge;
import dev.perennial.measure.LineageLayout.Place;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.OptionalDouble;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.jsoup.Jsoup;
import org.jsoup.nodes.Document;

/** What holds of the picture of any bricks with any parents, circles and unknown names among them. */
final class LineagePropertyTest {

  @Property(tries = 60)
  void graph_anyParents_hasEachBrickOnceAndEachParentAsAnEdgeToALaterLayer(
      @ForAll long seed, @ForAll @IntRange(max = 40) int count, @ForAll @IntRange(max = 4) int most) {
    List<BrickRow> bricks = bricks(seed, count, most);
    LineageGraph graph = LineageGraph.of(bricks);
    assertEquals(bricks, graph.nodes().stream().map(LineageGraph.Node::brick).filter(Objects::nonNull).toList());
    for (int i = 0; i < count; i++) {
      int child = i;
      List<String> parents = graph.edges().stream().filter(edge -> edge.child() == child)
          .map(edge -> graph.nodes().get(edge.parent()).name()).sorted().toList();
      assertEquals(bricks.get(i).parents().stream().distinct().sorted().toList(), parents);
    }
    for (Edge edge : graph.edges()) {
      assertTrue(graph.nodes().get(edge.parent()).layer() < graph.nodes().get(edge.child()).layer());
    }
  }

  @Property(tries = 60)
  void layout_anyParents_drawsNoBoxOverAnotherAndNoLineOverABoxOrALabel(
      @ForAll long seed, @ForAll @IntRange(max = 40) int count, @ForAll @IntRange(max = 4) int most) {
    LineageGraph graph = LineageGraph.of(bricks(seed, count, most));
    LineageLayout layout = LineageLayout.of(graph);
    double length = LineageLayout.STEM + LineageLayout.BOX_WIDTH;
    double half = LineageLayout.BOX_HEIGHT / 2.0;
    for (int i = 0; i < layout.places().size(); i++) {
      Place one = layout.places().get(i);
      assertTrue(one.x() >= 0 && one.x() + length <= layout.width() && one.y() - half >= 0
          && one.y() + half <= layout.height(), one::toString);
      for (Place other : layout.places().subList(0, i)) {
        assertTrue(Math.abs(one.x() - other.x()) >= length || Math.abs(one.y() - other.y()) >= 2 * half,
            () -> one + " and " + other);
      }
    }
    for (int i = 0; i < layout.lines().size(); i++) {
      List<Place> points = layout.lines().get(i).points();
      Place parent = layout.places().get(graph.edges().get(i).parent());
      assertEquals(new Place(parent.x() + length, parent.y()), points.getFirst());
      assertEquals(layout.places().get(graph.edges().get(i).child()), points.getLast());
      for (int p = 1; p + 1 < points.size(); p += 2) {
        assertEquals(points.get(p).y(), points.get(p + 1).y(), "straight through a column");
        runsClear(points.get(p), points.get(p + 1), layout.places(), length, half);
      }
      for (int p = 0; p + 1 < points.size(); p += 2) {
        Place from = points.get(p);
        Place to = points.get(p + 1);
        assertTrue(layout.places().stream().noneMatch(box -> box.x() < to.x() - 1e-9 && box.x() + length > from.x() + 1e-9
            && Math.abs(box.y() - from.y()) < 1e4), () -> "bends between columns: " + from + " " + to);
      }
    }
  }

  private static void runsClear(Place from, Place to, List<Place> boxes, double length, double half) {
    for (Place box : boxes) {
      assertTrue(box.x() + length <= from.x() || box.x() >= to.x() || Math.abs(box.y() - from.y()) > half,
          () -> from + " runs through " + box);
    }
  }

  @Property(tries = 30)
  void render_anyParents_drawsABoxForEachNodeAndALineForEachEdge(
      @ForAll long seed, @ForAll @IntRange(max = 30) int count) {
    List<BrickRow> bricks = bricks(seed, count, 3);
    LineageGraph graph = LineageGraph.of(bricks);
    Document page = Jsoup.parse(BricksReport.render("Bricks", bricks));
    assertEquals(graph.nodes().size(), page.select("svg g.brick").size());
    assertEquals(count, page.select("svg g.brick:not(.absent)").size());
    assertEquals(graph.edges().size(), page.select("svg path.line").size());
    assertEquals(count, page.select("#bricks tbody tr").size());
    assertEquals(count == 0 ? 0 : new HashSet<>(bricks).size(), page.select("#bricks tbody th").size());
  }

  /** Bricks with up to {@code most} parents, mostly earlier ones, some later, some unknown, some twice. */
  private static List<BrickRow> bricks(long seed, int count, int most) {
    var random = new Random(seed);
    return IntStream.range(0, count).mapToObj(i -> {
      var parents = new ArrayList<String>();
      for (int p = random.nextInt(most + 1); p > 0; p--) {
        int kind = random.nextInt(12);
        parents.add(kind == 0 ? "unknown-" + random.nextInt(3)
            : "b" + (kind == 1 ? random.nextInt(count) : random.nextInt(Math.max(1, i))));
      }
      return new BrickRow("b" + i, "lora", 10, parents, "merged by ties", "", true, OptionalDouble.empty());
    }).toList();
  }
}
