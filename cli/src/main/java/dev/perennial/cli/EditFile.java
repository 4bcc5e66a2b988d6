package dev.perennial.cli;

import dev.perennial.data.Input;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.edit.Edit;
import java.nio.file.Path;
import java.util.List;

/** A table of texts and labels, all of whose rows are wanted. */
final class EditFile {

  private EditFile() {}

  /**
   * Reads it.
   *
   * @throws dev.perennial.PerennialException in one line, if it cannot be read or lacks a column
   */
  static List<Edit> read(Path file, String text, String label) {
    var options = new TableOptions(List.of(file), text, label, null, null, null, 0, 0, List.of(), null);
    return Tables.read(options, 1).train().stream()
        .map(row -> new Edit(((Input.Text) row.input()).value(), row.label())).toList();
  }
}
