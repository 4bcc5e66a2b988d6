package dev.perennial.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/** The system's disk, with the n-th operation failing; counts what is asked of it. */
final class FaultyDisk implements Disk {

  /** How an operation fails. */
  enum Fault {
    /** It is not done. */
    BEFORE,
    /** It is done, and reported as failed. */
    AFTER,
    /** Half of the bytes are written; any other operation is not done. */
    HALF
  }

  private final SystemDisk disk = new SystemDisk();
  private final long failing;
  private final Fault fault;
  private final boolean forGood;
  private long operations;
  private long created;
  private boolean rowFailed;

  /** Never fails. */
  FaultyDisk() {
    this(0, Fault.BEFORE, false);
  }

  /**
   * Fails the operation of that number.
   *
   * @param failing counted from 1; 0 for none
   * @param fault how it fails
   * @param forGood whether every later one fails too, as after a crash
   */
  FaultyDisk(long failing, Fault fault, boolean forGood) {
    this.failing = failing;
    this.fault = fault;
    this.forGood = forGood;
  }

  /** Whether the failing operation was reached. */
  boolean failed() {
    return failing > 0 && operations >= failing;
  }

  long created() {
    return created;
  }

  /** Whether the operation that failed was the end of a transaction. */
  boolean rowFailed() {
    return rowFailed;
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
      throw new IOException("No space left on device");
    }
    operation.run();
  }

  @Override
  public FileChannel create(Path file) throws IOException {
    created++;
    operations++;
    if (operations == failing && fault == Fault.AFTER) {
      disk.create(file).close();
    }
    if (operations == failing || (forGood && operations > failing && failing > 0)) {
      throw new IOException("No space left on device");
    }
    return disk.create(file);
  }

  @Override
  public void write(FileChannel file, ByteBuffer bytes) throws IOException {
    if (operations + 1 == failing && fault == Fault.HALF) {
      disk.write(file, bytes.duplicate().limit(bytes.position() + bytes.remaining() / 2));
    }
    run(() -> disk.write(file, bytes));
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    run(() -> disk.sync(file));
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
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
}
