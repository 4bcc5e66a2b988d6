package dev.perennial.measure;

import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A table of an {@link HtmlPage}: plain text, which the template escapes.
 *
 * @param caption what the table shows
 * @param heads the column titles, the one over the row titles first
 * @param rows top to bottom
 * @param look how it is drawn, a class of the style sheet
 */
public record Grid(String caption, List<String> heads, List<Row> rows, String look) {

  /** A table drawn in the usual way. */
  public static Grid of(String caption, List<String> heads, List<Row> rows) {
    return new Grid(caption, heads, rows, "plain");
  }

  /** The column titles, each drawn as the cells under it. */
  public List<Column> columns() {
    return IntStream.range(0, heads.size())
        .mapToObj(c -> new Column(heads.get(c), c > 0 && isWords(c - 1) ? "words" : ""))
        .toList();
  }

  private boolean isWords(int item) {
    return !rows.isEmpty() && rows.getFirst().items().get(item).look().equals("words");
  }

  /** The same table under another caption. */
  public Grid captioned(String other) {
    return new Grid(other, heads, rows, look);
  }

  /** A title for the rows, then the name of each run. */
  static List<String> heads(String first, List<ReportRun> runs) {
    return Stream.concat(Stream.of(first), runs.stream().map(ReportRun::name)).toList();
  }

  /** A number from 0 to 1 as CSS reads it. */
  public static String fraction(double value) {
    return String.format(Locale.ROOT, "%.3f", value);
  }

  /**
   * One column's title.
   *
   * @param title what it says
   * @param look how it is drawn: a class of the style sheet; may be empty
   */
  public record Column(String title, String look) {}

  /**
   * One row.
   *
   * @param title its title
   * @param note a smaller line under the title; may be empty
   * @param items its cells
   */
  public record Row(String title, String note, List<Item> items) {}

  /**
   * One cell.
   *
   * @param text what it says
   * @param note a smaller word before it; may be empty
   * @param look how it is drawn: classes of the style sheet; may be empty
   * @param value what colour or bar stands for, from 0 to 1, as CSS reads it; empty for neither
   */
  public record Item(String text, String note, String look, String value) {

    /** A cell with nothing but a text. */
    public static Item of(String text) {
      return new Item(text, "", "", "");
    }

    /** A cell of words, which stand to the left. */
    public static Item words(String text) {
      return new Item(text, "", "words", "");
    }
  }
}
