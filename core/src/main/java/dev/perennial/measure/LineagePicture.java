package dev.perennial.measure;

import dev.perennial.budget.Resource;
import dev.perennial.measure.LineageGraph.Edge;
import dev.perennial.measure.LineageGraph.Node;
import dev.perennial.measure.LineageLayout.Place;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * The lineage of bricks as the template {@code lineage.html} draws it, from left to right.
 *
 * @param id of its own within the page
 * @param title what it shows
 * @param description the same at more length, for those who do not see it
 * @param width in pixels
 * @param height in pixels
 * @param boxes of the bricks
 * @param lines from parents to children
 */
record LineagePicture(
    String id, String title, String description, String width, String height, List<Box> boxes, List<Line> lines) {

  private static final int NAME_WIDTH = 21;
  private static final int TEXT_WIDTH = 27;
  private static final int LABEL_WIDTH = 20;

  /**
   * A brick.
   *
   * @param look classes of the style sheet
   * @param x where its stem begins
   * @param y the middle of its box
   * @param full all that is known of it
   * @param made how it was made, over its stem
   * @param madeMore what of that did not fit, under its stem
   * @param name as much of it as fits
   * @param version of that name; may be empty
   * @param what its kind, and its accuracy where that is known
   * @param size how many parameters it has
   */
  record Box(String look, String x, String y, String full, String made, String madeMore, String name, String version,
      String what, String size) {

    boolean hasStem() {
      return !look.contains("absent");
    }

    boolean isRoot() {
      return look.contains("root");
    }
  }

  /**
   * A line from a parent's box to a child's stem.
   *
   * @param path as SVG draws it
   * @param full what it means
   */
  record Line(String path, String full) {}

  /**
   * The picture.
   *
   * @param id of its own within the page
   * @param bricks in the order in which they are listed; with any parents
   */
  static LineagePicture of(String id, String title, List<BrickRow> bricks) {
    LineageGraph graph = LineageGraph.of(bricks);
    LineageLayout layout = LineageLayout.of(graph);
    Set<Integer> children = new HashSet<>(graph.edges().stream().map(Edge::child).toList());
    List<Box> boxes = IntStream.range(0, graph.nodes().size())
        .mapToObj(i -> box(graph.nodes().get(i), layout.places().get(i), !children.contains(i)))
        .toList();
    List<Line> lines = IntStream.range(0, graph.edges().size())
        .mapToObj(i -> new Line(path(layout.lines().get(i).points()), step(graph, graph.edges().get(i))))
        .toList();
    String description = String.format(Locale.ROOT, "%d %s and %d %s from parent to child, drawn from left to right. The"
            + " table has the same in words: what each brick is, how it was made, and of which others.",
        bricks.size(), bricks.size() == 1 ? "brick" : "bricks", lines.size(), lines.size() == 1 ? "step" : "steps");
    return new LineagePicture(id, title, description, pixels(layout.width()), pixels(layout.height()), boxes, lines);
  }

  private static Box box(Node node, Place place, boolean isRoot) {
    BrickRow brick = node.brick();
    int at = node.name().lastIndexOf('@');
    String version = at < 1 ? "" : shortened(node.name().substring(at), NAME_WIDTH / 2);
    String name = shortened(at < 1 ? node.name() : node.name().substring(0, at), NAME_WIDTH - version.length());
    if (brick == null) {
      return new Box("absent", pixels(place.x()), pixels(place.y()), node.name() + ": " + node.absence(), "", "", name,
          version, node.absence(), "");
    }
    List<String> made = wrapped(brick.made());
    String right = right(brick);
    String what = shortened(brick.kind(), TEXT_WIDTH - right.length()) + right;
    return new Box((isRoot ? "root" : "made") + (brick.current() ? " current" : " older"), pixels(place.x()),
        pixels(place.y()), full(brick), made.getFirst(), made.getLast(), name, version, what, size(brick));
  }

  private static String full(BrickRow brick) {
    var parts = new ArrayList<String>();
    parts.add(brick.kind());
    parts.add(size(brick));
    parts.add(brick.made());
    parts.add(brick.parents().isEmpty() ? "" : "of " + String.join(", ", brick.parents()));
    parts.add(brick.trainedOn());
    parts.removeIf(String::isBlank);
    return brick.name() + ": " + String.join(", ", parts) + right(brick);
  }

  private static String size(BrickRow brick) {
    return Resource.PARAMETERS.format((double) brick.parameters()) + " parameters";
  }

  /** Its accuracy, where that is known. */
  private static String right(BrickRow brick) {
    return brick.accuracy().isPresent()
        ? String.format(Locale.ROOT, ", %.1f%% right", 100 * brick.accuracy().getAsDouble())
        : "";
  }

  private static String step(LineageGraph graph, Edge edge) {
    BrickRow child = graph.nodes().get(edge.child()).brick();
    return graph.nodes().get(edge.parent()).name() + " to " + graph.nodes().get(edge.child()).name()
        + (child == null || child.made().isEmpty() ? "" : ": " + child.made());
  }

  /** Bends between columns, and straight lines through those that are passed. */
  private static String path(List<Place> points) {
    var path = new StringBuilder("M" + pair(points.getFirst()));
    for (int i = 1; i < points.size(); i++) {
      Place from = points.get(i - 1);
      Place to = points.get(i);
      double middle = (from.x() + to.x()) / 2;
      path.append(i % 2 == 0
          ? "L" + pair(to)
          : "C" + pair(new Place(middle, from.y())) + " " + pair(new Place(middle, to.y())) + " " + pair(to));
    }
    return path.toString();
  }

  private static String pair(Place place) {
    return pixels(place.x()) + " " + pixels(place.y());
  }

  private static String pixels(double value) {
    String text = String.format(Locale.ROOT, "%.1f", value);
    return text.endsWith(".0") ? text.substring(0, text.length() - 2) : text;
  }

  /** In two lines as alike as spaces allow; the second is empty where one will do. */
  private static List<String> wrapped(String text) {
    int best = -1;
    for (int space = text.indexOf(' '); space >= 0 && columns(text) > LABEL_WIDTH; space = text.indexOf(' ', space + 1)) {
      best = best < 0 || Math.abs(text.length() - 2 * space) < Math.abs(text.length() - 2 * best) ? space : best;
    }
    return best < 0
        ? List.of(shortened(text, LABEL_WIDTH), "")
        : List.of(shortened(text.substring(0, best), LABEL_WIDTH), shortened(text.substring(best + 1), LABEL_WIDTH));
  }

  /** As much of a text as fits, with its end where it is cut. */
  private static String shortened(String text, int width) {
    if (columns(text) <= width) {
      return text;
    }
    int[] points = text.codePoints().limit(4L * width).toArray();
    int end = 0;
    for (int used = columns(points[0]); used < width; used += columns(points[end])) {
      end++;
    }
    return new String(points, 0, end).stripTrailing() + "…";
  }

  private static int columns(String text) {
    return text.codePoints().map(LineagePicture::columns).sum();
  }

  /** How wide a character is, in letters: those of East Asian scripts and pictures are two. */
  private static int columns(int point) {
    return point >= 0x1100 && (Character.isIdeographic(point) || point < 0x1200 || point >= 0x3000 && point < 0xD800
        || point >= 0xFF00 && point < 0xFFE7 || point >= 0x1F000) ? 2 : 1;
  }
}
