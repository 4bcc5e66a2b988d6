package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * A store as it is at one moment, held while its writer goes on: a copy of the database, and every blob that its commits
 * need, open.
 *
 * <p>The database is copied within one transaction ({@code VACUUM INTO}). A writer that gives blobs up meanwhile deletes
 * their names, not the files that are open here. A commit of which a blob was given up before it could be opened is
 * marked as collected in the copy; if that is the newest one, the copy is taken again.
 */
final class Snapshot implements AutoCloseable {
  private static final int ATTEMPTS = 20;

  private final Path database;
  private final Disk disk;
  private final Map<PartRef, FileChannel> blobs;
  private final List<String> leftOut;

  private Snapshot(Path database, Disk disk, Map<PartRef, FileChannel> blobs, List<String> leftOut) {
    this.database = database;
    this.disk = disk;
    this.blobs = blobs;
    this.leftOut = leftOut;
  }

  /**
   * Takes a snapshot.
   *
   * @param copy where the database's copy goes; nothing may be there
   * @throws UsageException if there is no store
   * @throws FailureException if it cannot be read
   */
  static Snapshot take(Path store, Path copy, Disk disk) throws IOException, SQLException {
    Path source = new Layout(store).database();
    if (Files.notExists(source)) {
      throw new UsageException("expected a store in " + store + ", there is none: check the path");
    }
    try (Catalog catalog = CatalogFile.open(source, Access.READ)) {
      for (int attempt = 1; ; attempt++) {
        disk.delete(copy);
        catalog.copyTo(copy);
        var snapshot = new Snapshot(copy, disk, new LinkedHashMap<>(), new ArrayList<>());
        boolean held = false;
        try {
          if (snapshot.hold(new Blobs(new Layout(store).blobs(), disk), catalog)) {
            held = true;
            return snapshot;
          }
        } finally {
          if (!held) {
            snapshot.close();
          }
        }
        if (attempt == ATTEMPTS) {
          throw new FailureException("the writer of the store " + store + " gives its states up faster than they can be"
              + " opened: ask it to keep more, by ./perennial store keep --store " + store + " 10, and try again");
        }
      }
    }
  }

  /** Opens the blobs; false if the newest commit went meanwhile. */
  private boolean hold(Blobs files, Catalog source) throws IOException, SQLException {
    try (Catalog copy = CatalogFile.open(database, Access.WRITE)) {
      var gone = new ArrayList<Long>();
      boolean newest = true;
      for (long id : copy.ids()) {
        Commit commit;
        try {
          commit = copy.commit(id);
        } catch (FailureException e) {
          leftOut.add("commit " + id + ": " + Disk.reason(e));
          gone.add(id);
          continue;
        }
        try {
          for (PartRef part : commit.parts()) {
            PartRef blob = blob(part);
            if (!blobs.containsKey(blob)) {
              blobs.put(blob, FileChannel.open(files.path(part.sha256()), StandardOpenOption.READ));
            }
          }
          newest = false;
        } catch (NoSuchFileException e) {
          if (!source.commit(id).collected()) {
            leftOut.add("commit " + id + ": the blob " + e.getFile() + " is missing");
          } else if (newest) {
            return false;
          }
          gone.add(id);
        }
      }
      copy.collect(gone, disk);
      return true;
    }
  }

  /** A blob whatever the part that it is of is called. */
  private static PartRef blob(PartRef part) {
    return new PartRef("", part.combine(), part.sha256(), part.bytes());
  }

  /** Every blob, open. */
  Map<PartRef, FileChannel> blobs() {
    return blobs;
  }

  /** What was wrong with commits that are left out, a line each. */
  List<String> leftOut() {
    return leftOut;
  }

  /**
   * Leaves out every commit that needs one of the damaged blobs.
   *
   * @param damaged digests, with what is wrong
   * @throws FailureException if then no commit is left, and there were some
   */
  void leaveOut(Map<String, String> damaged) throws SQLException {
    try (Catalog copy = CatalogFile.open(database, Access.WRITE)) {
      var gone = new TreeSet<Long>();
      for (long id : copy.ids()) {
        for (PartRef part : copy.commit(id).parts()) {
          String problem = damaged.get(part.sha256());
          if (problem != null && gone.add(id)) {
            leftOut.add("commit " + id + ": " + problem);
          }
        }
      }
      copy.collect(gone, disk);
      if (copy.ids().isEmpty() && !leftOut.isEmpty()) {
        throw new FailureException("every commit of the store is damaged; " + leftOut.getFirst()
            + "; put a copy of the store back, or learn anew in another one");
      }
    }
  }

  /** Closes the blobs; the database's copy stays. */
  @Override
  public void close() throws IOException {
    for (FileChannel blob : blobs.values()) {
      blob.close();
    }
  }
}
