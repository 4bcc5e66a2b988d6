package dev.perennial.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;

/** The system's disk, of which one operation fails. Deletions are not counted: they tidy up after a failure. */
final class FailingOnce implements Disk {
  private final Disk disk = new SystemDisk();
  private final int failing;
  private int operation;

  FailingOnce(int failing) {
    this.failing = failing;
  }

  boolean failed() {
    return operation > failing;
  }

  private void count() throws IOException {
    if (operation++ == failing) {
      throw new IOException("no space left on device");
    }
  }

  @Override
  public FileChannel create(Path file) throws IOException {
    count();
    return disk.create(file);
  }

  @Override
  public FileChannel update(Path file) throws IOException {
    count();
    return disk.update(file);
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
    count();
    disk.write(file, bytes);
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    count();
    disk.sync(file);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    count();
    disk.rename(from, to);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    count();
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
