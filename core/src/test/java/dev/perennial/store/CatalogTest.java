package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CatalogTest {
  @TempDir Path dir;

  /** SQLite rolls a transaction back by itself when it has no room: the reason must come through all the same. */
  @Test
  void append_databaseFull_saysSoAndGoesOn() throws SQLException {
    Path file = dir.resolve("perennial.db");
    CatalogFile.create(file, "");
    var connection = DriverManager.getConnection("jdbc:sqlite:" + file);
    try (var statement = connection.createStatement()) {
      statement.execute("PRAGMA max_page_count = 20");
    }
    try (var catalog = new Catalog(file, connection)) {
      Commit first = commit(1, "small");
      catalog.append(first, new SystemDisk());
      var failure =
          assertThrows(SQLException.class, () -> catalog.append(commit(2, "x".repeat(200_000)), new SystemDisk()));
      assertTrue(String.valueOf(failure.getMessage()).contains("full"), failure.getMessage());
      assertEquals(List.of(1L), catalog.ids());
      Commit second = commit(2, "small");
      catalog.append(second, new SystemDisk());
      assertEquals(second, catalog.commit(2));
      assertEquals(first, catalog.commit(1));
      assertEquals(List.of(), catalog.check());
    }
  }

  private static Commit commit(long id, String document) {
    return new Commit(
        id, id - 1, Instant.EPOCH, Position.START, List.of(), new TreeMap<>(Map.of("d", document)), false);
  }
}
