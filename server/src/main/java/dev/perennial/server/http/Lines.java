package dev.perennial.server.http;

import dev.perennial.server.Refused;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/** The lines of a streamed body, of a bounded length each; blank ones are left out. */
final class Lines {

  private final TimedBody body;
  private final InputStream in;
  private final int mostBytes;
  private int number;
  private boolean ended;

  /**
   * A line.
   *
   * @param number from 1, blank lines counted
   * @param bytes without its end
   */
  record Line(int number, byte[] bytes) {}

  Lines(TimedBody body, int mostBytes) {
    this.body = body;
    this.in = new BufferedInputStream(body, 1 << 16);
    this.mostBytes = mostBytes;
  }

  /** The next lines, so many at most; none at the end. */
  List<Line> next(int most) {
    var lines = new ArrayList<Line>();
    body.again();
    try {
      while (!ended && lines.size() < most) {
        byte[] bytes = line();
        if (!isBlank(bytes)) {
          lines.add(new Line(number, bytes));
        }
      }
    } catch (IOException e) {
      throw Call.broken(e);
    }
    return lines;
  }

  private byte[] line() throws IOException {
    number++;
    var line = new ByteArrayOutputStream();
    while (true) {
      int next = in.read();
      if (next < 0) {
        ended = true;
        return line.toByteArray();
      }
      if (next == '\n') {
        return line.toByteArray();
      }
      line.write(next);
      if (line.size() > mostBytes) {
        throw new Refused(Refused.Reason.TOO_LARGE,
            "expected lines of at most " + mostBytes + " bytes, got a longer one as line " + number + ": send less a line");
      }
    }
  }

  private static boolean isBlank(byte[] bytes) {
    for (byte each : bytes) {
      if (each != ' ' && each != '\t' && each != '\r') {
        return false;
      }
    }
    return true;
  }
}
