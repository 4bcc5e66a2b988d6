package dev.perennial.store;

import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/**
 * A store in the making beside its place: {@code NAME.partial}, renamed when it is whole, so that its place holds a
 * store or nothing. What an interrupted one left is deleted by the next.
 */
final class Staging implements AutoCloseable {
  private final Path target;
  private final Path directory;
  private final Disk disk;
  private final WriterLock lock;
  private boolean done;

  private Staging(Path target, Path directory, Disk disk, WriterLock lock) {
    this.target = target;
    this.directory = directory;
    this.disk = disk;
    this.lock = lock;
  }

  /**
   * Begins.
   *
   * @throws UsageException if there is something in the place already
   */
  static Staging of(Path place, Disk disk) throws IOException {
    Path target = place.toAbsolutePath().normalize();
    checkFree(place);
    Path parent = target.getParent();
    if (parent == null) {
      throw new UsageException("expected a directory for a new store, got " + place + ": name another place");
    }
    Files.createDirectories(parent);
    Path directory = target.resolveSibling(target.getFileName() + ".partial");
    Files.createDirectories(directory);
    WriterLock lock = WriterLock.take(directory);
    var staging = new Staging(target, directory, disk, lock);
    boolean begun = false;
    try {
      staging.clear(false);
      Files.createDirectories(new Layout(directory).blobs());
      begun = true;
      return staging;
    } finally {
      if (!begun) {
        lock.close();
      }
    }
  }

  /**
   * Makes sure that a place for a new store is free.
   *
   * @throws UsageException if it is a file, or a directory that holds something
   */
  static void checkFree(Path place) throws IOException {
    if (Files.exists(place) && !Files.isDirectory(place)) {
      throw new UsageException("expected a new directory, got the file " + place + ": name another place");
    }
    if (Files.isDirectory(place)) {
      try (var entries = Files.newDirectoryStream(place)) {
        if (entries.iterator().hasNext()) {
          throw new UsageException("expected a new or empty directory, got " + place + ", which holds something: name"
              + " another place");
        }
      }
    }
  }

  /** Where it is made. */
  Path directory() {
    return directory;
  }

  /** Syncs the directories, and puts the store in its place. */
  void finish() throws IOException {
    try (var directories = Files.walk(directory)) {
      for (Path each : directories.filter(Files::isDirectory).toList()) {
        disk.syncDirectory(each);
      }
    }
    disk.rename(directory, target);
    done = true;
    Path parent = target.getParent();
    if (parent != null) {
      disk.syncDirectory(parent);
    }
  }

  /** Deletes what was not finished. */
  @Override
  public void close() throws IOException {
    try (lock) {
      if (!done) {
        clear(true);
      }
    }
  }

  /** Everything but the lock, which is held; at the end the lock and the directory too. */
  private void clear(boolean all) throws IOException {
    Path held = directory.resolve("lock");
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            if (all || !file.equals(held)) {
              Files.deleteIfExists(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            if (all || !visited.equals(directory)) {
              Files.delete(visited);
            }
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
