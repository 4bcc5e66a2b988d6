package dev.perennial.data;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A strict decoder for pieces of a file.
 *
 * <p>A file is cut into lines or cells while each byte still stands for one character (ISO 8859-1 says which): every
 * byte of a longer UTF-8 sequence is 128 or more, so separators and quotes are found just the same. Then each piece is
 * decoded by itself, and one bad byte costs one row, not the file.
 */
final class Utf8 {

  private Utf8() {}

  /** The text whose UTF-8 bytes are given as characters 0 to 255; null where they are not UTF-8. */
  static @Nullable String decode(String bytes) {
    return bytes.chars().allMatch(c -> c < 128) ? bytes : decode(bytes.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** The text of UTF-8 bytes; null where they are not UTF-8. */
  static @Nullable String decode(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException notUtf8) {
      return null;
    }
  }
}
