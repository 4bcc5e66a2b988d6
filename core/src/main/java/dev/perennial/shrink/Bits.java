package dev.perennial.shrink;

/** Bits in bytes: the first is the highest of the first byte, and the last byte is filled up with zeros. */
final class Bits {

  private Bits() {}

  /** Bytes that so many bits take. */
  static long bytes(long bits) {
    return (bits + 7) / 8;
  }

  /** Puts a 1 at a place of bytes that were zeros. */
  static void set(byte[] bytes, int offset, int place) {
    bytes[offset + (place >>> 3)] |= (byte) (0x80 >>> (place & 7));
  }

  /** Whether there is a 1. */
  static boolean get(byte[] bytes, int offset, int place) {
    return (bytes[offset + (place >>> 3)] & 0x80 >>> (place & 7)) != 0;
  }

  /** Puts a number as float16, little-endian. */
  static void putHalf(byte[] bytes, int offset, float value) {
    short half = Float.floatToFloat16(value);
    bytes[offset] = (byte) half;
    bytes[offset + 1] = (byte) (half >>> 8);
  }

  /** The float16 at a place. */
  static float half(byte[] bytes, int offset) {
    return Float.float16ToFloat((short) (bytes[offset] & 0xff | bytes[offset + 1] << 8));
  }

  /** The float16 numbers from a place on. */
  static float[] halves(byte[] bytes, int offset, int count) {
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = half(bytes, offset + 2 * i);
    }
    return values;
  }
}
