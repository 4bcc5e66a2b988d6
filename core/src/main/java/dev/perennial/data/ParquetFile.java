package dev.perennial.data;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A Parquet file, read by a DuckDB in memory that fetches no extensions and writes nothing; a compressed one is
 * unpacked to a temporary file first, as Parquet is read from its end.
 */
record ParquetFile(Path path) implements TableFile {

  @Override
  public void read(Columns columns, RowSink sink) {
    try {
      if (!SourceFile.isGzip(path)) {
        read(path, columns, sink);
        return;
      }
      var unpacked = Files.createTempFile("perennial-", ".parquet");
      try (var in = SourceFile.open(path)) {
        Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
        read(unpacked, columns, sink);
      } finally {
        Files.delete(unpacked);
      }
    } catch (IOException e) {
      throw SourceFile.unreadable(path, e);
    }
  }

  private void read(Path plain, Columns columns, RowSink sink) {
    var source = " FROM read_parquet('" + pattern(plain) + "')";
    try (var duckdb = open(); var statement = duckdb.createStatement()) {
      var types = new ArrayList<String>();
      var selected = select(statement.executeQuery("SELECT *" + source + " LIMIT 0"), columns, types);
      try (var rows = statement.executeQuery("SELECT " + selected + source)) {
        for (long row = 1; rows.next(); row++) {
          row(rows, row, columns.names(), types, sink);
        }
      }
    } catch (SQLException e) {
      throw new UsageException(path + " cannot be read as Parquet: " + firstLine(e) + "; write it again", e);
    }
  }

  private static String firstLine(SQLException e) {
    return Objects.requireNonNullElse(e.getMessage(), "").lines().findFirst().orElse("");
  }

  private static Connection open() {
    var settings = new Properties();
    settings.setProperty("threads", "2");
    settings.setProperty("preserve_insertion_order", "true");
    settings.setProperty("autoinstall_known_extensions", "false");
    settings.setProperty("autoload_known_extensions", "false");
    settings.setProperty("allow_persistent_secrets", "false");
    settings.setProperty("temp_directory", "");
    try {
      return DriverManager.getConnection("jdbc:duckdb:", settings);
    } catch (SQLException e) {
      throw new FailureException(
          "DuckDB, which reads Parquet, does not start: " + firstLine(e) + "; give the data as CSV or JSONL", e);
    }
  }

  /** The path as a pattern that matches itself alone, quoted for SQL. */
  private static String pattern(Path plain) {
    return plain.toAbsolutePath().toString().replaceAll("[*?\\[]", "[$0]").replace("'", "''");
  }

  /** The columns asked for, as SQL; adds their types, in the same order. */
  private String select(ResultSet empty, Columns columns, List<String> types) throws SQLException {
    var present = new ArrayList<String>();
    var meta = empty.getMetaData();
    for (int i = 1; i <= meta.getColumnCount(); i++) {
      present.add(meta.getColumnName(i));
    }
    for (int place : columns.find(path, present)) {
      var type = meta.getColumnTypeName(place + 1);
      if (type.contains("[") || (type.contains("(") && !type.startsWith("DECIMAL"))) {
        throw new UsageException(
            "%s: column '%s' holds %s, expected text, numbers or times; name another column, or write it as text"
                .formatted(path, present.get(place), type));
      }
      types.add(type);
    }
    return IntStream.range(0, types.size()).mapToObj(i -> {
      var name = '"' + columns.names().get(i).replace("\"", "\"\"") + '"';
      return isBytes(types.get(i)) ? name : name + "::VARCHAR";
    }).collect(Collectors.joining(", "));
  }

  /** Old writers do not say that their bytes are text. */
  private static boolean isBytes(String type) {
    return type.equals("BLOB");
  }

  private void row(ResultSet rows, long row, List<String> names, List<String> types, RowSink sink)
      throws SQLException {
    var cells = new ArrayList<@Nullable String>(types.size());
    for (int i = 0; i < types.size(); i++) {
      byte[] bytes = isBytes(types.get(i)) ? rows.getBytes(i + 1) : null;
      var cell = bytes == null ? rows.getString(i + 1) : Utf8.decode(bytes);
      if (bytes != null && cell == null) {
        sink.bad(path, row, "bytes that are not UTF-8 in column '" + names.get(i) + "'");
        return;
      }
      cells.add(cell);
    }
    sink.row(path, row, cells);
  }
}
