package dev.perennial.data;

import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** One file of a table, of a known format. */
interface TableFile {

  /**
   * Reads every row, in the order of the file.
   *
   * @throws UsageException if the file is damaged or lacks a column
   */
  void read(Columns columns, RowSink sink);

  /**
   * The file at a path, its format told by its name.
   *
   * @throws UsageException if there is none, it is a directory or empty, or its name tells no format
   */
  static TableFile at(Path path) {
    if (!Files.exists(path)) {
      throw new UsageException("no such file: " + path + "; check the path given with --data");
    }
    if (Files.isDirectory(path)) {
      throw new UsageException(path + " is a directory, expected a file: name the files in it with --data");
    }
    try {
      if (Files.size(path) == 0) {
        throw new UsageException(path + " is empty: expected rows of a table; check how it was written");
      }
    } catch (IOException e) {
      throw SourceFile.unreadable(path, e);
    }
    var name = path.toString().toLowerCase(Locale.ROOT);
    var plain = SourceFile.isGzip(path) ? name.substring(0, name.length() - ".gz".length()) : name;
    if (plain.endsWith(".csv")) {
      return new CsvFile(path);
    } else if (plain.endsWith(".jsonl")) {
      return new JsonLinesFile(path);
    } else if (plain.endsWith(".parquet")) {
      return new ParquetFile(path);
    }
    throw new UsageException(
        path + ": expected a name that ends in .csv, .jsonl or .parquet, with or without .gz; convert or rename it");
  }
}
