package dev.perennial.measure;

import dev.perennial.measure.LineageGraph.Edge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Where the nodes and edges of a {@link LineageGraph} are drawn, in pixels from the top left.
 *
 * @param places of the nodes
 * @param lines of the edges, in their order
 * @param width of all
 * @param height of all
 */
record LineageLayout(List<Place> places, List<Line> lines, double width, double height) {

  /** Length of the line into a box, where it says how the brick was made. */
  static final int STEM = 142;

  /** Size of a box. */
  static final int BOX_WIDTH = 214;

  static final int BOX_HEIGHT = 66;

  /** Between a box and the next stem, where lines bend. */
  private static final int BEND = 52;

  private static final int COLUMN = STEM + BOX_WIDTH + BEND;
  private static final int GAP = 20;
  private static final int PASSING_HEIGHT = 6;
  private static final int MARGIN = 16;
  private static final int FAMILY_GAP = 34;

  /** Columns that a reader sees at once, which families stand side by side in. */
  private static final int SIDE_BY_SIDE = 3;

  private static final int ORDERINGS = 12;
  private static final int STRAIGHTENINGS = 12;

  /**
   * Of a node.
   *
   * @param x where its stem begins; its box begins {@link #STEM} further on
   * @param y the middle of its box
   */
  record Place(double x, double y) {}

  /**
   * Of an edge: it bends within the space between two columns, from the first point to the second and so on, and runs
   * straight through a column that it passes.
   *
   * @param points where it leaves the parent's box; where it enters and leaves each column that it passes; where it meets
   *     the child's stem
   */
  record Line(List<Place> points) {}

  /*
   * Sugiyama's way (Methods for visual understanding of hierarchical system structures, 1981): layers are columns; an edge
   * over several layers gets a cell in each column that it passes, one for all edges of a parent; each column is sorted by
   * the mean place of its neighbours, to and fro; then cells move towards the mean height of their neighbours as far as
   * the order and the gaps allow, which is isotonic regression. Boxes, labels and passing lines have cells of their own
   * and lines bend between columns only, so that no line runs through a box or a label.
   */

  /** The layout of a graph; families that have no edge in common are drawn apart. */
  static LineageLayout of(LineageGraph graph) {
    int[] family = families(graph);
    var members = new TreeMap<Integer, List<Integer>>();
    for (int node = 0; node < family.length; node++) {
      members.computeIfAbsent(family[node], f -> new ArrayList<>()).add(node);
    }
    var steps = new HashMap<Integer, List<Integer>>();
    for (int edge = 0; edge < graph.edges().size(); edge++) {
      steps.computeIfAbsent(family[graph.edges().get(edge).parent()], f -> new ArrayList<>()).add(edge);
    }
    List<Family> families = members.entrySet().stream()
        .map(entry -> new Family(graph, entry.getValue(), steps.getOrDefault(entry.getKey(), List.of())))
        .sorted(Comparator.comparingInt(Family::columns).reversed()
            .thenComparing(Comparator.comparingDouble(Family::height).reversed()))
        .toList();
    return onShelves(graph, families);
  }

  private static int[] families(LineageGraph graph) {
    int[] family = IntStream.range(0, graph.nodes().size()).toArray();
    for (Edge edge : graph.edges()) {
      int one = root(family, edge.parent());
      int other = root(family, edge.child());
      family[Math.max(one, other)] = Math.min(one, other);
    }
    return IntStream.range(0, family.length).map(node -> root(family, node)).toArray();
  }

  private static int root(int[] family, int node) {
    int at = node;
    while (family[at] != at) {
      family[at] = family[family[at]];
      at = family[at];
    }
    return at;
  }

  /** Families from left to right while there is room, then below. */
  private static LineageLayout onShelves(LineageGraph graph, List<Family> families) {
    var places = new Place[graph.nodes().size()];
    var lines = new Line[graph.edges().size()];
    int room = Math.max(SIDE_BY_SIDE, families.isEmpty() ? 1 : families.getFirst().columns());
    int column = 0;
    int widest = 1;
    double top = MARGIN;
    double bottom = MARGIN;
    for (Family family : families) {
      if (column + family.columns() > room) {
        column = 0;
        top = bottom + FAMILY_GAP;
      }
      family.draw(MARGIN + (double) column * COLUMN, top, places, lines);
      column += family.columns();
      widest = Math.max(widest, column);
      bottom = Math.max(bottom, top + family.height());
    }
    return new LineageLayout(
        List.of(places), List.of(lines), 2 * MARGIN + (double) widest * COLUMN - BEND, bottom + MARGIN);
  }

  /** A box in its column, or the place where lines of a parent pass a column. */
  private static final class Cell {
    private final boolean passing;
    private final int layer;
    private final List<Cell> before = new ArrayList<>();
    private final List<Cell> after = new ArrayList<>();
    private int order;
    private double y;

    private Cell(boolean passing, int layer) {
      this.passing = passing;
      this.layer = layer;
    }

    private double height() {
      return passing ? PASSING_HEIGHT : BOX_HEIGHT;
    }

    private List<Cell> around() {
      var around = new ArrayList<>(before);
      around.addAll(after);
      return around;
    }

    private double left() {
      return (double) layer * COLUMN;
    }

    private double right() {
      return left() + STEM + BOX_WIDTH;
    }
  }

  /** Bricks that hang together, drawn from 0, 0. */
  private static final class Family {
    private final Map<Integer, Cell> boxes = new TreeMap<>();
    private final Map<Integer, List<Cell>> ways = new TreeMap<>();
    private final List<List<Cell>> columns = new ArrayList<>();
    private final double height;

