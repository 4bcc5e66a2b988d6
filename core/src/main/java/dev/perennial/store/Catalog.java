package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.Combine;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The database of a store: what each commit is made of, and which came from which.
 *
 * <p>Rows are only ever added; {@code collected} alone is changed. Each row carries the SHA-256 of its content, since
 * SQLite itself does not notice a flipped bit in a text.
 *
 * <p>Every writer raises the epoch when it opens the store, and every transaction of a writer first looks whether the
 * epoch is still its own: a fencing token, as in M. Kleppmann, "How to do distributed locking" (2016). A process that was
 * paused while its lock went to another one can therefore neither commit nor delete.
 */
final class Catalog implements AutoCloseable {
  /** How often the store was opened for writing; stores of before there was this table get it from their next writer. */
  private static final String WRITERS =
      "CREATE TABLE IF NOT EXISTS writers (only INTEGER PRIMARY KEY CHECK (only = 1), epoch INTEGER NOT NULL) STRICT";

  private static final List<String> TABLES =
      List.of(
          "CREATE TABLE store (only INTEGER PRIMARY KEY CHECK (only = 1), spec TEXT NOT NULL, sha256 TEXT NOT NULL)"
              + " STRICT",
          "CREATE TABLE commits (id INTEGER PRIMARY KEY, parent INTEGER NOT NULL, time TEXT NOT NULL,"
              + " experience INTEGER NOT NULL, step INTEGER NOT NULL, sha256 TEXT NOT NULL,"
              + " collected INTEGER NOT NULL DEFAULT 0) STRICT",
          "CREATE TABLE parts (commit_id INTEGER NOT NULL REFERENCES commits, name TEXT NOT NULL,"
              + " combine TEXT NOT NULL, sha256 TEXT NOT NULL, bytes INTEGER NOT NULL, PRIMARY KEY (commit_id, name))"
              + " STRICT, WITHOUT ROWID",
          "CREATE TABLE documents (commit_id INTEGER NOT NULL REFERENCES commits, name TEXT NOT NULL,"
              + " text TEXT NOT NULL, PRIMARY KEY (commit_id, name)) STRICT, WITHOUT ROWID",
          WRITERS);

  private final Path file;
  private final Connection connection;

  /** The number of this writer; 0 for a reader. */
  private long epoch;

  Catalog(Path file, Connection connection) {
    this.file = file;
    this.connection = connection;
  }

  /** Fills a new database. */
  void initialize(String spec) throws SQLException {
    for (String table : TABLES) {
      execute(table);
    }
    try (PreparedStatement insert = connection.prepareStatement("INSERT INTO store VALUES (1, ?, ?)")) {
      insert.setString(1, spec);
      insert.setString(2, new Sha256().text(spec).hex());
      insert.executeUpdate();
    }
  }

