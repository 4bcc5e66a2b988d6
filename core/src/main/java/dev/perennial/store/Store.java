package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tensor.StatePart;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The durable home of one learner's state: a directory with content-addressed safetensors blobs and a SQLite database of
 * commits.
 *
 * <p>One writer, many readers, in any processes. A commit is atomic: each part's blob is written beside its place, synced
 * and renamed to the SHA-256 of its bytes, then the directory is synced, and only then the commit's row is added in one
 * transaction, itself synced. After a crash at any moment the store holds the commit before or the new one, never
 * anything between. A part whose bytes are there already is not written again.
 *
 * <p>Files: {@code perennial.db} (SQLite, WAL, synchronous FULL), {@code blobs/<sha256>.safetensors}, {@code lock}. The
 * protocol is that of Lucene's commit points; see also SQLite's notes on atomic commit.
 *
 * <p>Safe for use by many threads: calls run one after the other.
 */
public final class Store implements AutoCloseable {
  /** The document of a commit that {@link #checkout} made: the number of the head that it left behind. */
  public static final String CHECKOUT = "checkout";

  private final Path directory;
  private final Disk disk;
  private final Blobs blobs;
  private final Catalog catalog;
  private final @Nullable WriterLock lock;

  private Store(Path directory, Disk disk, Catalog catalog, @Nullable WriterLock lock) {
    this.directory = directory;
    this.disk = disk;
    this.blobs = new Blobs(new Layout(directory).blobs(), disk);
    this.catalog = catalog;
    this.lock = lock;
  }

  /**
   * Makes a store with no commits and opens it for writing.
   *
   * @param directory made if it is not there; may hold other files
   * @param spec what run this is the store of, as text; given back by {@link #spec()} ever after
   * @throws UsageException if the directory holds a store already
   * @throws FailureException if the directory cannot be written; what was made of the store is then no store yet
   */
  public static Store create(Path directory, String spec) {
    return create(directory, spec, new SystemDisk());
  }

  /**
   * Opens a store.
   *
   * @throws UsageException if the directory holds none
   * @throws FailureException if its format is newer, it cannot be read, or, for writing, it cannot be written or has a
   *     writer already
   */
  public static Store open(Path directory, Access access) {
    return open(directory, access, new SystemDisk());
  }

  static Store create(Path directory, String spec, Disk disk) {
    try {
      new Layout(directory).create(spec, disk);
    } catch (IOException | SQLException e) {
      throw new FailureException(
          "cannot make a store in " + directory + ": " + Disk.reason(e) + "; check the place, its space and permissions",
          e);
    }
    return open(directory, Access.WRITE, disk);
  }

  static Store open(Path directory, Access access, Disk disk) {
    Path database = new Layout(directory).database();
    if (Files.notExists(database)) {
      throw new UsageException("expected a store in " + directory + ", there is none: check the path, or make one");
    }
    WriterLock lock = null;
    Catalog catalog = null;
    boolean opened = false;
    try {
      try {
        lock = access == Access.WRITE ? WriterLock.take(directory) : null;
        catalog = CatalogFile.open(database, access);
        var store = new Store(directory, disk, catalog, lock);
        if (access == Access.WRITE) {
          store.blobs.deleteTemporaries();
          store.blobs.trust(catalog.blobs());
        }
        opened = true;
        return store;
      } finally {
        if (!opened) {
          close(catalog, lock);
        }
      }
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot open the store " + directory + ": " + Disk.reason(e), e);
    }
  }

  /** Where the store is. */
  public Path directory() {
    return directory;
  }

  /**
   * The text that the store was made with.
   *
   * @throws FailureException if it is damaged
   */
  public synchronized String spec() {
    return query(catalog::spec);
  }