    private Family(LineageGraph graph, List<Integer> nodes, List<Integer> edges) {
      nodes.forEach(node -> boxes.put(node, added(new Cell(false, graph.nodes().get(node).layer()))));
      var passages = new HashMap<List<Integer>, Cell>();
      for (int index : edges) {
        Edge edge = graph.edges().get(index);
        var way = new ArrayList<Cell>();
        way.add(cell(edge.parent()));
        Cell child = cell(edge.child());
        for (int layer = way.getFirst().layer + 1; layer < child.layer; layer++) {
          int through = layer;
          Cell passing = passages.computeIfAbsent(List.of(edge.parent(), layer), key -> added(new Cell(true, through)));
          connect(way.getLast(), passing);
          way.add(passing);
        }
        connect(way.getLast(), child);
        way.add(child);
        ways.put(index, way);
      }
      order();
      straighten();
      double top = cells().mapToDouble(cell -> cell.y - cell.height() / 2).min().orElse(0);
      columns.forEach(column -> column.forEach(cell -> cell.y -= top));
      height = cells().mapToDouble(cell -> cell.y + cell.height() / 2).max().orElse(0);
    }

    private Cell cell(int node) {
      Cell cell = boxes.get(node);
      if (cell == null) {
        throw new IllegalArgumentException("node " + node + " is of another family");
      }
      return cell;
    }

    private Cell added(Cell cell) {
      while (columns.size() <= cell.layer) {
        columns.add(new ArrayList<>());
      }
      columns.get(cell.layer).add(cell);
      return cell;
    }

    private static void connect(Cell one, Cell next) {
      if (!one.after.contains(next)) {
        one.after.add(next);
        next.before.add(one);
      }
    }

    private Stream<Cell> cells() {
      return columns.stream().flatMap(List::stream);
    }

    private int columns() {
      return columns.size();
    }

    private double height() {
      return height;
    }

    private void order() {
      columns.forEach(Family::number);
      for (int i = 0; i < ORDERINGS; i++) {
        for (List<Cell> column : columns) {
          sort(column, cell -> cell.before);
        }
        for (List<Cell> column : columns.reversed()) {
          sort(column, cell -> cell.after);
        }
      }
      columns.forEach(column -> sort(column, cell -> cell.before));
    }

    private static void sort(List<Cell> column, Function<Cell, List<Cell>> neighbours) {
      var wanted = new HashMap<Cell, Double>();
      for (Cell cell : column) {
        wanted.put(cell, neighbours.apply(cell).stream().mapToInt(other -> other.order).average().orElse(cell.order));
      }
      column.sort(Comparator.comparingDouble(cell -> wanted.getOrDefault(cell, 0.0)));
      number(column);
    }

    private static void number(List<Cell> column) {
      for (int i = 0; i < column.size(); i++) {
        column.get(i).order = i;
      }
    }

    private void straighten() {
      columns.forEach(column -> settle(column, cell -> 0));
      for (int i = 0; i < STRAIGHTENINGS; i++) {
        columns.forEach(column -> settle(column, cell -> mean(cell, cell.before)));
        columns.reversed().forEach(column -> settle(column, cell -> mean(cell, cell.after)));
      }
      columns.forEach(column -> settle(column, cell -> mean(cell, cell.around())));
    }

    private static double mean(Cell cell, List<Cell> neighbours) {
      return neighbours.stream().mapToDouble(other -> other.y).average().orElse(cell.y);
    }

    /** What a cell would like, in a column. */
    private interface Wish {
      double of(Cell cell);
    }

    /**
     * Moves the cells of a column so that the squared distances from their wishes are least while the order and the gaps
     * are kept: isotonic regression of wish minus offset, where neighbours that are too near are pooled.
     */
    private static void settle(List<Cell> column, Wish wish) {
      double[] offsets = new double[column.size()];
      for (int i = 1; i < offsets.length; i++) {
        offsets[i] = offsets[i - 1] + (column.get(i - 1).height() + column.get(i).height()) / 2 + GAP;
      }
      double[] sums = new double[offsets.length];
      int[] counts = new int[offsets.length];
      int pools = 0;
      for (int i = 0; i < offsets.length; i++) {
        sums[pools] = wish.of(column.get(i)) - offsets[i];
        counts[pools++] = 1;
        while (pools > 1 && sums[pools - 2] / counts[pools - 2] >= sums[pools - 1] / counts[pools - 1]) {
          pools--;
          sums[pools - 1] += sums[pools];
          counts[pools - 1] += counts[pools];
        }
      }
      int cell = 0;
      for (int pool = 0; pool < pools; pool++) {
        for (int i = 0; i < counts[pool]; i++, cell++) {
          column.get(cell).y = sums[pool] / counts[pool] + offsets[cell];
        }
      }
    }

    private void draw(double x, double y, Place[] places, Line[] lines) {
      boxes.forEach((node, cell) -> places[node] = new Place(x + cell.left(), y + cell.y));
      ways.forEach((edge, way) -> {
        var points = new ArrayList<Place>();
        points.add(new Place(x + way.getFirst().right(), y + way.getFirst().y));
        for (Cell passed : way.subList(1, way.size() - 1)) {
          points.add(new Place(x + passed.left(), y + passed.y));
          points.add(new Place(x + passed.right(), y + passed.y));
        }
        points.add(new Place(x + way.getLast().left(), y + way.getLast().y));
        lines[edge] = new Line(List.copyOf(points));
      });
    }
  }
}
