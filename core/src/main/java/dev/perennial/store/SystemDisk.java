package dev.perennial.store;

import com.sun.nio.file.ExtendedOpenOption;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;

/** The operating system's disk. */
final class SystemDisk implements Disk {

  @Override
  public FileChannel create(Path file) throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE);
  }

  @Override
  public FileChannel update(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  @Override
  public FileChannel direct(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.WRITE, ExtendedOpenOption.DIRECT);
  }

  @Override
  public InputStream read(Path file) throws IOException {
    return new FileInputStream(file.toFile());
  }

  @Override
  public String fileSystem(Path directory) throws IOException {
    return Files.getFileStore(directory).type();
  }

  @Override
  public void write(FileChannel file, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      file.write(bytes);
    }
  }

  @Override
  public void sync(FileChannel file) throws IOException {
    file.force(true);
  }

  @Override
  public void rename(Path from, Path to) throws IOException {
    Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public void syncDirectory(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  @Override
  public void delete(Path file) throws IOException {
    Files.deleteIfExists(file);
  }

  @Override
  public void commit(Connection database) throws SQLException {
    try (Statement statement = database.createStatement()) {
      statement.execute("COMMIT");
    }
  }
}
