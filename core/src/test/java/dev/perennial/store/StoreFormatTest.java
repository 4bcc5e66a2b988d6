package dev.perennial.store;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoreFormatTest {
  @TempDir Path dir;

  @Test
  void open_newerFormat_isRefusedAndLeftAlone() throws SQLException, IOException {
    Store.create(dir, "").close();
    change("PRAGMA user_version = 2");
    byte[] before = Files.readAllBytes(dir.resolve("perennial.db"));
    for (Access access : Access.values()) {
      var failure = assertThrows(FailureException.class, () -> Store.open(dir, access));
      assertEquals(
          "the store " + dir + " has format 2, this program reads up to format 1: use a newer Perennial",
          failure.getMessage());
    }
    assertArrayEquals(before, Files.readAllBytes(dir.resolve("perennial.db")));
    change("PRAGMA user_version = 1");
    Store.open(dir, Access.WRITE).close();
  }

  @Test
  void open_anotherDatabase_isRefused() throws SQLException {
    change("CREATE TABLE t (x)");
    for (Access access : Access.values()) {
      assertThrows(UsageException.class, () -> Store.open(dir, access));
    }
  }

  @Test
  void open_noDatabase_isRefusedInOneLine() throws IOException {
    Files.writeString(dir.resolve("perennial.db"), "these are not the bytes of a database\n".repeat(50), UTF_8);
    for (Access access : Access.values()) {
      String message =
          String.valueOf(assertThrows(FailureException.class, () -> Store.open(dir, access)).getMessage());
      assertTrue(message.startsWith("cannot open the store " + dir) && message.indexOf('\n') < 0, message);
    }
  }

  @Test
  void database_everyStore_syncsInFullAndLogsAhead() throws SQLException {
    try (Store store = Store.create(dir, "");
        var database = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = database.createStatement();
        var mode = statement.executeQuery("PRAGMA journal_mode")) {
      assertEquals("wal", mode.getString(1));
      assertTrue(store.head().isEmpty());
    }
  }

  private void change(String sql) throws SQLException {
    try (var database = DriverManager.getConnection("jdbc:sqlite:" + dir.resolve("perennial.db"));
        var statement = database.createStatement()) {
      statement.executeUpdate(sql);
    }
  }
}
