package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteErrorCode;
import org.sqlite.SQLiteException;

/** The file that holds a store's database: making it, opening it, and telling whether this program may read it. */
final class CatalogFile {
  /** The newest layout of tables and blobs that this program knows; kept in SQLite's {@code user_version}. */
  static final int FORMAT = 1;

  /** "PRNL": says in SQLite's {@code application_id} that a database is a store's. */
  private static final int APPLICATION = 0x50524E4C;

  private static final int BUSY_MILLIS = 10_000;

  private CatalogFile() {}

  /** Makes a whole new database file; on return it is synced and stands alone, without a journal. */
  static void create(Path file, String spec) throws SQLException {
    var config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setApplicationId(APPLICATION);
    config.setUserVersion(FORMAT);
    try (var catalog = new Catalog(file, config.createConnection(url(file, "")))) {
      catalog.initialize(spec);
    }
  }

  /**
   * Opens a database that is there.
   *
   * <p>A reader in a directory that it cannot write needs SQLite's shared-memory file, which a running writer or one that
   * was killed has left there; where a writer has ended in good order there is none, and the database, complete without
   * it, is read as one that does not change.
   *
   * @throws UsageException if it is no store's database
   * @throws FailureException if its format is newer than {@link #FORMAT}
   */
  static Catalog open(Path file, Access access) throws SQLException {
    var config = new SQLiteConfig();
    config.setBusyTimeout(BUSY_MILLIS);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setReadOnly(access == Access.READ);
    try {
      return checked(file, config.createConnection(url(file, "")));
    } catch (SQLiteException e) {
      if (access == Access.WRITE || !needsSharedMemory(e.getResultCode())) {
        throw e;
      }
      return checked(file, config.createConnection(url(file, "?immutable=1")));
    }
  }

  private static boolean needsSharedMemory(SQLiteErrorCode code) {
    return switch (code) {
      case SQLITE_CANTOPEN, SQLITE_READONLY, SQLITE_READONLY_CANTINIT, SQLITE_READONLY_DIRECTORY -> true;
      default -> false;
    };
  }

  private static Catalog checked(Path file, Connection connection) throws SQLException {
    boolean good = false;
    try {
      long application = pragma(connection, "application_id");
      long format = pragma(connection, "user_version");
      if (application != APPLICATION) {
        throw new UsageException(
            "expected the database of a Perennial store, " + file + " is another one: choose another directory");
      }
      if (format > FORMAT) {
        throw new FailureException(
            "the store " + file.getParent() + " has format " + format + ", this program reads up to format " + FORMAT
                + ": use a newer Perennial");
      }
      good = true;
      return new Catalog(file, connection);
    } finally {
      if (!good) {
        connection.close();
      }
    }
  }

  private static long pragma(Connection connection, String name) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("PRAGMA " + name)) {
      return row.getLong(1);
    }
  }

  /** As a URI, so that a path may hold any character. */
  private static String url(Path file, String query) {
    return "jdbc:sqlite:" + file.toUri() + query;
  }
}
