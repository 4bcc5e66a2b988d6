package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import dev.perennial.edit.Edit;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** A table of texts and labels, all of whose rows are wanted. */
final class EditFile {

  private EditFile() {}

  /**
   * Reads it.
   *
   * @param option that names it
   * @throws dev.perennial.PerennialException in one line, if it cannot be read or lacks a column
   */
  static List<Edit> read(String option, Path file, String text, String label) {
    if (!Files.isRegularFile(file)) {
      throw new UsageException("expected a table of texts and labels for " + option + ", got " + file
          + ", which is no file: check the path");
    }
    var options = new TableOptions(List.of(file), text, label, null, null, null, 0, 0, List.of(), null);
    return Tables.read(options, 1).train().stream()
        .map(row -> new Edit(((Input.Text) row.input()).value(), row.label())).toList();
  }
}
