package dev.perennial.store;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.sqlite.SQLiteException;

/** The operations on which durability rests: the places where a crash or a failing disk can come in between. */
interface Disk {

  /** Bytes that fit the system's cache of files without a thought. */
  long LARGE = 16 << 20;

  /** Opens an empty file for writing, over whatever was there. */
  FileChannel create(Path file) throws IOException;

  /** Opens a file for writing over its bytes from the first on, with nothing cut off; makes it if it is not there. */
  FileChannel update(Path file) throws IOException;

  /**
   * Opens a file, which is there, for writing whole blocks that pass over the system's cache of files.
   *
   * @throws UnsupportedOperationException if the file system cannot, and {@link IOException} where the system says so
   */
  FileChannel direct(Path file) throws IOException;

  /** From how many bytes on a file is written that way. */
  default long large() {
    return LARGE;
  }

  /** Opens a file for reading. An interrupt of the reader does not end it. */
  InputStream read(Path file) throws IOException;

  /** The type of the file system that holds a directory, as the system calls it, such as {@code ext4}. */
  String fileSystem(Path directory) throws IOException;

  /** Writes all remaining bytes at the channel's position. */
  void write(FileChannel file, ByteBuffer bytes) throws IOException;

  /** Returns once the file's bytes and length are on the medium. After a failure the file must not be trusted. */
  void sync(FileChannel file) throws IOException;

  /** Moves a file over another in one step. */
  void rename(Path from, Path to) throws IOException;

  /** Returns once the directory's entries are on the medium. */
  void syncDirectory(Path directory) throws IOException;

  /** Deletes a file if it is there. */
  void delete(Path file) throws IOException;

  /** Ends a database transaction; returns once it is on the medium. */
  void commit(Connection database) throws SQLException;

  /** Why an operation failed, in a few plain words on one line. */
  static String reason(Exception e) {
    String reason =
        switch (e) {
          case NoSuchFileException _ -> "no such file or directory";
          case ClosedByInterruptException _ -> "the thread was interrupted";
          case AccessDeniedException _ -> "permission denied";
          case FileAlreadyExistsException _ -> "a file of that name is in the way";
          case SQLiteException s -> reason(s);
          case FileSystemException f when f.getReason() != null -> f.getReason();
          default -> String.valueOf(e.getMessage());
        };
    return reason.replaceAll("\\s+", " ");
  }

  private static String reason(SQLiteException e) {
    return switch (e.getResultCode()) {
      case SQLITE_FULL -> "the disk or the database is full";
      case SQLITE_BUSY -> "the database is locked by another process for longer than it should be";
      case SQLITE_READONLY, SQLITE_READONLY_DIRECTORY, SQLITE_READONLY_CANTINIT -> "the database cannot be written";
      case SQLITE_CORRUPT -> "the database is damaged (" + e.getMessage() + ")";
      default -> String.valueOf(e.getMessage());
    };
  }
}
