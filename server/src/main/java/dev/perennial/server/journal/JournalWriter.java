package dev.perennial.server.journal;

import dev.perennial.FailureException;
import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Clock;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The statements that change a journal, on one connection, within transactions that its caller begins and ends. */
final class JournalWriter implements AutoCloseable {

  private final Connection connection;
  private final Clock clock;
  private final PreparedStatement insert;
  private final PreparedStatement findKey;
  private final PreparedStatement addKey;
  private final PreparedStatement setOffset;
  /** Characters of texts that are kept, or more. */
  private long textBytes;

  JournalWriter(Connection connection, Clock clock) throws SQLException {
    this.connection = connection;
    this.clock = clock;
    connection.setAutoCommit(false);
    insert = connection.prepareStatement(
        "INSERT INTO entry (model, kind, source, text, label, at) VALUES (?, ?, ?, ?, ?, ?) RETURNING seq");
    findKey = connection.prepareStatement("SELECT digest, first, last FROM request WHERE model = ? AND key = ?");
    addKey = connection.prepareStatement("INSERT INTO request (model, key, digest, first, last, at) VALUES (?, ?, ?, ?, ?, ?)");
    setOffset = connection.prepareStatement("INSERT OR REPLACE INTO source_offset (stream, place) VALUES (?, ?)");
    textBytes = JournalQueries.textBytes(connection);
  }

  /** Adds a lesson, unless it was added before. */
  Intake.Receipt add(Intake.Lesson lesson) throws SQLException {
    byte[] digest = LessonDigest.of(lesson.rows());
    String key = lesson.key();
    if (key != null) {
      Intake.Receipt before = find(lesson.model(), key, digest);
      if (before != null) {
        return before;
      }
    }
    long first = 0;
    long last = 0;
    for (Intake.Row row : lesson.rows()) {
      last = insert(lesson.model(), Entry.Kind.ROW, lesson.source(), row.text(), row.label());
      first = first == 0 ? last : first;
    }
    if (key != null) {
      addKey.setString(1, lesson.model());
      addKey.setString(2, key);
      addKey.setBytes(3, digest);
      addKey.setLong(4, first);
      addKey.setLong(5, last);
      addKey.setLong(6, clock.millis());
      addKey.executeUpdate();
    }
    Intake.Offset offset = lesson.offset();
    if (offset != null) {
      setOffset.setString(1, offset.stream());
      setOffset.setString(2, offset.place());
      setOffset.executeUpdate();
    }
    return new Intake.Receipt(first, last, false);
  }

  private Intake.@Nullable Receipt find(String model, String key, byte[] digest) throws SQLException {
    findKey.setString(1, model);
    findKey.setString(2, key);
    try (ResultSet found = findKey.executeQuery()) {
      if (!found.next()) {
        return null;
      }
      if (!Arrays.equals(found.getBytes(1), digest)) {
        throw new Refused(Refused.Reason.UNPROCESSABLE, "expected the rows that the idempotency key \"" + key
            + "\" came with before, got others: send each request with a key of its own, and the same one only to repeat it");
      }
      return new Intake.Receipt(found.getLong(2), found.getLong(3), true);
    }
  }

  private long insert(String model, Entry.Kind kind, String source, @Nullable String text, String label)
      throws SQLException {
    insert.setString(1, model);
    insert.setInt(2, kind.ordinal());
    insert.setString(3, source);
    if (text == null) {
      insert.setNull(4, Types.VARCHAR);
    } else {
      insert.setString(4, text);
      textBytes += text.length();
    }
    insert.setString(5, label);
    insert.setLong(6, clock.millis());
    try (ResultSet result = insert.executeQuery()) {
      result.next();
      return result.getLong(1);
    }
  }

