package dev.perennial.measure;

import java.util.ArrayList;
import java.util.List;

/** A plain-text table: the first column to the left, the others to the right, two spaces between. */
final class Columns {
  private final List<List<String>> rows = new ArrayList<>();

  /** Adds a row; later rows may be shorter or longer. */
  Columns row(List<String> cells) {
    rows.add(List.copyOf(cells));
    return this;
  }

  /** The lines of the table, each with its line end and without spaces before it. */
  String text() {
    int columns = rows.stream().mapToInt(List::size).max().orElse(0);
    int[] widths = new int[columns];
    for (List<String> row : rows) {
      for (int c = 0; c < row.size(); c++) {
        widths[c] = Math.max(widths[c], width(row.get(c)));
      }
    }
    var text = new StringBuilder();
    for (List<String> row : rows) {
      var line = new StringBuilder();
      for (int c = 0; c < row.size(); c++) {
        String gap = " ".repeat(widths[c] - width(row.get(c)));
        line.append(c == 0 ? row.get(c) + gap : "  " + gap + row.get(c));
      }
      text.append(line.toString().stripTrailing()).append('\n');
    }
    return text.toString();
  }

  private static int width(String cell) {
    return cell.codePointCount(0, cell.length());
  }
}
