package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A directory that appears whole or not at all: it is filled beside its place, synced, and moved there. */
final class NewDirectory {

  private NewDirectory() {}

  /** Fills a directory. */
  interface Filling {
    void into(Path directory) throws IOException;
  }

  /**
   * Makes it.
   *
   * @param directory must not be there, or be empty
   * @throws UsageException if it holds something
   * @throws FailureException if it cannot be written
   */
  static void make(Path directory, Filling filling) {
    Path place = directory.toAbsolutePath().normalize();
    Path parent = place.getParent();
    if (parent == null || Files.exists(place) && !isEmptyDirectory(place)) {
      throw new UsageException("expected a new directory for a brick, got " + directory + ", which is there already: name"
          + " another place");
    }
    Path temporary = place.resolveSibling("." + place.getFileName() + ".tmp");
    try {
      Files.createDirectories(parent);
      deleteFiles(temporary);
      Files.createDirectory(temporary);
      filling.into(temporary);
      Files.deleteIfExists(place);
      Files.move(temporary, place, StandardCopyOption.ATOMIC_MOVE);
      sync(parent);
    } catch (IOException e) {
      throw new FailureException("cannot write the brick " + directory + ": " + e.getClass().getSimpleName() + ": "
          + e.getMessage() + "; check the place and its space", e);
    }
  }

  private static boolean isEmptyDirectory(Path directory) {
    if (!Files.isDirectory(directory)) {
      return false;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      return !files.iterator().hasNext();
    } catch (IOException e) {
      throw new FailureException("cannot read the directory " + directory + ": " + e.getMessage(), e);
    }
  }

  /** Removes a directory of files; does nothing where there is none. */
  private static void deleteFiles(Path directory) throws IOException {
    if (Files.notExists(directory)) {
      return;
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
      for (Path file : files) {
        Files.delete(file);
      }
    }
    Files.delete(directory);
  }

  /** A synced file of a text. */
  static void writeText(Path file, String text) throws IOException {
    Files.writeString(file, text);
    sync(file);
  }

  /** Makes sure that what was written is on the disk. */
  static void sync(Path path) throws IOException {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }
}
