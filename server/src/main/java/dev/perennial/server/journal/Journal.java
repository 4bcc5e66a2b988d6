package dev.perennial.server.journal;

import dev.perennial.FailureException;
import dev.perennial.server.Intake;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.LongConsumer;

/**
 * What was taught, in the order in which it came, durable before anybody is told so.
 *
 * <p>One SQLite database for all models of a process, with a write-ahead log and {@code synchronous=FULL}. One thread
 * writes: it takes all that is waiting, adds it in one transaction, and so in one sync of the disk, and then lets every
 * waiting caller go on. Keys of requests and offsets of sources are in the same transaction as the rows that they came
 * with.
 *
 * <p>A model's own commit names the line up to which it has learned. So what comes after that line is learned again after
 * a crash, and what comes before it is not: nothing is lost and nothing doubled.
 *
 * <p>Safe for use by many threads.
 */
public final class Journal implements AutoCloseable {

  /** Changes that share a transaction at most. */
  private static final int GROUP = 1024;

  private final Path file;
  private final JournalOptions options;
  private final JournalWriter writer;
  private final Connection reader;
  private final LinkedBlockingQueue<Change<?>> waiting = new LinkedBlockingQueue<>();
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("perennial-journal").daemon().factory());
  private final Object ending = new Object();
  private volatile LongConsumer listener = seq -> {};
  private volatile long last;
  private volatile long syncs;
  private boolean closed;

  private interface Work<T> {
    T run(JournalWriter writer) throws SQLException;
  }

  /** Something to be made durable, and who waits for it; the last one of all has no work. */
  private record Change<T>(Work<T> work, CompletableFuture<T> done, boolean end) {}

  private Journal(Path file, JournalOptions options, JournalWriter writer, Connection reader) throws SQLException {
    this.file = file;
    this.options = options;
    this.writer = writer;
    this.reader = reader;
    this.last = JournalQueries.last(reader);
  }

  /**
   * Opens a journal, or makes one. One process may have it open: the caller holds the lock of the store beside it.
   *
   * @throws FailureException if it cannot be written, or is none
   */
  public static Journal open(Path file, JournalOptions options, Clock clock) {
    try {
      Connection first = JournalTables.connect(file);
      JournalTables.prepare(first, file);
      var journal = new Journal(file, options, new JournalWriter(first, clock), JournalTables.connect(file));
      journal.thread.execute(journal::run);
      return journal;
    } catch (SQLException e) {
      throw new FailureException("cannot open the journal " + file + ": " + e.getMessage()
          + "; check the place, its space and permissions", e);
    }
  }

  /** From now on hears the number of the last line after each transaction, on the journal's thread. */
  public void listen(LongConsumer durable) {
    listener = durable;
  }

  /**
   * Adds a lesson; on return it is durable. Blocks for about a sync of the disk, which those that come together share.
   *
   * @throws dev.perennial.server.Refused if its key came with other rows before
   * @throws FailureException if it could not be made durable; it may be there all the same, so repeat it with its key
   */
  public Intake.Receipt add(Intake.Lesson lesson) {
    return change(changes -> changes.add(lesson));
  }

  /**
   * Adds that all that a source has taught a model so far is to be taken back; on return that is durable.
   *
   * @throws dev.perennial.server.Refused if it taught nothing, or texts that are needed were given up
   */
  public Intake.Receipt remove(String model, String source) {
    return change(changes -> changes.remove(model, source));
  }

  /** A model's own commit holds everything up to a line; what is kept beyond need of it may go. */
  public void committed(String model, long through) {
    change(changes -> {
      changes.committed(model, through);
      changes.prune(options);
      return true;
    });
  }

  /** Forgets what a model was taught that is deleted; the log keeps that there was something. */
  public void forget(String model) {
    change(changes -> {
      changes.forget(model);
      return true;
    });
  }

  private <T> T change(Work<T> work) {
    var change = new Change<>(work, new CompletableFuture<T>(), false);
    synchronized (ending) {
      if (closed) {
        throw new FailureException("the journal " + file + " is closed: the server is stopping; send it to the next one");
      }
      waiting.add(change);
    }
    try {
      return change.done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException failure) {
        throw failure;
      }
      throw e;
    }
  }

  private void run() {
    var group = new ArrayList<Change<?>>();
    boolean end = false;
    while (!end) {
      group.clear();
      try {
        group.add(waiting.take());
      } catch (InterruptedException e) {
        throw new IllegalStateException("nobody interrupts the journal", e);
      }
      waiting.drainTo(group, GROUP);
      end = group.removeIf(Change::end);
      if (!group.isEmpty()) {
        transaction(group);
      }
    }
  }

  private void transaction(List<Change<?>> group) {
    var made = new ArrayList<Runnable>();
    try {
      for (Change<?> change : group) {
        made.add(prepare(change));
      }
      writer.commit();
      syncs++;
      last = lastLine();
    } catch (SQLException | RuntimeException e) {
      writer.rollBack(e);
      var failure = new FailureException("cannot write the journal " + file + ": " + e.getMessage()
          + "; check the disk and its space, and send it again with the same key", e);
      group.forEach(change -> change.done.completeExceptionally(failure));
      return;
    }
    listener.accept(last);
    made.forEach(Runnable::run);
  }

  /** Does a change within the open transaction; what is returned tells its caller once the transaction is durable. */
  private <T> Runnable prepare(Change<T> change) throws SQLException {
    try {
      T result = change.work.run(writer);
      return () -> change.done.complete(result);
    } catch (FailureException refusal) {
      // Refused before anything of it was written.
      return () -> change.done.completeExceptionally(refusal);
    }
  }

  private long lastLine() throws SQLException {
    synchronized (reader) {
      return JournalQueries.last(reader);
    }
  }

  /** The number of the last line that is durable. */
  public long last() {
    return last;
  }

  /** Transactions so far, each of which was one sync. */
  public long syncs() {
    return syncs;
  }

  /** The line before the first that is not known to be in its model's commit: from there on models go on. */
  public long settled() {
    return ask(JournalQueries::settled);
  }

  /** The lines after one, in order, so many at most. */
  public List<Entry> after(long seq, int most) {
    return ask(connection -> JournalQueries.after(connection, seq, most));
  }

  /** The rows that a removal takes back. */
  public List<Entry> removedBy(Entry removal) {
    return ask(connection -> JournalQueries.removed(connection, removal));
  }

  /** What each source taught a model, by their names. */
  public List<Taught> sources(String model) {
    return ask(connection -> JournalQueries.sources(connection, model));
  }

  /** The newest durable place of a source. */
  public Optional<String> offset(String stream) {
    return ask(connection -> {
      try (PreparedStatement select = connection.prepareStatement("SELECT place FROM source_offset WHERE stream = ?")) {
        select.setString(1, stream);
        try (ResultSet row = select.executeQuery()) {
          return row.next() ? Optional.of(row.getString(1)) : Optional.empty();
        }
      }
    });
  }

  private interface Question<T> {
    T ask(Connection connection) throws SQLException;
  }

  private <T> T ask(Question<T> question) {
    synchronized (reader) {
      try {
        return question.ask(reader);
      } catch (SQLException e) {
        throw new FailureException("cannot read the journal " + file + ": " + e.getMessage(), e);
      }
    }
  }

  /** Makes durable what is waiting, and closes. */
  @Override
  public void close() {
    synchronized (ending) {
      if (closed) {
        return;
      }
      closed = true;
      waiting.add(new Change<>(changes -> true, new CompletableFuture<>(), true));
    }
    thread.close();
    try {
      synchronized (reader) {
        reader.close();
      }
    } catch (SQLException e) {
      throw new FailureException("cannot close the journal " + file + ": " + e.getMessage(), e);
    } finally {
      writer.close();
    }
  }
}
