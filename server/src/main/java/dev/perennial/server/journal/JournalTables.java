package dev.perennial.server.journal;

import dev.perennial.FailureException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.sqlite.SQLiteConfig;

/** The database file of a journal: its tables and how it is opened. */
final class JournalTables {

  /** The newest layout that this program knows. */
  private static final int FORMAT = 1;

  /** "PRNJ": says that a database is a journal. */
  private static final int APPLICATION = 0x50524E4A;

  private static final int BUSY_MILLIS = 10_000;

  private static final String[] TABLES = {
      """
      CREATE TABLE IF NOT EXISTS entry (seq INTEGER PRIMARY KEY AUTOINCREMENT, model TEXT NOT NULL, kind INTEGER NOT NULL,
        source TEXT NOT NULL, text TEXT, label TEXT NOT NULL, at INTEGER NOT NULL, removed INTEGER)""",
      "CREATE INDEX IF NOT EXISTS entry_source ON entry (model, source, seq)",
      """
      CREATE TABLE IF NOT EXISTS request (model TEXT NOT NULL, key TEXT NOT NULL, digest BLOB NOT NULL,
        first INTEGER NOT NULL, last INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (model, key)) WITHOUT ROWID""",
      "CREATE INDEX IF NOT EXISTS request_at ON request (at)",
      "CREATE TABLE IF NOT EXISTS source_offset (stream TEXT PRIMARY KEY, place TEXT NOT NULL) WITHOUT ROWID",
      "CREATE TABLE IF NOT EXISTS committed (model TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID"};

  private JournalTables() {}

  /** A connection of its own; transactions are synced in full. */
  static Connection connect(Path file) throws SQLException {
    var config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    config.setBusyTimeout(BUSY_MILLIS);
    return config.createConnection("jdbc:sqlite:" + file);
  }

  /** Makes the tables where they are not there. */
  static void prepare(Connection connection, Path file) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      int application = number(statement, "PRAGMA application_id");
      int format = number(statement, "PRAGMA user_version");
      if (application == 0 && format == 0) {
        for (String table : TABLES) {
          statement.execute(table);
        }
        statement.execute("PRAGMA application_id = " + APPLICATION);
        statement.execute("PRAGMA user_version = " + FORMAT);
      } else if (application != APPLICATION || format != FORMAT) {
        throw new FailureException("expected a journal of format " + FORMAT + " in " + file + ", found format " + format
            + (application == APPLICATION ? "" : " of another program") + ": use the version of Perennial that wrote it");
      }
    }
  }

  private static int number(Statement statement, String query) throws SQLException {
    try (ResultSet result = statement.executeQuery(query)) {
      result.next();
      return result.getInt(1);
    }
  }
}
