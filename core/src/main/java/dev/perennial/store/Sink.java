package dev.perennial.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A channel that sums up and counts what it passes on. */
final class Sink implements WritableByteChannel {

  /** Where the bytes go; takes all that remain. */
  interface Target {
    void write(ByteBuffer bytes) throws IOException;
  }

  private final Target target;
  private final @Nullable Sha256 digest;
  private final CRC32C checksum = new CRC32C();
  private long bytes;

  private Sink(Target target, @Nullable Sha256 digest) {
    this.target = target;
    this.digest = digest;
  }

  /** One that digests and passes nothing on. */
  static Sink digesting(Sha256 digest) {
    return new Sink(bytes -> {}, digest);
  }

  /** One that passes on, and makes no more than the checksum, which costs next to nothing. */
  static Sink to(Target target) {
    return new Sink(target, null);
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    int length = source.remaining();
    target.write(source.duplicate());
    if (digest != null) {
      digest.bytes(source.duplicate());
    }
    checksum.update(source);
    bytes += length;
    return length;
  }

  /** CRC-32C of all that was written. */
  long checksum() {
    return checksum.getValue();
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
