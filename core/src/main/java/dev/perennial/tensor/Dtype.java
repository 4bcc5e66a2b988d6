package dev.perennial.tensor;

/**
 * The type of a tensor's elements, under the names that safetensors files use.
 *
 * <p>The constants stand in ascending alignment order: a safetensors file holds its tensors in the reverse of this
 * order. Source: the reference implementation, {@code safetensors/src/tensor.rs}.
 */
public enum Dtype {
  /** A truth value in a byte: 0 or 1. */
  BOOL(8),
  /** 4-bit floating point, two to a byte. */
  F4(4),
  /** 6-bit floating point: 2 bits of exponent, 3 of mantissa. */
  F6_E2M3(6),
  /** 6-bit floating point: 3 bits of exponent, 2 of mantissa. */
  F6_E3M2(6),
  /** Unsigned integer of 8 bits. */
  U8(8),
  /** Signed integer of 8 bits. */
  I8(8),
  /** 8-bit floating point: 5 bits of exponent, 2 of mantissa. */
  F8_E5M2(8),
  /** 8-bit floating point: 4 bits of exponent, 3 of mantissa. */
  F8_E4M3(8),
  /** 8-bit scale: 8 bits of exponent. */
  F8_E8M0(8),
  /** As {@link #F8_E4M3}, finite, one NaN and no negative zero. */
  F8_E4M3FNUZ(8),
  /** As {@link #F8_E5M2}, finite, one NaN and no negative zero. */
  F8_E5M2FNUZ(8),
  /** Signed integer of 16 bits. */
  I16(16),
  /** Unsigned integer of 16 bits. */
  U16(16),
  /** IEEE half precision. */
  F16(16),
  /** The upper half of an {@link #F32}. */
  BF16(16),
  /** Signed integer of 32 bits. */
  I32(32),
  /** Unsigned integer of 32 bits. */
  U32(32),
  /** IEEE single precision. */
  F32(32),
  /** A complex number of two {@link #F32}. */
  C64(64),
  /** IEEE double precision. */
  F64(64),
  /** Signed integer of 64 bits. */
  I64(64),
  /** Unsigned integer of 64 bits. */
  U64(64);

  private final int bits;

  Dtype(int bits) {
    this.bits = bits;
  }

  /** Bits that one element takes: 4 to 64. */
  public int bits() {
    return bits;
  }
}