  /**
   * The spec that the store was made with.
   *
   * @throws FailureException if it is not as it was written
   */
  String spec() throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT spec, sha256 FROM store")) {
      if (!row.next()) {
        throw new FailureException(file + " is damaged: it has lost the spec; put a copy of it back");
      }
      String spec = text(row, 1);
      String expected = text(row, 2);
      String found = new Sha256().text(spec).hex();
      if (!found.equals(expected)) {
        throw damaged("the spec", expected, found);
      }
      return spec;
    }
  }

  /** Commits whose blobs are kept, the newest first. */
  List<Long> ids() throws SQLException {
    var ids = new ArrayList<Long>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("SELECT id FROM commits WHERE collected = 0 ORDER BY id DESC")) {
      while (rows.next()) {
        ids.add(rows.getLong(1));
      }
    }
    return ids;
  }

  /** The number of the newest commit that there ever was; 0 before the first. */
  long newestId() throws SQLException {
    return number("SELECT coalesce(max(id), 0) FROM commits");
  }

  /** Whether the blobs of a commit were given up. */
  boolean isCollected(long id) throws SQLException {
    return number("SELECT count(*) FROM commits WHERE collected <> 0 AND id = " + id) > 0;
  }

  /**
   * Becomes the one writer: whoever was it before can no longer change anything. Waits for a transaction of the writer
   * before to end.
   *
   * @return the epoch
   */
  long takeOver(Disk disk) throws SQLException {
    transaction(
        disk,
        () -> {
          execute(WRITERS);
          execute("INSERT OR IGNORE INTO writers VALUES (1, 0)");
          execute("UPDATE writers SET epoch = epoch + 1");
          epoch = newestEpoch();
        });
    return epoch;
  }

  private long newestEpoch() throws SQLException {
    return number("SELECT epoch FROM writers");
  }

  private void requireNewest() throws SQLException {
    long newest = newestEpoch();
    if (newest != epoch) {
      throw new FailureException(
          "the store " + file.getParent() + " was opened for writing by another process since (writer " + newest
              + ", this one is writer " + epoch + "): nothing was changed; end this process, the other one goes on");
    }
  }

  /** All commits, also those whose blobs were given up, the newest first. */
  List<Long> allIds() throws SQLException {
    return numbers("SELECT id FROM commits ORDER BY id DESC");
  }

  /** The heads that {@link Store#checkout} has left behind: they stay whole. */
  List<Long> leftBehind() throws SQLException {
    return numbers("SELECT CAST(text AS INTEGER) FROM documents WHERE name = '" + Store.CHECKOUT + "'");
  }

  /** Deletes every commit but these, in one transaction: for a database that is a copy. */
  void keepOnly(Collection<Long> ids, Disk disk) throws SQLException {
    var others = new ArrayList<>(allIds());
    others.removeAll(ids);
    transaction(
        disk,
        () -> {
          for (long id : others) {
            insert("DELETE FROM parts WHERE commit_id = ?", id);
            insert("DELETE FROM documents WHERE commit_id = ?", id);
            insert("DELETE FROM commits WHERE id = ?", id);
          }
        });
  }

  /** Writes the database as it is at one moment, whatever a writer does meanwhile, into a new file; not yet synced. */
  void copyTo(Path copy) throws SQLException {
    try (PreparedStatement vacuum = connection.prepareStatement("VACUUM INTO ?")) {
      vacuum.setString(1, copy.toString());
      vacuum.execute();
    }
  }

  /** Makes a copied database one that readers and a writer share, as a store's is. */
  void logAhead() throws SQLException {
    execute("PRAGMA journal_mode = WAL");
  }

  private List<Long> numbers(String query) throws SQLException {
    var numbers = new ArrayList<Long>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(query)) {
      while (rows.next()) {
        numbers.add(rows.getLong(1));
      }
    }
    return numbers;
  }

  private long number(String query) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(query)) {
      return row.getLong(1);
    }
  }

  /**
   * The commit of that number.
   *
   * @throws FailureException if its row is not there or not as it was written
   */
  Commit commit(long id) throws SQLException {
    try (PreparedStatement select =
        connection.prepareStatement(
            "SELECT parent, time, experience, step, collected, sha256 FROM commits WHERE id = ?")) {
      select.setLong(1, id);
      try (ResultSet row = select.executeQuery()) {
        if (!row.next()) {
          throw new FailureException(file + " has no commit " + id + ": ask for one that it has");
        }
        Commit commit;
        try {
          commit =
              new Commit(
                  id,
                  row.getLong(1),
                  Instant.parse(text(row, 2)),
                  new Position(Math.toIntExact(row.getLong(3)), row.getLong(4)),
                  parts(id),
                  documents(id),
                  row.getLong(5) != 0);
        } catch (DateTimeException | ArithmeticException | IllegalArgumentException e) {
          throw new FailureException(file + " is damaged: commit " + id + ": " + Disk.reason(e), e);
        }
        String found = commit.sha256();
        String expected = text(row, 6);
        if (!found.equals(expected)) {
          throw damaged("commit " + id, expected, found);
        }
        return commit;
      }
    }
  }

  /** Digests of the blobs that commits still need. */
  Set<String> blobs() throws SQLException {
    var blobs = new HashSet<String>();
    try (Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "SELECT p.sha256 FROM parts p JOIN commits c ON c.id = p.commit_id WHERE c.collected = 0")) {
      while (rows.next()) {
        blobs.add(text(rows, 1));
      }
    }
    return blobs;
  }

  /** Adds a commit, in one transaction. */
  void append(Commit commit, Disk disk) throws SQLException {
    transaction(
        disk,
        () -> {
          insert(
              "INSERT INTO commits VALUES (?, ?, ?, ?, ?, ?, 0)",
              commit.id(),
              commit.parent(),
              commit.time().toString(),
              commit.position().experience(),
              commit.position().step(),
              commit.sha256());
          for (PartRef part : commit.parts()) {
            String combine = part.combine().name();
            insert(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?)",
                commit.id(), part.name(), combine, part.sha256(), part.bytes());
          }
          for (var document : commit.documents().entrySet()) {
            insert("INSERT INTO documents VALUES (?, ?, ?)", commit.id(), document.getKey(), document.getValue());
          }
        });
  }

  /** Marks commits as collected, in one transaction. */
  void collect(Collection<Long> ids, Disk disk) throws SQLException {
    transaction(
        disk,
        () -> {
          for (long id : ids) {
            insert("UPDATE commits SET collected = 1 WHERE id = ?", id);
          }
        });
  }

  /** Work on files that only the newest writer may do. */
  interface FileWork {
    void run() throws IOException, SQLException;
  }

  /**
   * Does something that no other writer can come in between: as long as it goes on, nobody can take over.
   *
   * @throws FailureException if another writer has taken over already; nothing is done then
   */
  void alone(FileWork work) throws IOException, SQLException {
    execute("BEGIN IMMEDIATE");
    try {
      requireNewest();
      work.run();
    } catch (IOException | SQLException | RuntimeException e) {
      rollBack(e);
      throw e;
    }
    execute("ROLLBACK");
  }

  /** What SQLite finds wrong with the database; empty if nothing. */
  List<String> check() throws SQLException {
    return problems("PRAGMA integrity_check");
  }

  /** The same but for the order of indices, in a fraction of the time. */
  List<String> quickCheck() throws SQLException {
    return problems("PRAGMA quick_check");
  }

  private List<String> problems(String check) throws SQLException {
    var problems = new ArrayList<String>();
    try (Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery(check)) {
      while (rows.next()) {
        String problem = text(rows, 1);
        if (!problem.equals("ok")) {
          problems.add(file + ": " + problem.replaceAll("\\s+", " "));
        }
      }
    }
    return problems;
  }

  /** Moves what the write-ahead log holds to its place in the database; whether all of it could be moved. */
  boolean checkpoint() throws SQLException {
    return number("PRAGMA wal_checkpoint(TRUNCATE)") == 0;
  }

  @Override
  public void close() throws SQLException {
    connection.close();
  }

  private interface Statements {
    void run() throws SQLException;
  }

  /** Not JDBC's own transactions: SQLite may roll back by itself, and leaving those then hides why. */
  private void transaction(Disk disk, Statements statements) throws SQLException {
    execute("BEGIN IMMEDIATE");
    try {
      if (epoch > 0) {
        requireNewest();
      }
      statements.run();
      disk.commit(connection);
    } catch (SQLException | RuntimeException e) {
      rollBack(e);
      throw e;
    }
  }

  private void rollBack(Exception cause) {
    try {
      execute("ROLLBACK");
    } catch (SQLException alreadyEnded) {
      cause.addSuppressed(alreadyEnded);
    }
  }

  private void insert(String sql, Object... values) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < values.length; i++) {
        statement.setObject(i + 1, values[i]);
      }
      statement.executeUpdate();
    }
  }

  private void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private List<PartRef> parts(long id) throws SQLException {
    var parts = new TreeMap<String, PartRef>();
    try (PreparedStatement select =
        connection.prepareStatement("SELECT name, combine, sha256, bytes FROM parts WHERE commit_id = ?")) {
      select.setLong(1, id);
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          String name = text(row, 1);
          parts.put(name, new PartRef(name, Combine.valueOf(text(row, 2)), text(row, 3), row.getLong(4)));
        }
      }
    }
    return List.copyOf(parts.values());
  }

  private SortedMap<String, String> documents(long id) throws SQLException {
    var documents = new TreeMap<String, String>();
    try (PreparedStatement select =
        connection.prepareStatement("SELECT name, text FROM documents WHERE commit_id = ?")) {
      select.setLong(1, id);
      try (ResultSet row = select.executeQuery()) {
        while (row.next()) {
          documents.put(text(row, 1), text(row, 2));
        }
      }
    }
    return documents;
  }

  /** A column that was never written as NULL; damage can make it so. */
  private String text(ResultSet row, int column) throws SQLException {
    @Nullable String text = row.getString(column);
    if (text == null) {
      throw new FailureException(file + " is damaged: expected a text in every row, found none; put a copy of it back");
    }
    return text;
  }

  private FailureException damaged(String what, String expected, String found) {
    return new FailureException(
        file + " is damaged: " + what + ": expected SHA-256 " + expected + ", found " + found
            + "; put a copy of the database back");
  }
}
