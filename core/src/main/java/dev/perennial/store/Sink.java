package dev.perennial.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;

/** A channel that digests and counts what it passes on. */
final class Sink implements WritableByteChannel {

  /** Where the bytes go; takes all that remain. */
  interface Target {
    void write(ByteBuffer bytes) throws IOException;
  }

  private final Target target;
  private final Sha256 digest = new Sha256();
  private long bytes;

  Sink(Target target) {
    this.target = target;
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    int length = source.remaining();
    target.write(source.duplicate());
    digest.bytes(source);
    bytes += length;
    return length;
  }

  /** SHA-256 of all that was written; asked once, at the end. */
  String sha256() {
    return digest.hex();
  }

  long bytes() {
    return bytes;
  }

  @Override
  public boolean isOpen() {
    return true;
  }

  @Override
  public void close() {
    // The target is the caller's.
  }
}
