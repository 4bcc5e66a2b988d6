package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * A second store that goes on from a commit of a first one, and shares nothing with it but history.
 *
 * <p>It has that commit and those that it came from. Blobs, which never change, are hard links where the file system
 * has such, and copies elsewhere; each is read and digested.
 */
public final class Fork {
  private Fork() {}

  /**
   * Makes one; the first store may be in use.
   *
   * @param store the first store's directory
   * @param beside what else belongs to it, as for a {@link Backup}; copied
   * @param commit to go on from; the newest where none is given
   * @param target new, or an empty directory; the store appears there whole, or not at all
   * @return what was made; {@code copied} counts the files that are no links
   * @throws UsageException if there is no store or no such commit, or {@code target} holds something
   * @throws FailureException if the commit was given up or is damaged, or the store cannot be written
   */
  public static Backup.Summary make(
      Path store, List<String> beside, OptionalLong commit, Path target, Backup.Progress progress) {
    Disk disk = new SystemDisk();
    try (Staging staging = Staging.of(target, disk);
        Snapshot snapshot = Snapshot.take(store, new Layout(staging.directory()).database(), disk)) {
      return new Making(store, staging, snapshot, disk, progress).run(commit, Beside.files(store, beside));
    } catch (IOException | SQLException e) {
      throw new FailureException("cannot fork the store " + store + " to " + target + ": " + Disk.reason(e)
          + "; nothing was made there: check the place, its space and permissions", e);
    }
  }

  /** One fork being made. */
  private static final class Making {
    private final Path store;
    private final Staging staging;
    private final Snapshot snapshot;
    private final Disk disk;
    private final Backup.Progress progress;
    private long done;
    private long total;
    private int files;
    private int copied;
    private long copiedBytes;

    Making(Path store, Staging staging, Snapshot snapshot, Disk disk, Backup.Progress progress) {
      this.store = store;
      this.staging = staging;
      this.snapshot = snapshot;
      this.disk = disk;
      this.progress = progress;
    }

    Backup.Summary run(OptionalLong asked, Map<String, Path> others) throws IOException, SQLException {
      for (PartRef blob : snapshot.blobs().keySet()) {
        total += blob.bytes();
      }
      var damaged = new HashMap<String, String>();
      for (var blob : snapshot.blobs().entrySet()) {
        Copying.Copied found = Copying.digest(blob.getValue(), this::read);
        if (!found.sha256().equals(blob.getKey().sha256()) || found.bytes() != blob.getKey().bytes()) {
          damaged.put(blob.getKey().sha256(), "the blob " + blob.getKey().sha256() + " is damaged");
        }
      }
      snapshot.leaveOut(damaged);
      Layout layout = new Layout(staging.directory());
      var needed = new HashSet<String>();
      long id;
      int commits;
      try (Catalog catalog = CatalogFile.open(layout.database(), Access.WRITE)) {
        id = choose(catalog, asked);
        var lineage = new ArrayList<Long>();
        for (long at = id; at != 0; at = catalog.commit(at).parent()) {
          lineage.add(at);
        }
        catalog.keepOnly(lineage, disk);
        needed.addAll(catalog.blobs());
        commits = catalog.ids().size();
        catalog.logAhead();
      }
      long bytes = Files.size(layout.database());
      files = 1;
      for (var blob : snapshot.blobs().entrySet()) {
        if (needed.contains(blob.getKey().sha256())) {
          String name = blob.getKey().sha256() + ".safetensors";
          link(new Layout(store).blobs().resolve(name), blob.getValue(), layout.blobs().resolve(name));
          bytes += blob.getKey().bytes();
        }
      }
      for (var other : others.entrySet()) {
        Path file = staging.directory().resolve(other.getKey());
        Files.createDirectories(Objects.requireNonNull(file.getParent()));
        try (FileChannel channel = FileChannel.open(other.getValue(), StandardOpenOption.READ)) {
          bytes += copy(channel, file);
        }
      }
      staging.finish();
      return new Backup.Summary(id, commits, files, bytes, copied, copiedBytes, snapshot.leftOut());
    }

    private void read(long bytes) {
      done += bytes;
      progress.at(done, total);
    }

    /** The commit asked for, or the newest whole one; 0 where the store has none. */
    private long choose(Catalog catalog, OptionalLong asked) throws SQLException {
      List<Long> whole = catalog.ids();
      if (asked.isEmpty()) {
        return whole.isEmpty() ? 0 : whole.getFirst();
      }
      long id = asked.getAsLong();
      if (!catalog.allIds().contains(id)) {
        throw new UsageException(
            "expected a commit of the store " + store + ", got " + id + ": ./perennial store log shows them");
      }
      if (!whole.contains(id)) {
        String why = snapshot.leftOut().stream().filter(line -> line.startsWith("commit " + id + ":")).findFirst()
            .orElse("the parts of commit " + id + " were given up to save space");
        throw new FailureException("cannot fork the store " + store + " at commit " + id + ": " + why
            + "; choose one of " + whole);
      }
      return id;
    }

    private void link(Path blob, FileChannel open, Path file) throws IOException {
      try {
        Files.createLink(file, blob);
        files++;
      } catch (FileSystemException | UnsupportedOperationException e) {
        // Another file system, one without links, or a blob that was given up meanwhile, which is open here still.
        copy(open, file);
      }
    }

    private long copy(FileChannel open, Path file) throws IOException {
      long bytes = Copying.copy(open, file, disk, length -> {}).bytes();
      files++;
      copied++;
      copiedBytes += bytes;
      return bytes;
    }
  }
}
