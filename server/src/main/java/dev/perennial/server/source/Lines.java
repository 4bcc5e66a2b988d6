package dev.perennial.server.source;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Lines of bytes, of which none is held longer than a limit; what ends in the middle of a line is a line too. */
final class Lines implements AutoCloseable {

  private static final int CHUNK = 1 << 16;

  private final InputStream input;
  private final int most;
  private final byte[] chunk = new byte[CHUNK];
  private int from;
  private int to;

  /**
   * A line.
   *
   * @param bytes without its end; the first of them where it is too long
   * @param length of the whole line
   */
  record Line(byte[] bytes, long length) {}

  /** @param most bytes of a line to hold */
  Lines(InputStream input, int most) {
    this.input = input;
    this.most = most;
  }

  /** The next one; null at the end. A carriage return at its end is not part of it. */
  @Nullable Line next() throws IOException {
    var held = new ByteArrayOutputStream();
    long length = 0;
    boolean any = false;
    while (true) {
      if (from == to) {
        to = input.read(chunk);
        from = 0;
        if (to < 0) {
          to = 0;
          return any ? line(held, length) : null;
        }
      }
      any |= to > from;
      int end = from;
      while (end < to && chunk[end] != '\n') {
        end++;
      }
      int room = (int) Math.min(end - from, Math.max(0, most + 1L - held.size()));
      held.write(chunk, from, room);
      length += end - from;
      from = end;
      if (end < to) {
        from++;
        return line(held, length);
      }
    }
  }

  private static Line line(ByteArrayOutputStream held, long length) {
    byte[] bytes = held.toByteArray();
    if (bytes.length == length && length > 0 && bytes[bytes.length - 1] == '\r') {
      return new Line(Arrays.copyOf(bytes, bytes.length - 1), length - 1);
    }
    return new Line(bytes, length);
  }

  @Override
  public void close() throws IOException {
    input.close();
  }
}
