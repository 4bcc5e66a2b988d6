package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.store.BackupManifest.Entry;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A copy of a store in a directory of its own, taken while the store is in use, and added to by the next backup into the
 * same place.
 *
 * <p>Layout: {@code files/<sha256>} with the bytes of every file, once each, and {@code backup.json}, which says what
 * they are called. A backup copies the store as of one moment, reads back and digests everything that it names, and only
 * then replaces {@code backup.json} in one step: a backup that is interrupted leaves the one before whole. Files that
 * the new one does not name are deleted last.
 */
public final class Backup {
  private static final String DATABASE = "perennial.db";

  private Backup() {}

  /** Is told how far the work has come. */
  public interface Progress {
    /**
     * So much is done.
     *
     * @param done bytes read so far
     * @param of bytes to read in all, as far as is known
     */
    void at(long done, long of);
  }

  /**
   * What was done.
   *
   * @param commit the newest commit in it; 0 for none
   * @param commits that are whole in it
   * @param files in it
   * @param bytes of all of them
   * @param copied files that were not there already
   * @param copiedBytes of those
   * @param leftOut damaged commits that are not in it, a line each
   */
  public record Summary(
      long commit, int commits, int files, long bytes, int copied, long copiedBytes, List<String> leftOut) {
    /** Copies the list. */
    public Summary {
      leftOut = List.copyOf(leftOut);
    }
  }

  /**
   * Backs a store up, which may be in use. O(bytes): everything in the backup is read once more.
   *
   * @param store the store's directory
   * @param beside names of directories and files in it that belong to the store beside its commits, such as a library;
   *     those that are not there are passed over
   * @param out the backup's directory: new, empty, or an earlier backup, which is added to
   * @throws UsageException if there is no store, or {@code out} holds something else
   * @throws FailureException if the store cannot be read, every commit is damaged, or {@code out} cannot be written; an
   *     earlier backup there is then as it was
   */
  public static Summary write(Path store, List<String> beside, Path out, Instant now, Progress progress) {
    return write(store, beside, out, now, progress, new SystemDisk());
  }