  /** Adds a removal of what a source taught so far, and marks those rows. */
  Intake.Receipt remove(String model, String source) throws SQLException {
    List<Long> counts = JournalQueries.rowsAndLost(connection, model, source);
    if (counts.get(0) == 0) {
      throw new Refused(Refused.Reason.UNKNOWN, "expected a source that taught the model " + model + ", got " + source
          + ", none of whose rows is left: look at the list of sources");
    }
    if (counts.get(1) > 0) {
      throw new Refused(Refused.Reason.CONFLICT, "the texts of " + counts.get(1) + " of the " + counts.get(0)
          + " rows that " + source + " taught were given up, so that they cannot be subtracted: go back to a backup of"
          + " before they came, and keep more texts with --keep-texts");
    }
    long seq = insert(model, Entry.Kind.REMOVAL, source, null, "");
    try (PreparedStatement mark = connection.prepareStatement("UPDATE entry SET removed = ? WHERE model = ? AND source = ?"
        + " AND kind = 0 AND seq < ? AND removed IS NULL")) {
      mark.setLong(1, seq);
      mark.setString(2, model);
      mark.setString(3, source);
      mark.setLong(4, seq);
      mark.executeUpdate();
    }
    return new Intake.Receipt(seq, seq, false);
  }

  /** Notes that a model's own commit holds everything up to a line; the texts of what was removed by then go. */
  void committed(String model, long through) throws SQLException {
    try (PreparedStatement note = connection.prepareStatement(
        "INSERT INTO committed (model, seq) VALUES (?, ?) ON CONFLICT (model) DO UPDATE SET seq = max(seq, excluded.seq)");
        PreparedStatement forget = connection.prepareStatement(
            "UPDATE entry SET text = NULL WHERE model = ? AND removed <= ? AND text IS NOT NULL")) {
      note.setString(1, model);
      note.setLong(2, through);
      note.executeUpdate();
      forget.setString(1, model);
      forget.setLong(2, through);
      forget.executeUpdate();
    }
  }

  /** Forgets what a model was taught, but that there was something: another one may have its name after it. */
  void forget(String model) throws SQLException {
    String gone = "deleted:" + model + ":" + clock.millis();
    for (String change : new String[] {
        "UPDATE entry SET text = NULL, model = ?2 WHERE model = ?1",
        "DELETE FROM request WHERE model = ?1 OR ?2 IS NULL",
        "DELETE FROM committed WHERE model = ?1 OR ?2 IS NULL",
        "INSERT INTO committed (model, seq) SELECT ?2, coalesce(max(seq), 0) FROM entry WHERE ?1 IS NOT NULL"}) {
      try (PreparedStatement statement = connection.prepareStatement(change)) {
        statement.setString(1, model);
        statement.setString(2, gone);
        statement.executeUpdate();
      }
    }
  }

  /** Gives up old keys, and the oldest texts that are learned and committed where there are too many. */
  void prune(JournalOptions options) throws SQLException {
    try (PreparedStatement keys = connection.prepareStatement("DELETE FROM request WHERE at < ?")) {
      keys.setLong(1, clock.millis() - options.keys().toMillis());
      keys.executeUpdate();
    }
    if (textBytes <= options.textBytes()) {
      return;
    }
    textBytes = JournalQueries.textBytes(connection);
    long excess = textBytes - options.textBytes();
    try (PreparedStatement oldest = connection.prepareStatement("""
            SELECT e.seq, length(e.text) FROM entry e JOIN committed c ON c.model = e.model
            WHERE e.text IS NOT NULL AND e.seq <= c.seq AND (e.removed IS NULL OR e.removed <= c.seq) ORDER BY e.seq""");
        PreparedStatement forget = connection.prepareStatement("UPDATE entry SET text = NULL WHERE seq = ?");
        ResultSet rows = oldest.executeQuery()) {
      while (excess > 0 && rows.next()) {
        forget.setLong(1, rows.getLong(1));
        forget.addBatch();
        excess -= rows.getLong(2);
        textBytes -= rows.getLong(2);
      }
      forget.executeBatch();
    }
  }

  void commit() throws SQLException {
    connection.commit();
  }

  /** Undoes a transaction that failed; where even that fails the cause says it. */
  void rollBack(Exception cause) {
    try {
      connection.rollback();
    } catch (SQLException e) {
      cause.addSuppressed(e);
    }
  }

  @Override
  public void close() {
    try {
      connection.close();
    } catch (SQLException e) {
      throw new FailureException("cannot close the journal: " + e.getMessage(), e);
    }
  }
}
