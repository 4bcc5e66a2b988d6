package dev.perennial.server.journal;

import dev.perennial.FailureException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.sqlite.SQLiteConfig;

/**
 * The texts of the newest predictions by their ids, so that their labels can follow, however late.
 *
 * <p>Kept in a database that is written ten times a second and not synced: it outlives a process that is killed, but for
 * its last tenth of a second, and may lose more when power fails. Labels that were sent are in the journal and are not
 * concerned.
 *
 * <p>Safe for use by many threads.
 */
public final class PredictionMemory implements AutoCloseable {

  private static final long FLUSH_MILLIS = 100;

  /** Ids that are left out when a process begins: those that one before it may have given and not written. */
  private static final long GAP = 1L << 20;

  private final Path file;
  private final long most;
  private final Connection connection;
  private final ScheduledExecutorService flusher =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().name("perennial-feedback").factory());
  private final Map<Long, Asked> unwritten = new HashMap<>();
  private long next;

  /**
   * What was predicted.
   *
   * @param model that was asked
   * @param text that it was asked for
   */
  public record Asked(String model, String text) {}

  private PredictionMemory(Path file, long most, Connection connection, long next) {
    this.file = file;
    this.most = most;
    this.connection = connection;
    this.next = next;
  }

  /**
   * Opens a memory, or makes one.
   *
   * @param most predictions that are kept
   * @throws FailureException if it cannot be written
   */
  public static PredictionMemory open(Path file, long most) {
    var config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.OFF);
    try {
      Connection connection = config.createConnection("jdbc:sqlite:" + file);
      connection.setAutoCommit(false);
      long next;
      try (Statement statement = connection.createStatement()) {
        statement.execute("CREATE TABLE IF NOT EXISTS asked (id INTEGER PRIMARY KEY, model TEXT NOT NULL, text TEXT NOT NULL)");
        try (ResultSet row = statement.executeQuery("SELECT coalesce(max(id), 0) FROM asked")) {
          row.next();
          next = row.getLong(1) + GAP;
        }
      }
      connection.commit();
      var memory = new PredictionMemory(file, most, connection, next);
      memory.flusher.scheduleWithFixedDelay(memory::flush, FLUSH_MILLIS, FLUSH_MILLIS, TimeUnit.MILLISECONDS);
      return memory;
    } catch (SQLException e) {
      throw new FailureException("cannot open " + file + ": " + e.getMessage() + "; check the place, its space and"
          + " permissions, or delete the file: it holds nothing but texts of past predictions", e);
    }
  }

  /** Notes predictions, and gives their ids in order. */
  public List<String> add(String model, List<String> texts) {
    var ids = new ArrayList<String>(texts.size());
    synchronized (unwritten) {
      for (String text : texts) {
        long id = next++;
        unwritten.put(id, new Asked(model, text));
        ids.add(Long.toString(id, Character.MAX_RADIX));
      }
    }
    return ids;
  }

  /** What a prediction was of; empty where there was none of that id, or it is too long ago. */
  public Optional<Asked> find(String id) {
    long number;
    try {
      number = Long.parseLong(id, Character.MAX_RADIX);
    } catch (NumberFormatException e) {
      return Optional.empty();
    }
    synchronized (unwritten) {
      Asked asked = unwritten.get(number);
      if (asked != null) {
        return Optional.of(asked);
      }
    }
    synchronized (connection) {
      try (PreparedStatement select = connection.prepareStatement("SELECT model, text FROM asked WHERE id = ?")) {
        select.setLong(1, number);
        try (ResultSet row = select.executeQuery()) {
          return row.next() ? Optional.of(new Asked(row.getString(1), row.getString(2))) : Optional.empty();
        }
      } catch (SQLException e) {
        throw new FailureException("cannot read " + file + ": " + e.getMessage(), e);
      }
    }
  }

  private void flush() {
    Map<Long, Asked> batch;
    long newest;
    synchronized (unwritten) {
      batch = new HashMap<>(unwritten);
      newest = next - 1;
    }
    if (batch.isEmpty()) {
      return;
    }
    synchronized (connection) {
      try (PreparedStatement insert = connection.prepareStatement("INSERT INTO asked (id, model, text) VALUES (?, ?, ?)");
          PreparedStatement delete = connection.prepareStatement("DELETE FROM asked WHERE id <= ?")) {
        for (var entry : batch.entrySet()) {
          insert.setLong(1, entry.getKey());
          insert.setString(2, entry.getValue().model());
          insert.setString(3, entry.getValue().text());
          insert.addBatch();
        }
        insert.executeBatch();
        delete.setLong(1, newest - most);
        delete.executeUpdate();
        connection.commit();
      } catch (SQLException e) {
        // A memory of the past is not worth a failure now: what could not be written is forgotten, and told so if asked.
        rollBack();
      }
    }
    synchronized (unwritten) {
      unwritten.keySet().removeAll(batch.keySet());
    }
  }

  private void rollBack() {
    try {
      connection.rollback();
    } catch (SQLException e) {
      throw new FailureException("cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  @Override
  public void close() {
    flusher.close();
    flush();
    try {
      synchronized (connection) {
        connection.close();
      }
    } catch (SQLException e) {
      throw new FailureException("cannot close " + file + ": " + e.getMessage(), e);
    }
  }
}
