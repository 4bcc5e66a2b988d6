package dev.perennial.measure;

import java.nio.file.Path;
import java.util.List;

/** A report of the bricks of a store as one {@link HtmlPage}: their lineage as a picture, and the same as a table. */
public final class BricksReport {

  private BricksReport() {}

  /**
   * What the template {@code bricks.html} names.
   *
   * @param title the page's title
   * @param summary what there is, in a sentence
   * @param lineage the picture
   * @param bricks the table
   */
  private record Content(String title, String summary, LineagePicture lineage, Grid bricks) {}

  /**
   * The page's text.
   *
   * @param title what it is about; any characters
   * @param bricks in the order in which they are to be listed
   */
  public static String render(String title, List<BrickRow> bricks) {
    long current = bricks.stream().filter(BrickRow::current).count();
    String summary = bricks.isEmpty() ? "No bricks yet."
        : (current == 1 ? "One brick" : current + " bricks") + (current == bricks.size() ? "."
            : ", and earlier versions of them: " + (bricks.size() - current) + ".");
    var content = new Content(title, summary, LineagePicture.of("lineage", "Lineage of the bricks", bricks),
        BrickGrid.of("Bricks and where they come from", bricks));
    return HtmlPage.render(BricksReport.class, "bricks", title, content);
  }

  /**
   * Writes the page, in the place of what may be there.
   *
   * @param file where; its directory exists
   * @throws dev.perennial.FailureException where it cannot be written
   */
  public static void write(Path file, String title, List<BrickRow> bricks) {
    HtmlPage.write(file, render(title, bricks));
  }
}
