package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/*
 * float16 has no numbers below 6e-8 and above 65,504, and fewer bits below 6e-5: scales and factors of a brick that was
 * hardly trained would be lost. So what is coded is
 *
 *   w / 2^e      e even, the largest |w| / 2^e in [1, 4)
 *
 * which changes no bit of codes and moves float16's exponents alone; square roots of it, as in factors, too, as e is even.
 */
/**
 * A coding of weights that were divided by a power of two, so that float16 holds scales of weights of any size.
 *
 * @param coding of the divided weights
 * @param exponent of the power of two, -127 to 127
 */
record Scaled(Coding coding, int exponent) implements Coding {

  /** The setting that holds the exponent, counted from {@link #LEAST}, as settings are not negative. */
  static final String EXPONENT = "exponent";
  private static final int LEAST = Float.MIN_EXPONENT - 1;

  /** Checks the range. */
  Scaled {
    if (exponent < LEAST || exponent > Float.MAX_EXPONENT) {
      throw new IllegalArgumentException(
          "expected an exponent of " + LEAST + " to " + Float.MAX_EXPONENT + ", found " + exponent);
    }
  }

  /** The coding of a file's settings; where they say nothing of an exponent, weights were coded as they are. */
  static Coding of(Coding coding, Map<String, Long> settings) {
    return settings.containsKey(EXPONENT) ? new Scaled(coding, BitStack.small(settings, EXPONENT) + LEAST) : coding;
  }

  /**
   * Codes weights as they are when divided.
   *
   * @param weights finite; they stay as they are
   * @param encode codes the divided ones, which are its own
   */
  static PackedTensor encode(float[] weights, Function<float[], PackedTensor> encode) {
    float largest = 0;
    for (float weight : weights) {
      largest = Math.max(largest, Math.abs(weight));
    }
    int exponent = largest == 0 ? 0 : Math.max(Float.MIN_EXPONENT, Math.getExponent(largest) & ~1);
    float[] divided = weights.clone();
    multiply(divided, -exponent);
    PackedTensor packed = encode.apply(divided);
    return new PackedTensor(new Scaled(packed.coding(), exponent), packed.shape(), packed.parts());
  }

  /** Multiplies numbers by a power of two. */
  static void multiply(float[] numbers, int exponent) {
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = Math.scalb(numbers[i], exponent);
    }
  }

  @Override
  public String name() {
    return coding.name();
  }

  @Override
  public Map<String, Long> settings() {
    var settings = new HashMap<>(coding.settings());
    settings.put(EXPONENT, (long) exponent - LEAST);
    return settings;
  }

  @Override
  public int least() {
    return coding.least();
  }

  @Override
  public int most() {
    return coding.most();
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    return coding.bytes(shape, part);
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    float[] weights = coding.decode(shape, parts).floats();
    multiply(weights, exponent);
    return TensorData.of(weights, shape.stream().mapToLong(Long::longValue).toArray());
  }
}
