package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Where things lie in a store's directory.
 *
 * @param directory the store's
 */
record Layout(Path directory) {

  /** As Linux and macOS call them. 9p and virtiofs, by which a virtual machine sees its host's disk, are not among them. */
  private static final Set<String> NETWORK = Set.of(
      "nfs", "nfs3", "nfs4", "cifs", "smb", "smbfs", "smb2", "smb3", "ncpfs", "afs", "afpfs", "webdav", "davfs",
      "fuse.sshfs", "fuse.davfs2", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone");

  Path database() {
    return directory.resolve("perennial.db");
  }

  /** What says which commit was acknowledged last. */
  Path witness() {
    return directory.resolve("newest");
  }

  Path blobs() {
    return directory.resolve("blobs");
  }

  /**
   * Refuses a place on another machine: its locks and syncs cannot be relied on, and SQLite's write-ahead log is shared
   * memory, which two machines have not.
   *
   * @throws FailureException if the directory, or where it is to be made, is on a network file system
   */
  void requireLocal(Disk disk) throws IOException {
    Path place = directory.toAbsolutePath();
    while (Files.notExists(place) && place.getParent() != null) {
      place = place.getParent();
    }
    String type = disk.fileSystem(place);
    if (NETWORK.contains(type.toLowerCase(Locale.ROOT))) {
      throw new FailureException(
          "the store " + directory + " would be written on a network file system (" + type
              + "), whose locks and syncs cannot be relied on: keep it on a disk of this machine, and copies elsewhere");
    }
  }

  /**
   * Makes a store with no commits. The database is made under another name and renamed when it is whole: a directory
   * holds a store as soon as, and only if, it has a {@link #database()}.
   *
   * @throws UsageException if there is a store already
   * @throws FailureException as {@link #requireLocal}
   */
  void create(String spec, Disk disk) throws IOException, SQLException {
    requireLocal(disk);
    boolean isNew = Files.notExists(directory);
    Files.createDirectories(blobs());
    try (WriterLock _ = WriterLock.take(directory)) {
      if (Files.exists(database())) {
        throw new UsageException(
            "the directory " + directory + " already holds a store: resume it, or choose another directory");
      }
      deleteUnfinished(disk);
      try {
        CatalogFile.create(unfinished(), spec);
        disk.rename(unfinished(), database());
        disk.syncDirectory(directory);
        Path parent = directory.toAbsolutePath().getParent();
        if (isNew && parent != null) {
          disk.syncDirectory(parent);
        }
      } catch (IOException | SQLException e) {
        try {
          deleteUnfinished(disk);
        } catch (IOException left) {
          e.addSuppressed(left);
        }
        throw e;
      }
    }
  }

  private Path unfinished() {
    return directory.resolve("perennial.db.new");
  }

  private void deleteUnfinished(Disk disk) throws IOException {
    for (String suffix : List.of("", "-wal", "-shm", "-journal")) {
      disk.delete(Path.of(unfinished() + suffix));
    }
  }
}
