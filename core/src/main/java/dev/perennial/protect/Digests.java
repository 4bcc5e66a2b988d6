package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** SHA-256 of memory. */
final class Digests {

  /** Bytes of a digest. */
  static final int BYTES = 32;

  private static final int CHUNK = 1 << 20;

  private Digests() {}

  static byte[] of(MemorySegment bytes) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
    byte[] chunk = new byte[(int) Math.min(CHUNK, bytes.byteSize())];
    for (long at = 0; at < bytes.byteSize(); at += chunk.length) {
      int length = (int) Math.min(chunk.length, bytes.byteSize() - at);
      MemorySegment.copy(bytes, JAVA_BYTE, at, chunk, 0, length);
      digest.update(chunk, 0, length);
    }
    return digest.digest();
  }
}
