package dev.perennial.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Rows of text in columns: the first stands to the left, the others, which are numbers, to the right. */
public final class Table {

  private final List<List<String>> rows = new ArrayList<>();

  /** A table with nothing but its head. */
  public Table(String... head) {
    rows.add(List.of(head));
  }

  /** Adds a row with as many cells as the head. */
  public Table row(String... cells) {
    if (cells.length != rows.getFirst().size()) {
      throw new IllegalArgumentException(
          "a row of " + Arrays.toString(cells) + " under a head of " + rows.getFirst().size() + " cells");
    }
    rows.add(List.of(cells));
    return this;
  }

  /** The lines, without a line end after the last. */
  public String text() {
    var lines = new ArrayList<String>();
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        String pad = " ".repeat(width(column) - row.get(column).length());
        line.append(column == 0 ? row.get(column) + pad : "  " + pad + row.get(column));
      }
      lines.add(line.toString().stripTrailing());
    }
    return String.join(System.lineSeparator(), lines);
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
  }
}
