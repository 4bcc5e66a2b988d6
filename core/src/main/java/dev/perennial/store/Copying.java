package dev.perennial.store;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/** Copies of files that are digested on their way, and made whole under another name first. */
final class Copying {
  private static final int CHUNK = 1 << 20;

  private Copying() {}

  /** Is told of bytes as they are read. */
  interface Meter {
    void read(long bytes);
  }

  /** What was copied. */
  record Copied(String sha256, long bytes) {}

  /**
   * Copies all of an open file to {@code file}, synced, under a temporary name until it is whole.
   *
   * @throws IOException if that failed; what was written is deleted
   */
  static Copied copy(FileChannel from, Path file, Disk disk, Meter meter) throws IOException {
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      var digest = new Sha256();
      long bytes = 0;
      try (FileChannel to = disk.create(temporary)) {
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        for (int length = from.read(chunk, 0); length >= 0; length = from.read(chunk, bytes)) {
          chunk.flip();
          digest.bytes(chunk.duplicate());
          disk.write(to, chunk);
          chunk.clear();
          bytes += length;
          meter.read(length);
        }
        disk.sync(to);
      }
      disk.rename(temporary, file);
      return new Copied(digest.hex(), bytes);
    } catch (IOException | RuntimeException e) {
      try {
        disk.delete(temporary);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw e;
    }
  }

  /** Reads a file in full. */
  static Copied digest(FileChannel file, Meter meter) throws IOException {
    var digest = new Sha256();
    long bytes = 0;
    ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
    for (int length = file.read(chunk, 0); length >= 0; length = file.read(chunk, bytes)) {
      digest.bytes(chunk.flip());
      chunk.clear();
      bytes += length;
      meter.read(length);
    }
    return new Copied(digest.hex(), bytes);
  }
}
