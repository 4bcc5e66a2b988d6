package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The system's disk, with the n-th operation failing; counts what is asked of it. Of a file whose sync failed nothing may
 * be asked again but that it be closed and deleted.
 */
class FaultyDisk implements Disk {

  /** How an operation fails. */
  enum Fault {
    /** It is not done. */
    BEFORE,
    /** It is done, and reported as failed. */
    AFTER,
    /** Half of the bytes are written; any other operation is not done. */
    HALF
  }

  /** What a failing disk says. */
  static final String NO_SPACE = "No space left on device";

  static final String BROKEN = "Input/output error";

  private final SystemDisk disk = new SystemDisk();
  private final Map<FileChannel, Path> open = new HashMap<>();
  private final Set<Path> unsynced = new HashSet<>();
  private final long failing;
  private final Fault fault;
  private final boolean forGood;
  private final String says;
  private long operations;
  private long created;
  private long reads;
  private long failingRead;
  private boolean rowFailed;
  private boolean witnessFailed;

  /** Never fails. */
  FaultyDisk() {
    this(0, Fault.BEFORE, false);
  }

  FaultyDisk(long failing, Fault fault, boolean forGood) {
    this(failing, fault, forGood, NO_SPACE);
  }

  /**
   * Fails the operation of that number.
   *
   * @param failing counted from 1; 0 for none
   * @param fault how it fails
   * @param forGood whether every later one fails too, as after a crash
   * @param says the system's reason
   */
  FaultyDisk(long failing, Fault fault, boolean forGood, String says) {
    this.failing = failing;
    this.fault = fault;
    this.forGood = forGood;
    this.says = says;
  }

  /** Fails the n-th file that is opened for reading. */
  static FaultyDisk reading(long failingRead) {
    var disk = new FaultyDisk(0, Fault.BEFORE, false, BROKEN);
    disk.failingRead = failingRead;
    return disk;
  }

  /** Whether the failing operation was reached. */
  boolean failed() {
    return failing > 0 && operations >= failing;
  }

  /** Temporary files that were made. */
  long created() {
    return created;
  }

  long operations() {
    return operations;
  }

  long reads() {
    return reads;
  }

  /** Whether the operation that failed was the end of a transaction. */
  boolean rowFailed() {
    return rowFailed;
  }

  /** Whether what failed first was the file {@code newest}, after the commit. */
  boolean witnessFailed() {
    return witnessFailed;
  }

  private interface Operation {
    void run() throws IOException;
  }

  private void run(Operation operation) throws IOException {
    operations++;
    if (operations == failing && fault == Fault.AFTER) {
      operation.run();
    }
    if (operations == failing || (forGood && operations > failing && failing > 0)) {
      throw new IOException(says);
    }
    operation.run();
  }

  private FileChannel open(Path file, FileChannel channel) {
    open.put(channel, file);
    unsynced.remove(file);
    return channel;
  }

  @Override
  public FileChannel create(Path file) throws IOException {
    created++;
    var channel = new FileChannel[1];
    run(() -> {
      channel[0] = disk.create(file);
      if (operations == failing) {
        channel[0].close();
      }
    });
    return open(file, channel[0]);
  }

  @Override
  public FileChannel update(Path file) throws IOException {
    var channel = new FileChannel[1];
    witnessFailed |= operations + 1 == failing;
    run(() -> {
      channel[0] = disk.update(file);
      if (operations == failing) {
        channel[0].close();
      }
    });
    return open(file, channel[0]);
  }

  @Override
  public FileChannel direct(Path file) throws IOException {
    var channel = new FileChannel[1];
    run(() -> {
      channel[0] = disk.direct(file);
      if (operations == failing) {
        channel[0].close();
      }
    });
    return open(file, channel[0]);
  }

  /** So small that tests write large files. */
  @Override
  public long large() {
    return 1;
  }

  @Override
  public InputStream read(Path file) throws IOException {
    if (++reads == failingRead) {
      throw new IOException(says);
    }
    return disk.read(file);
  }

  @Override
  public String fileSystem(Path directory) throws IOException {
    return disk.fileSystem(directory);
  }

  @Override
  public void write(FileChannel file, ByteBuffer bytes) throws IOException {
    requireTrusted(file);
    witnessFailed |= operations + 1 == failing && path(file).endsWith("newest");
    if (operations + 1 == failing && fault == Fault.HALF) {
      disk.write(file, bytes.duplicate().limit(bytes.position() + bytes.remaining() / 2));
    }
    run(() -> disk.write(file, bytes));
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    requireTrusted(file);
    try {
      run(() -> disk.sync(file));
    } catch (IOException e) {
      unsynced.add(path(file));
      throw e;
    }
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    assertFalse(unsynced.contains(from), "a file whose sync failed was renamed: " + from);
    run(() -> disk.rename(from, to));
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    run(() -> disk.syncDirectory(directory));
  }

  @Override
  public void delete(Path file) throws IOException {
    run(() -> disk.delete(file));
  }

  @Override
  public void commit(Connection database) throws SQLException {
    try {
      run(
          () -> {
            try {
              disk.commit(database);
            } catch (SQLException e) {
              throw new IOException(e);
            }
          });
    } catch (IOException e) {
      rowFailed = true;
      throw new SQLException(e.getMessage(), e);
    }
  }

  private Path path(FileChannel file) {
    return Objects.requireNonNull(open.get(file));
  }

  private void requireTrusted(FileChannel file) {
    assertFalse(unsynced.contains(path(file)), "a file whose sync failed was used again: " + path(file));
  }
}
