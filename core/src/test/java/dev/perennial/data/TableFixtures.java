package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.PerennialException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.function.Executable;

/** Tables written for tests, and the way their problems are told. */
final class TableFixtures {

  private TableFixtures() {}

  static Path write(Path file, String content) {
    return write(file, content.getBytes(StandardCharsets.UTF_8));
  }

  static Path write(Path file, byte[] content) {
    try {
      return Files.write(file, content);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path gzip(Path file) {
    var packed = file.resolveSibling(file.getFileName() + ".gz");
    try (var out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      Files.copy(file, out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed;
  }

  static Path csv(Path file, List<String> header, List<List<String>> rows) {
    return write(file, line(header) + rows.stream().map(TableFixtures::line).collect(Collectors.joining()));
  }

  private static String line(List<String> cells) {
    return cells.stream().map(c -> '"' + c.replace("\"", "\"\"") + '"').collect(Collectors.joining(",", "", "\r\n"));
  }

  static Path jsonLines(Path file, List<String> header, List<List<String>> rows) {
    var content = new StringBuilder();
    var mapper = new ObjectMapper();
    try {
      for (var row : rows) {
        var object = new LinkedHashMap<String, String>();
        for (int i = 0; i < header.size(); i++) {
          object.put(header.get(i), row.get(i));
        }
        content.append(mapper.writeValueAsString(object)).append('\n');
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return write(file, content.toString());
  }

  static Path parquet(Path file, List<String> header, List<List<String>> rows) {
    var columns = header.stream().map(name -> '"' + name + "\" VARCHAR").collect(Collectors.joining(", "));
    var marks = header.stream().map(name -> "?").collect(Collectors.joining(", "));
    try (var duckdb = DriverManager.getConnection("jdbc:duckdb:"); var statement = duckdb.createStatement()) {
      statement.execute("CREATE TABLE t (" + columns + ")");
      try (var insert = duckdb.prepareStatement("INSERT INTO t VALUES (" + marks + ")")) {
        for (var row : rows) {
          for (int i = 0; i < row.size(); i++) {
            insert.setString(i + 1, row.get(i));
          }
          insert.execute();
        }
      }
      statement.execute("COPY t TO '" + file.toString().replace("'", "''") + "' (FORMAT parquet)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return file;
  }

  /** A Parquet file with the result of any query. */
  static Path parquet(Path file, String query) {
    try (var duckdb = DriverManager.getConnection("jdbc:duckdb:"); var statement = duckdb.createStatement()) {
      statement.execute("COPY (" + query + ") TO '" + file + "' (FORMAT parquet)");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return file;
  }

  /** The one line with which an action is refused. */
  static String problem(Class<? extends PerennialException> kind, Executable action) {
    @Nullable String message = assertThrows(kind, action).getMessage();
    assertEquals(1, String.valueOf(message).lines().count(), message);
    return String.valueOf(message);
  }
}
