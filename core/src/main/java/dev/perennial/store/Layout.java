package dev.perennial.store;

import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.List;

/**
 * Where things lie in a store's directory.
 *
 * @param directory the store's
 */
record Layout(Path directory) {

  Path database() {
    return directory.resolve("perennial.db");
  }

  Path blobs() {
    return directory.resolve("blobs");
  }

  /**
   * Makes a store with no commits. The database is made under another name and renamed when it is whole: a directory
   * holds a store as soon as, and only if, it has a {@link #database()}.
   *
   * @throws UsageException if there is a store already
   */
  void create(String spec, Disk disk) throws IOException, SQLException {
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
