package dev.perennial.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The right to write to a store, held by one process and there by one {@link Store}; the system gives it back when the
 * process ends, however it ends.
 *
 * <p>POSIX takes a process's locks on a file away when <em>any</em> of its channels on that file is closed. A second
 * attempt in the same process must therefore not open the file at all: {@link #HELD} stops it before. It is the one
 * process-wide state here because the lock itself belongs to the process.
 */
final class WriterLock implements AutoCloseable {
  private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

  /** Locked instead of the first byte, so that the file's text stays readable where locks are mandatory. */
  private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;

  private final Path file;
  private final FileChannel channel;

  private WriterLock(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Takes the lock of the store in {@code directory}, which must exist.
   *
   * @throws FailureException if another store object, here or in another process, holds it
   * @throws IOException if the lock file cannot be written
   */
  static WriterLock take(Path directory) throws IOException {
    Path file = directory.toRealPath().resolve("lock");
    if (!HELD.add(file)) {
      throw new FailureException(
          "the store " + directory + " is already open for writing in this process: close it first, or open it to read");
    }
    FileChannel channel = null;
    boolean taken = false;
    try {
      channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      FileLock lock = channel.tryLock(LOCKED_BYTE, 1, false);
      if (lock == null) {
        throw new FailureException(
            "the store " + directory + " is being written by another process" + holder(file)
                + ": wait until it has ended or stop it, or choose another store");
      }
      // Always the same length, so that a full disk has room for it.
      String holder = String.format(Locale.ROOT, "%-20d", ProcessHandle.current().pid());
      channel.write(ByteBuffer.wrap(holder.getBytes(US_ASCII)));
      taken = true;
      return new WriterLock(file, channel);
    } finally {
      if (!taken) {
        if (channel != null) {
          channel.close();
        }
        HELD.remove(file);
      }
    }
  }

  private static String holder(Path file) throws IOException {
    String pid = Files.readString(file, US_ASCII).strip();
    return pid.isEmpty() ? "" : " (process " + pid + ")";
  }

  /** Whether it was not given back yet. */
  boolean isHeld() {
    return channel.isOpen();
  }

  /** Gives the lock back; does nothing the second time, when another may hold it. */
  @Override
  public void close() throws IOException {
    if (channel.isOpen()) {
      try {
        channel.close();
      } finally {
        HELD.remove(file);
      }
    }
  }
}
