package dev.perennial.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/**
 * The system's disk, with something done before each operation that leaves something behind.
 * Deletions are none of them: they tidy up after a failure.
 */
abstract class SteppedDisk implements Disk {

  private final Disk disk = new SystemDisk();

  /** Done before an operation. */
  abstract void step() throws IOException;

  @Override
  public FileChannel create(Path file) throws IOException {
    step();
    return disk.create(file);
  }

  @Override
  public FileChannel update(Path file) throws IOException {
    step();
    return disk.update(file);
  }

  @Override
  public FileChannel direct(Path file) throws IOException {
    step();
    return disk.direct(file);
  }

  /** So small that tests write large files. */
  @Override
  public long large() {
    return 1;
  }

  @Override
  public InputStream read(Path file) throws IOException {
    return disk.read(file);
  }

  @Override
  public String fileSystem(Path directory) throws IOException {
    return disk.fileSystem(directory);
  }

  @Override
  public void write(FileChannel file, ByteBuffer bytes) throws IOException {
    step();
    disk.write(file, bytes);
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    step();
    disk.sync(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    step();
    disk.rename(from, to);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    step();
    disk.syncDirectory(directory);
  }

  @Override
  public void delete(Path file) throws IOException {
    disk.delete(file);
  }

  @Override
  public void commit(Connection database) throws SQLException {
    disk.commit(database);
  }
}