  /**
   * Makes a state durable; on return it outlives a loss of power. O(bytes of the parts).
   *
   * @param position where to go on from this state
   * @param parts the whole state, each part by another name; parts that did not change are only digested
   * @param documents small texts to keep with it, by name
   * @param now the time to note
   * @throws FailureException if it could not be made durable: the disk is full or fails; temporary files are removed, and
   *     the store goes on from the commit before
   * @throws IllegalArgumentException if two parts have one name
   * @throws IllegalStateException if the store is open for reading only
   */
  public synchronized Commit commit(
      Position position, Collection<StatePart> parts, Map<String, String> documents, Instant now) {
    checkWritable();
    var byName = new TreeMap<String, StatePart>();
    for (StatePart part : parts) {
      if (byName.put(part.name(), part) != null) {
        throw new IllegalArgumentException("two state parts are called " + part.name());
      }
    }
    long parent = head().map(Commit::id).orElse(0L);
    try {
      List<PartRef> refs = blobs.put(byName.values());
      var commit =
          new Commit(catalog.nextId(), parent, now, position, refs, new TreeMap<>(documents), false);
      catalog.append(commit, disk);
      return commit;
    } catch (IOException | SQLException e) {
      String kept = parent == 0 ? "the store stays empty" : "the store stays at commit " + parent;
      throw new FailureException(
          "cannot commit to the store " + directory + ": " + Disk.reason(e) + "; " + kept
              + ": check the disk and its space, and commit again",
          e);
    }
  }

  /**
   * The newest commit that is whole; empty before the first. Reads a blob in full when it sees it for the first time.
   *
   * @throws FailureException if there are commits and every one is damaged: the line names the newest one's file, expected
   *     and found digest
   */
  public synchronized Optional<Commit> head() {
    return query(this::newest).commit();
  }

  /** Why {@link #head()} is not the newest commit, in one line; empty if it is. */
  public synchronized Optional<String> fallback() {
    Newest newest = query(this::newest);
    return newest
        .problem()
        .map(
            problem ->
                "the newest commit of the store " + directory + " is damaged (" + problem + "): going on from commit "
                    + newest.commit().orElseThrow().id());
  }

  /**
   * The head and the commits it came from, newest first.
   *
   * @throws FailureException if one of their rows is damaged
   */
  public synchronized List<Commit> commits() {
    return query(this::lineage);
  }

  /**
   * Reads the parts of a commit back. O(bytes): every blob is read and its digest compared.
   *
   * @throws FailureException if a blob is damaged or was collected, naming the file, expected and found digest
   */
  public synchronized StoredParts parts(Commit commit) {
    if (query(() -> catalog.commit(commit.id())).collected()) {
      throw new FailureException(
          "the parts of commit " + commit.id() + " of the store " + directory
              + " were given up to save space: choose a newer commit");
    }
    return StoredParts.open(commit, blobs);
  }

  /**
   * Gives up the blobs that none of the newest commits needs; the rows of older commits stay, marked as collected. With
   * {@code keep} 2 or more a damaged newest commit still has one to fall back to.
   *
   * @param keep how many commits of the {@link #commits() lineage} stay whole, at least 1; as many as {@link Retention}
   *     asks for where that is more. Heads that a {@link #checkout} left behind stay whole too
   * @return bytes freed
   * @throws UsageException if {@code keep} is below 1
   * @throws FailureException if the disk fails; calling it again goes on
   * @throws IllegalStateException if the store is open for reading only
   */
  public synchronized long collect(int keep) {
    checkWritable();
    if (keep < 1) {
      throw new UsageException("expected to keep at least 1 commit, got " + keep);
    }
    try {
      List<Commit> lineage = lineage();
      if (!lineage.isEmpty()) {
        var old = new ArrayList<>(catalog.ids());
        old.removeIf(id -> id > lineage.getFirst().id());
        long whole = Math.max(keep, Retention.of(directory));
        old.removeAll(new HashSet<>(lineage.stream().limit(whole).map(Commit::id).toList()));
        old.removeAll(catalog.leftBehind());
        catalog.collect(old, disk);
      }
      return blobs.retain(catalog.blobs());
    } catch (IOException | SQLException e) {
      throw new FailureException(
          "cannot clean the store " + directory + ": " + Disk.reason(e) + "; no commit that was to be kept is lost", e);
    }
  }

  /**
   * Every commit ever made, of all branches, the newest first; also those whose blobs were given up.
   *
   * @throws FailureException if one of their rows is damaged
   */
  public synchronized List<Commit> log() {
    return query(
        () -> {
          var all = new ArrayList<Commit>();
          for (long id : catalog.allIds()) {
            all.add(catalog.commit(id));
          }
          return all;
        });
  }

