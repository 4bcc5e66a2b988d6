package dev.perennial.server.journal;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** The questions that are asked of a journal. */
final class JournalQueries {

  private static final String COLUMNS = "SELECT seq, model, kind, source, text, label FROM entry ";

  private JournalQueries() {}

  static List<Entry> after(Connection connection, long seq, int most) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(COLUMNS + "WHERE seq > ? ORDER BY seq LIMIT ?")) {
      select.setLong(1, seq);
      select.setInt(2, most);
      return entries(select);
    }
  }

  /** The rows that a removal takes back. */
  static List<Entry> removed(Connection connection, Entry removal) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(
        COLUMNS + "WHERE model = ? AND source = ? AND removed = ? ORDER BY seq")) {
      select.setString(1, removal.model());
      select.setString(2, removal.source());
      select.setLong(3, removal.seq());
      return entries(select);
    }
  }

  private static List<Entry> entries(PreparedStatement select) throws SQLException {
    var entries = new ArrayList<Entry>();
    try (ResultSet rows = select.executeQuery()) {
      while (rows.next()) {
        entries.add(new Entry(rows.getLong(1), rows.getString(2), Entry.Kind.values()[rows.getInt(3)], rows.getString(4),
            rows.getString(5), rows.getString(6)));
      }
    }
    return entries;
  }

  /** The last line, or the last one that there ever was. */
  static long last(Connection connection) throws SQLException {
    return number(connection, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'entry'), 0)");
  }

  /** The line before the first one that no model's commit is known to hold. */
  static long settled(Connection connection) throws SQLException {
    return number(connection, """
        SELECT coalesce(min(e.seq) - 1, (SELECT coalesce(max(seq), 0) FROM entry)) FROM entry e
        LEFT JOIN committed c ON c.model = e.model WHERE e.seq > coalesce(c.seq, 0)""");
  }

  static long textBytes(Connection connection) throws SQLException {
    return number(connection, "SELECT coalesce(sum(length(text)), 0) FROM entry");
  }

  private static long number(Connection connection, String query) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement(query); ResultSet row = select.executeQuery()) {
      row.next();
      return row.getLong(1);
    }
  }

  /** How many rows of a source are not removed, and how many of those have lost their texts. */
  static List<Long> rowsAndLost(Connection connection, String model, String source) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement("SELECT count(*), count(*) - count(text) FROM entry"
        + " WHERE model = ? AND source = ? AND kind = 0 AND removed IS NULL")) {
      select.setString(1, model);
      select.setString(2, source);
      try (ResultSet row = select.executeQuery()) {
        row.next();
        return List.of(row.getLong(1), row.getLong(2));
      }
    }
  }

  static List<Taught> sources(Connection connection, String model) throws SQLException {
    try (PreparedStatement select = connection.prepareStatement("""
        SELECT source, sum(removed IS NULL), sum(removed IS NOT NULL), sum(removed IS NULL AND text IS NULL), min(at), max(at)
        FROM entry WHERE model = ? AND kind = 0 GROUP BY source ORDER BY source""")) {
      select.setString(1, model);
      var sources = new ArrayList<Taught>();
      try (ResultSet rows = select.executeQuery()) {
        while (rows.next()) {
          sources.add(new Taught(rows.getString(1), rows.getLong(2), rows.getLong(3), rows.getLong(4),
              Instant.ofEpochMilli(rows.getLong(5)).toString(), Instant.ofEpochMilli(rows.getLong(6)).toString()));
        }
      }
      return sources;
    }
  }
}
