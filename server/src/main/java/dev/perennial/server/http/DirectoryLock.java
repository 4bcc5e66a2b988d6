package dev.perennial.server.http;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/** The right to serve a directory, which one process has at a time; the system gives it back when a process ends. */
final class DirectoryLock implements AutoCloseable {

  private final FileChannel channel;

  private DirectoryLock(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Takes it; the directory is made where it is not there.
   *
   * @throws FailureException if another server has it, or the directory cannot be written
   */
  static DirectoryLock take(Path directory) {
    FileChannel channel = null;
    try {
      Files.createDirectories(directory);
      channel = FileChannel.open(directory.resolve("serving"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = lock(channel);
      if (lock == null) {
        throw new FailureException("another server serves " + directory + ": stop it, or serve another directory");
      }
      var taken = new DirectoryLock(channel);
      channel = null;
      return taken;
    } catch (IOException e) {
      throw new FailureException("cannot serve " + directory + ": " + e + "; check the place and its permissions", e);
    } finally {
      release(channel);
    }
  }

  private static @Nullable FileLock lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (OverlappingFileLockException e) {
      return null;
    }
  }

  private static void release(@Nullable FileChannel channel) {
    if (channel != null) {
      try {
        channel.close();
      } catch (IOException e) {
        throw new FailureException("cannot close a lock: " + e, e);
      }
    }
  }

  @Override
  public void close() {
    release(channel);
  }
}