  /**
   * Makes an older state the newest again: appends a commit of the same state whose parent is that commit. Nothing is
   * lost: the head until now stays whole, noted in the new commit's document {@link #CHECKOUT}, and can be checked out in
   * turn. O(1) beside reading that commit's blobs once.
   *
   * @param id of a commit whose blobs are kept
   * @return the new head; the head itself where it is that commit
   * @throws UsageException if there is no such commit
   * @throws FailureException if its parts were given up or are damaged, or the disk fails
   * @throws IllegalStateException if the store is open for reading only
   */
  public synchronized Commit checkout(long id, Instant now) {
    checkWritable();
    return query(
        () -> {
          Commit head = newest().commit().orElse(null);
          if (head == null || !catalog.allIds().contains(id)) {
            throw new UsageException(
                "expected a commit of the store " + directory + ", got " + id + ": ./perennial store log shows them");
          }
          if (head.id() == id) {
            return head;
          }
          Commit wanted = catalog.commit(id);
          parts(wanted).close();
          var documents = new TreeMap<>((Map<String, String>) wanted.documents());
          documents.put(CHECKOUT, Long.toString(head.id()));
          var commit = new Commit(catalog.nextId(), id, now, wanted.position(), wanted.parts(), documents, false);
          catalog.append(commit, disk);
          return commit;
        });
  }

  /** Everything that is not as it was written, in the database and in the blobs of commits that are not collected. */
  public synchronized List<Damage> verify() {
    blobs.distrust();
    return query(
        () -> {
          var damage = new ArrayList<Damage>();
          catalog.check().forEach(problem -> damage.add(new Damage(0, problem)));
          try {
            catalog.spec();
          } catch (FailureException e) {
            damage.add(new Damage(0, Disk.reason(e)));
          }
          for (long id : catalog.ids()) {
            try {
              for (PartRef part : catalog.commit(id).parts()) {
                blobs.problem(part).ifPresent(problem -> damage.add(new Damage(id, problem)));
              }
            } catch (FailureException e) {
              damage.add(new Damage(id, Disk.reason(e)));
            }
          }
          return damage;
        });
  }

  /** Closes the database and gives the right to write back. Parts that were opened stay open. */
  @Override
  public synchronized void close() {
    try {
      close(catalog, lock);
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot close the store " + directory + ": " + Disk.reason(e), e);
    }
  }

  private static void close(@Nullable Catalog catalog, @Nullable WriterLock lock) throws IOException, SQLException {
    try (lock) {
      if (catalog != null) {
        catalog.close();
      }
    }
  }

  private void checkWritable() {
    if (lock == null) {
      throw new IllegalStateException("the store " + directory + " is open for reading only");
    }
  }

  /** The newest whole commit, and what is wrong with the newest of all if that is another one. */
  private record Newest(Optional<Commit> commit, Optional<String> problem) {}

  private Newest newest() throws SQLException {
    Optional<String> first = Optional.empty();
    for (long id : catalog.ids()) {
      Optional<String> problem;
      try {
        Commit commit = catalog.commit(id);
        problem = commit.parts().stream().map(blobs::problem).flatMap(Optional::stream).findFirst();
        if (problem.isEmpty()) {
          return new Newest(Optional.of(commit), first);
        }
      } catch (FailureException e) {
        problem = Optional.of(Disk.reason(e));
      }
      first = first.isPresent() ? first : problem.map(p -> "commit " + id + ", " + p);
    }
    if (first.isPresent()) {
      throw new FailureException(
          "every commit of the store " + directory + " is damaged; the newest: " + first.get()
              + "; put a copy of the store back, or learn anew in another one");
    }
    return new Newest(Optional.empty(), first);
  }

  private List<Commit> lineage() throws SQLException {
    var lineage = new ArrayList<Commit>();
    Optional<Commit> head = newest().commit();
    if (head.isPresent()) {
      lineage.add(head.get());
      for (long id = head.get().parent(); id != 0; id = lineage.getLast().parent()) {
        lineage.add(catalog.commit(id));
      }
    }
    return lineage;
  }

  private interface Query<T> {
    T run() throws SQLException;
  }

  private <T> T query(Query<T> query) {
    try {
      return query.run();
    } catch (SQLException e) {
      throw new FailureException("cannot read the database of the store " + directory + ": " + Disk.reason(e), e);
    }
  }
}
