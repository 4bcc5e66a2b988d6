package dev.perennial.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in columns, as wide as their widest cell; numbers stand to the right. */
final class Table {

  private final List<List<String>> rows = new ArrayList<>();
  private final List<String> head;

  Table(String... head) {
    this.head = List.of(head);
    rows.add(this.head);
  }

  /** Adds a row; as many cells as the head. */
  Table row(Object... cells) {
    if (cells.length != head.size()) {
      throw new IllegalArgumentException("a row of " + cells.length + " cells under a head of " + head.size());
    }
    rows.add(List.of(cells).stream().map(String::valueOf).toList());
    return this;
  }

  /** The rows, each with a line end. */
  String text() {
    var text = new StringBuilder();
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int column = 0; column < row.size(); column++) {
        String pad = " ".repeat(width(column) - row.get(column).length());
        line.append(column == 0 ? "" : "  ");
        line.append(isNumeric(column) ? pad + row.get(column) : row.get(column) + pad);
      }
      text.append(line.toString().stripTrailing()).append(System.lineSeparator());
    }
    return text.toString();
  }

  private int width(int column) {
    return rows.stream().mapToInt(row -> row.get(column).length()).max().orElse(0);
  }

  private boolean isNumeric(int column) {
    return rows.stream().skip(1).allMatch(row -> row.get(column).matches("[0-9.,]+( [A-Za-z]+)?|-"));
  }
}
