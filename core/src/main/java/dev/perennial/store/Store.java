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
 * <p>Two writers are kept apart twice: by a lock, which the system gives back when a process ends, and by an epoch in the
 * database, which every writer raises: one that lost its lock without knowing it can change nothing.
 *
 * <p>Files: {@code perennial.db} (SQLite, WAL, synchronous FULL), {@code blobs/<sha256>.safetensors}, {@code newest},
 * {@code lock}. The protocol is that of Lucene's commit points; see also SQLite's notes on atomic commit. What is promised,
 * and which test holds it, is in docs/durability.md.
 *
 * <p>Safe for use by many threads: calls run one after the other.
 */
public final class Store implements AutoCloseable {
  /** The document of a commit that {@link #checkout} made: the number of the head that it left behind. */
  public static final String CHECKOUT = "checkout";

  private final Path directory;
  private final Layout layout;
  private final Disk disk;
  private final Blobs blobs;
  private final Catalog catalog;
  private final Lineage lineage;
  private final @Nullable WriterLock lock;

  /** The newest commit that is known to have been acknowledged. */
  private long acknowledged;

  private Store(Path directory, Disk disk, Catalog catalog, @Nullable WriterLock lock) {
    this.directory = directory;
    this.layout = new Layout(directory);
    this.disk = disk;
    this.blobs = new Blobs(layout.blobs(), disk);
    this.catalog = catalog;
    this.lineage = new Lineage(directory, catalog, blobs);
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
   * @throws FailureException if its format is newer, it cannot be read, or, for writing, it cannot be written, has a
   *     writer already, its database is damaged, or it lies on a network file system
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
    var layout = new Layout(directory);
    Path database = layout.database();
    if (Files.notExists(database)) {
      throw new UsageException("expected a store in " + directory + ", there is none: check the path, or make one");
    }
    WriterLock lock = null;
    Catalog catalog = null;
    boolean opened = false;
    try {
      try {
        if (access == Access.WRITE) {
          layout.requireLocal(disk);
          lock = WriterLock.take(directory);
        }
        catalog = CatalogFile.open(database, access);
        var store = new Store(directory, disk, catalog, lock);
        store.acknowledged = Witness.read(layout.witness(), disk).witness().map(Witness::commit).orElse(0L);
        if (access == Access.WRITE) {
          store.begin();
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

  private void begin() throws IOException, SQLException {
    List<String> problems = catalog.quickCheck();
    if (!problems.isEmpty()) {
      throw new FailureException(
          "the database of the store " + directory + " is damaged (" + problems.getFirst()
              + "): put a copy of the store back; one that was copied while it was in use may look like this");
    }
    // First the witness, as the database is about to change; then the epoch, after which no other writer does anything.
    acknowledged = Math.max(acknowledged, catalog.newestId());
    Witness.open(acknowledged).write(layout.witness(), disk);
    long epoch = catalog.takeOver(disk);
    blobs.deleteTemporaries();
    blobs.begin(epoch, catalog.blobs());
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

  /** From now on blobs are written no faster; infinite for no limit. */
  public synchronized void limit(double bytesPerSecond) {
    blobs.pace(Pace.of(bytesPerSecond));
  }

  /**
   * Makes a state durable; on return it outlives a loss of power. O(bytes of the parts).
   *
   * @param position where to go on from this state
   * @param parts the whole state, each part by another name; parts that did not change are only digested
   * @param documents small texts to keep with it, by name
   * @param now the time to note; it may be before that of the commit before, since the order is that of the numbers
   * @throws FailureException if it could not be made durable: the disk is full or fails; temporary files are removed, and
   *     the store goes on from the commit before. Or if another writer has taken over
   * @throws IllegalArgumentException if two parts have one name
   * @throws IllegalStateException if the store is open for reading only
   */
  public Commit commit(Position position, Collection<StatePart> parts, Map<String, String> documents, Instant now) {
    return commit(position, parts, null, documents, now);
  }

  /**
   * The same of a state of which the caller knows what has changed since an earlier commit: what has not is not even
   * read, and what has is digested while it is written.
   *
   * @param unchanged by name, the blobs that hold parts which are to the byte as they were; these parts' tensors may be
   *     used by another thread until this returns
   */
  public synchronized Commit commit(
      Position position,
      Collection<StatePart> parts,
      @Nullable Map<String, PartRef> unchanged,
      Map<String, String> documents,
      Instant now) {
    checkWritable();
    var byName = new TreeMap<String, StatePart>();
    for (StatePart part : parts) {
      if (byName.put(part.name(), part) != null) {
        throw new IllegalArgumentException("two state parts are called " + part.name());
      }
    }
    long parent = head().map(Commit::id).orElse(0L);
    long id = query(catalog::newestId) + 1;
    Commit commit;
    try {
      List<PartRef> refs = blobs.put(byName.values(), unchanged);
      commit = new Commit(id, parent, now, position, refs, new TreeMap<>(documents), false);
      catalog.append(commit, disk);
    } catch (IOException | SQLException e) {
      giveUp(id, e);
      String kept = parent == 0 ? "the store stays empty" : "the store stays at commit " + parent;
      throw new FailureException(
          "cannot commit to the store " + directory + ": " + Disk.reason(e) + "; " + kept
              + ": check the disk and its space, and commit again",
          e);
    }
    blobs.named();
    acknowledge(commit);
    return commit;
  }

  private void acknowledge(Commit commit) {
    acknowledged = commit.id();
    try {
      Witness.open(acknowledged).write(layout.witness(), disk);
    } catch (IOException e) {
      throw new FailureException(
          "commit " + acknowledged + " of the store " + directory + " is whole, and yet " + layout.witness()
              + " cannot be written: " + Disk.reason(e) + "; check the disk and its space, and go on",
          e);
    }
  }

  /** Frees the room that a commit took which did not come about; its row may be there after all. */
  private void giveUp(long id, Exception cause) {
    try {
      catalog.alone(() -> {
        if (catalog.newestId() < id) {
          blobs.deleteUnnamed(cause);
        }
      });
    } catch (IOException | SQLException | FailureException e) {
      cause.addSuppressed(e);
    }
    blobs.named();
  }

  /**
   * The newest commit that is whole; empty before the first. Reads a blob in full when it sees it for the first time.
   *
   * @throws FailureException if there are commits and every one is damaged: the line names the newest one's file, expected
   *     and found digest
   */
  public synchronized Optional<Commit> head() {
    return query(lineage::newest).commit();
  }

  /**
   * The parts of the newest whole commit, where there is one. As {@link #head} and then {@link #parts}, but a writer that
   * gives the commit up in between does not matter. O(bytes): every blob is read once and its digest compared.
   *
   * @throws FailureException as {@link #head}
   */
  public synchronized Optional<StoredParts> openHead() {
    return query(
        () -> {
          for (int look = 0; look < Lineage.LOOKS; look++) {
            blobs.distrust();
            Optional<Commit> head = lineage.newest().commit();
            try {
              return head.map(commit -> StoredParts.open(commit, blobs));
            } catch (FailureException e) {
              if (!catalog.isCollected(head.orElseThrow().id())) {
                throw e;
              }
            }
          }
          throw lineage.tooFast();
        });
  }

  /** Why {@link #head()} is not the newest commit, in one line; empty if it is. */
  public synchronized Optional<String> fallback() {
    Lineage.Newest newest = query(lineage::newest);
    String goingOn = newest.commit().map(commit -> "going on from commit " + commit.id()).orElse("it is empty now");
    return newest
        .problem()
        .map(problem -> "the newest commit of the store " + directory + " is damaged (" + problem + "): " + goingOn)
        .or(() -> lost().map(problem -> problem + ": " + goingOn));
  }

  /** What the witness knows of and the database does not. */
  private Optional<String> lost() {
    long newest = query(catalog::newestId);
    return acknowledged <= newest
        ? Optional.empty()
        : Optional.of(
            "the database of the store " + directory + " has lost what came after commit " + newest + " up to commit "
                + acknowledged);
  }

  /**
   * The head and the commits it came from, newest first.
   *
   * @throws FailureException if one of their rows is damaged
   */
  public synchronized List<Commit> commits() {
    return query(() -> lineage.commits(Integer.MAX_VALUE));
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
    blobs.distrust(commit.parts());
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
      List<Commit> kept = lineage.commits(Math.max(keep, Retention.of(directory)));
      if (!kept.isEmpty()) {
        var old = new ArrayList<>(catalog.ids());
        old.removeIf(id -> id > kept.getFirst().id());
        old.removeAll(new HashSet<>(kept.stream().map(Commit::id).toList()));
        old.removeAll(catalog.leftBehind());
        if (!old.isEmpty()) {
          catalog.collect(old, disk);
        }
      }
      var freed = new long[1];
      catalog.alone(() -> freed[0] = blobs.retain(catalog.blobs()));
      return freed[0];
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
          Commit head = lineage.newest().commit().orElse(null);
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
          var commit = new Commit(catalog.newestId() + 1, id, now, wanted.position(), wanted.parts(), documents, false);
          catalog.append(commit, disk);
          acknowledge(commit);
          return commit;
        });
  }

  /** What {@link #verify(Verification.Listener)} finds wrong. */
  public List<Damage> verify() {
    return verify((read, of) -> {}).damage();
  }

  /**
   * Reads everything: the database, and the blobs of all commits that are not collected, each once. O(bytes). Others may
   * write and collect meanwhile.
   */
  public synchronized Verification verify(Verification.Listener listener) {
    return query(() -> {
      try {
        return new Inventory(layout, disk, catalog, blobs, acknowledged).verify(listener);
      } catch (IOException e) {
        throw new FailureException("cannot read the store " + directory + ": " + Disk.reason(e), e);
      }
    });
  }

  /** Closes the database and gives the right to write back. Parts that were opened stay open. */
  @Override
  public synchronized void close() {
    try {
      if (lock != null && lock.isHeld()) {
        testify();
      }
      close(catalog, lock);
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot close the store " + directory + ": " + Disk.reason(e), e);
    }
  }

  /** Writes down what the database's bytes are, now that they will not change until there is another writer. */
  private void testify() {
    try {
      if (catalog.checkpoint()) {
        catalog.alone(() -> {
          try (var in = disk.read(layout.database())) {
            new Witness(acknowledged, Sha256.of(in, read -> {})).write(layout.witness(), disk);
          }
        });
      }
    } catch (IOException | SQLException | FailureException e) {
      // The witness goes on to say that the store is open, which is true of one whose end was not in good order.
      return;
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
