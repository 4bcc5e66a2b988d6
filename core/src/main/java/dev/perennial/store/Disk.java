package dev.perennial.store;

import java.io.IOException;
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

/** The operations on which durability rests: the places where a crash or a failing disk can come in between. */
interface Disk {

  /** Opens an empty file for writing, over whatever was there. */
  FileChannel create(Path file) throws IOException;

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
          case FileSystemException f when f.getReason() != null -> f.getReason();
          default -> String.valueOf(e.getMessage());
        };
    return reason.replaceAll("\\s+", " ");
  }
}