  static Summary write(Path store, List<String> beside, Path out, Instant now, Progress progress, Disk disk) {
    try {
      if (Files.notExists(new Layout(store).database())) {
        throw new UsageException("expected a store in " + store + ", there is none: check the path");
      }
      boolean added = BackupManifest.isIn(out);
      if (added) {
        BackupManifest.read(out);
      } else if (!holdsUnfinished(out)) {
        Staging.checkFree(out);
      }
      Files.createDirectories(out.resolve("files"));
      try (WriterLock _ = WriterLock.take(out)) {
        return new Writing(store, out, disk, progress).run(beside, now);
      }
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot back up the store " + store + " to " + out + ": " + Disk.reason(e)
          + "; what was backed up before is as it was: check the places, their space and permissions", e);
    }
  }

  /** Whether an interrupted first backup was here: it leaves its files and its lock, and nothing else. */
  private static boolean holdsUnfinished(Path out) throws IOException {
    if (!Files.isDirectory(out.resolve("files"))) {
      return false;
    }
    try (var entries = Files.list(out)) {
      return entries.map(entry -> entry.getFileName().toString())
          .allMatch(name -> name.equals("files") || name.equals("lock") || name.equals("backup.json.tmp"));
    }
  }

  /** One backup being written. */
  private static final class Writing {
    private final Path store;
    private final Path out;
    private final Disk disk;
    private final Progress progress;
    private final List<Entry> entries = new ArrayList<>();
    private final HashSet<String> sound = new HashSet<>();
    private long done;
    private long total;
    private int copied;
    private long copiedBytes;

    Writing(Path store, Path out, Disk disk, Progress progress) {
      this.store = store;
      this.out = out;
      this.disk = disk;
      this.progress = progress;
    }

    Summary run(List<String> beside, Instant now) throws IOException, SQLException {
      deleteTemporaries();
      Path database = out.resolve("files").resolve(DATABASE + ".tmp");
      try (Snapshot snapshot = Snapshot.take(store, database, disk)) {
        TreeMap<String, Path> others = Beside.files(store, beside);
        total = Files.size(database) * 2;
        for (PartRef blob : snapshot.blobs().keySet()) {
          total += 2 * blob.bytes();
        }
        for (Path file : others.values()) {
          total += 2 * Files.size(file);
        }
        var damaged = new HashMap<String, String>();
        for (var blob : snapshot.blobs().entrySet()) {
          PartRef ref = blob.getKey();
          add(ref.sha256(), blob.getValue(), ref.bytes()).ifPresent(problem -> damaged.put(
              ref.sha256(), new Layout(store).blobs().resolve(ref.sha256() + ".safetensors") + ": " + problem));
        }
        snapshot.leaveOut(damaged);
        for (var file : others.entrySet()) {
          try (FileChannel channel = FileChannel.open(file.getValue(), StandardOpenOption.READ)) {
            String sha256 = Copying.digest(channel, this::read).sha256();
            add(sha256, channel, channel.size()).ifPresent(Writing::fail);
            entries.add(new Entry(file.getKey(), sha256, channel.size()));
          }
        }
        Summary summary = addDatabase(database, snapshot, damaged);
        disk.syncDirectory(out.resolve("files"));
        disk.syncDirectory(out);
        BackupManifest.of(now.toString(), summary.commit(), entries).write(out, disk);
        deleteOthers();
        return summary;
      } finally {
        disk.delete(database);
      }
    }

    private static void fail(String problem) {
      throw new FailureException("a file changed while it was copied: " + problem + "; back up again");
    }

    private void read(long bytes) {
      done += bytes;
      progress.at(Math.min(done, total), total);
    }

    /**
     * Makes sure that the backup has a file, and reads it there.
     *
     * @return what is wrong with the source; empty if nothing
     */
    private Optional<String> add(String sha256, FileChannel source, long bytes) throws IOException {
      if (sound.contains(sha256)) {
        return Optional.empty();
      }
      Path place = BackupManifest.place(out, sha256);
      if (Files.notExists(place) || !isSound(place, sha256)) {
        Copying.Copied copy = Copying.copy(source, place, disk, this::read);
        if (!copy.sha256().equals(sha256) || copy.bytes() != bytes) {
          disk.delete(place);
          return Optional.of("expected " + bytes + " bytes with SHA-256 " + sha256 + ", found " + copy.bytes()
              + " with " + copy.sha256());
        }
        if (!isSound(place, sha256)) {
          throw new IOException("the file " + place + " does not read back as it was written");
        }
        copied++;
        copiedBytes += bytes;
      }
      sound.add(sha256);
      return Optional.empty();
    }

    private boolean isSound(Path place, String sha256) throws IOException {
      try (FileChannel channel = FileChannel.open(place, StandardOpenOption.READ)) {
        return Copying.digest(channel, this::read).sha256().equals(sha256);
      }
    }

    /** The database last: it says which commits are whole, and every blob that it names is in the backup by then. */
    private Summary addDatabase(Path database, Snapshot snapshot, Map<String, String> damaged)
        throws IOException, SQLException {
      long newest = 0;
      int commits = 0;
      try (Catalog catalog = CatalogFile.open(database, Access.READ)) {
        for (String problem : catalog.check()) {
          throw new FailureException("the database of the store " + store + " is damaged: " + problem);
        }
        catalog.spec();
        for (long id : catalog.ids()) {
          for (PartRef part : catalog.commit(id).parts()) {
            if (!sound.contains(part.sha256())) {
              throw new IllegalStateException("commit " + id + " needs a blob that is not in the backup");
            }
          }
          newest = Math.max(newest, id);
          commits++;
        }
        for (PartRef blob : snapshot.blobs().keySet()) {
          if (!damaged.containsKey(blob.sha256())) {
            entries.add(new Entry("blobs/" + blob.sha256() + ".safetensors", blob.sha256(), blob.bytes()));
          }
        }
      }
      try (FileChannel channel = FileChannel.open(database, StandardOpenOption.READ)) {
        String sha256 = Copying.digest(channel, this::read).sha256();
        add(sha256, channel, channel.size()).ifPresent(Writing::fail);
        entries.add(new Entry(DATABASE, sha256, channel.size()));
      }
      long bytes = entries.stream().mapToLong(Entry::bytes).sum();
      return new Summary(newest, commits, entries.size(), bytes, copied, copiedBytes, snapshot.leftOut());
    }

    private void deleteTemporaries() throws IOException {
      try (var files = Files.newDirectoryStream(out.resolve("files"), "*.tmp*")) {
        for (Path file : files) {
          disk.delete(file);
        }
      }
    }

    private void deleteOthers() throws IOException {
      var named = new HashSet<String>();
      entries.forEach(entry -> named.add(entry.sha256()));
      try (var files = Files.newDirectoryStream(out.resolve("files"))) {
        for (Path file : files) {
          if (!named.contains(file.getFileName().toString())) {
            disk.delete(file);
          }
        }
      }
    }
  }

  /**
   * Makes a store of a backup. O(bytes).
   *
   * @param in the backup
   * @param target where the store goes: new or an empty directory. It appears there whole, or not at all
   * @throws UsageException if there is no backup, or {@code target} holds something
   * @throws FailureException if a file of the backup is damaged or missing, naming it, or the store cannot be written
   */
  public static Summary restore(Path in, Path target, Progress progress) {
    return restore(in, target, progress, new SystemDisk());
  }

  static Summary restore(Path in, Path target, Progress progress, Disk disk) {
    BackupManifest manifest = BackupManifest.read(in);
    long total = manifest.files().stream().mapToLong(Entry::bytes).sum();
    try (Staging staging = Staging.of(target, disk)) {
      var done = new long[1];
      for (Entry entry : manifest.files()) {
        restore(in, entry, staging.directory().resolve(entry.path()), disk, bytes -> {
          done[0] += bytes;
          progress.at(done[0], total);
        });
      }
      int commits;
      try (Catalog catalog = CatalogFile.open(new Layout(staging.directory()).database(), Access.WRITE)) {
        catalog.logAhead();
        commits = catalog.ids().size();
      }
      staging.finish();
      return new Summary(
          manifest.commit(), commits, manifest.files().size(), total, manifest.files().size(), total, List.of());
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot restore the backup " + in + " to " + target + ": " + Disk.reason(e)
          + "; nothing was made there: check the place, its space and permissions", e);
    }
  }

  private static void restore(Path in, Entry entry, Path file, Disk disk, Copying.Meter meter) throws IOException {
    Path place = BackupManifest.place(in, entry.sha256());
    Files.createDirectories(Objects.requireNonNull(file.getParent()));
    Copying.Copied copy;
    try (FileChannel channel = FileChannel.open(place, StandardOpenOption.READ)) {
      copy = Copying.copy(channel, file, disk, meter);
    } catch (NoSuchFileException e) {
      throw new FailureException("the backup " + in + " is damaged: " + place + ", which is the store's " + entry.path()
          + ", is missing; use another backup", e);
    }
    if (!copy.sha256().equals(entry.sha256()) || copy.bytes() != entry.bytes()) {
      throw new FailureException("the backup " + in + " is damaged: " + place + ", which is the store's " + entry.path()
          + ": expected " + entry.bytes() + " bytes with SHA-256 " + entry.sha256() + ", found " + copy.bytes() + " with "
          + copy.sha256() + "; use another backup");
    }
  }
}
