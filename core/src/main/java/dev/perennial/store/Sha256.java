package dev.perennial.store;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.LongConsumer;

/** A SHA-256 digest in the making, over numbers, texts and memory. */
final class Sha256 {
  private static final int CHUNK = 1 << 20;
  private static final int PIECE = 1 << 16;

  private final MessageDigest digest;

  Sha256() {
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }

  /**
   * The digest of all that a stream still gives.
   *
   * @param read hears how many bytes were read, again and again
   */
  static String of(InputStream in, LongConsumer read) throws IOException {
    var digest = new Sha256();
    var chunk = new byte[CHUNK];
    for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
      digest.digest.update(chunk, 0, length);
      read.accept(length);
    }
    return digest.hex();
  }

  /** Adds 8 little-endian bytes. */
  Sha256 number(long number) {
    digest.update(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(number).flip());
    return this;
  }

  /** Adds the length of the text's UTF-8 bytes as a number, then the bytes. */
  Sha256 text(String text) {
    byte[] bytes = text.getBytes(UTF_8);
    number(bytes.length);
    digest.update(bytes);
    return this;
  }

  /** Adds the buffer's remaining bytes; those outside Java's heap by way of a piece that fits a processor's cache. */
  Sha256 bytes(ByteBuffer bytes) {
    if (bytes.hasArray()) {
      digest.update(bytes);
      return this;
    }
    var piece = new byte[Math.min(PIECE, bytes.remaining())];
    while (bytes.hasRemaining()) {
      int length = Math.min(piece.length, bytes.remaining());
      bytes.get(piece, 0, length);
      digest.update(piece, 0, length);
    }
    return this;
  }

  /** Adds the segment's bytes. */
  Sha256 bytes(MemorySegment bytes) {
    var chunk = new byte[(int) Math.min(CHUNK, bytes.byteSize())];
    for (long from = 0; from < bytes.byteSize(); from += chunk.length) {
      int length = (int) Math.min(chunk.length, bytes.byteSize() - from);
      MemorySegment.copy(bytes, JAVA_BYTE, from, chunk, 0, length);
      digest.update(chunk, 0, length);
    }
    return this;
  }

  /** The digest, 64 lower-case hexadecimal digits; ends this object's use. */
  String hex() {
    return HexFormat.of().formatHex(digest.digest());
  }
}
