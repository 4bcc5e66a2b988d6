package dev.perennial.server.http;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;

/** A body that has to come in time: its reads fail with {@link SocketTimeoutException} once it has taken too long. */
final class TimedBody extends FilterInputStream {

  private final Duration most;
  private long end;

  TimedBody(InputStream in, Duration most) {
    super(in);
    this.most = most;
    this.end = System.nanoTime() + most.toNanos();
  }

  /** The time begins anew: what came until now stands for itself. */
  void again() {
    end = System.nanoTime() + most.toNanos();
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] bytes, int from, int length) throws IOException {
    if (System.nanoTime() > end) {
      throw new SocketTimeoutException("the body took too long");
    }
    try {
      return super.read(bytes, from, length);
    } catch (UncheckedIOException e) {
      throw e.getCause();
    } catch (RuntimeException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IOException("the body ended early: " + e.getMessage(), e);
    }
  }
}
