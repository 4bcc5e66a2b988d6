package dev.perennial.data;

import dev.perennial.FailureException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** A file to read from, decompressed where its name ends in .gz. */
final class SourceFile {

  private static final int BUFFER = 1 << 16;
  private static final int[] BYTE_ORDER_MARK = {0xEF, 0xBB, 0xBF};

  private SourceFile() {}

  static boolean isGzip(Path path) {
    return path.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
  }

  /** The bytes of a file. */
  static InputStream open(Path path) throws IOException {
    var raw = Files.newInputStream(path);
    try {
      return new BufferedInputStream(isGzip(path) ? new GZIPInputStream(raw, BUFFER) : raw, BUFFER);
    } catch (IOException e) {
      raw.close();
      throw e;
    }
  }

  /** The bytes of a text file, after its byte order mark if it has one. */
  static InputStream openText(Path path) throws IOException {
    var in = open(path);
    try {
      in.mark(BYTE_ORDER_MARK.length);
      for (int expected : BYTE_ORDER_MARK) {
        if (in.read() != expected) {
          in.reset();
          break;
        }
      }
      return in;
    } catch (IOException e) {
      in.close();
      throw e;
    }
  }

  /** The one line that says that a file broke off, or may not be read. */
  static FailureException unreadable(Path path, IOException cause) {
    var reason = cause instanceof AccessDeniedException
        ? "permission denied"
        : Objects.requireNonNullElse(cause.getMessage(), cause.getClass().getSimpleName());
    return new FailureException(
        "cannot read " + path + ": " + reason + "; check that it is whole and may be read", cause);
  }
}
