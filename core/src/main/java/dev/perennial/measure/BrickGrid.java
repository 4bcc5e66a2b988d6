package dev.perennial.measure;

import dev.perennial.budget.Resource;
import dev.perennial.measure.Grid.Item;
import dev.perennial.measure.Grid.Row;
import java.util.List;
import java.util.Locale;

/** Bricks as a table: all that their {@link LineagePicture} shows, in words. */
final class BrickGrid {

  private BrickGrid() {}

  static Grid of(String caption, List<BrickRow> bricks) {
    List<Row> rows = bricks.stream().map(BrickGrid::row).toList();
    return Grid.of(
        caption, List.of("Brick", "Kind", "Parameters", "How", "Made of", "Trained on", "Right"), rows);
  }

  private static Row row(BrickRow brick) {
    return new Row(brick.name(), brick.current() ? "" : "earlier version", List.of(
        Item.words(brick.kind()),
        Item.of(Resource.PARAMETERS.format((double) brick.parameters())),
        Item.words(brick.made()),
        Item.words(brick.parents().isEmpty() ? "none" : String.join(", ", brick.parents())),
        Item.words(brick.trainedOn()),
        Item.of(brick.accuracy().isPresent()
            ? String.format(Locale.ROOT, "%.1f%%", 100 * brick.accuracy().getAsDouble())
            : "–")));
  }
}
