package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;

/*
 * One part: a bit for every number row by row, 1 where it is not 0, and then those numbers, float32, little-endian.
 */
/**
 * A matrix with many zeros, without them; the others are as they were.
 *
 * @param values numbers that are not 0
 */
record SparseCoding(int values) implements Coding {

  static final String NAME = "sparse";

  /** Leaves the zeros of a matrix out. */
  static PackedTensor encode(float[] weights, int rows, int columns) {
    int values = 0;
    for (float weight : weights) {
      values += weight == 0 ? 0 : 1;
    }
    int mask = Math.toIntExact(Bits.bytes(weights.length));
    var buffer = ByteBuffer.allocate(mask + Float.BYTES * values).order(ByteOrder.LITTLE_ENDIAN).position(mask);
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] != 0) {
        Bits.set(buffer.array(), 0, i);
        buffer.putFloat(weights[i]);
      }
    }
    return new PackedTensor(
        new SparseCoding(values), List.of((long) rows, (long) columns), List.of(buffer.array()));
  }

  /** The coding of a file's settings. */
  static SparseCoding of(Map<String, Long> settings) {
    return new SparseCoding(BitStack.small(settings, "values"));
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Long> settings() {
    return Map.of("values", (long) values);
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    int size = Coding.size(shape);
    if (values > size) {
      throw new IllegalArgumentException("expected at most " + size + " values, found " + values);
    }
    return Bits.bytes(size) + (long) Float.BYTES * values;
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    float[] weights = new float[Coding.size(shape)];
    byte[] part = parts.getFirst();
    var buffer = ByteBuffer.wrap(part).order(ByteOrder.LITTLE_ENDIAN)
        .position(Math.toIntExact(Bits.bytes(weights.length)));
    for (int i = 0; i < weights.length; i++) {
      if (Bits.get(part, 0, i)) {
        if (!buffer.hasRemaining()) {
          throw new IllegalArgumentException("expected " + values + " bits in the mask, found more");
        }
        weights[i] = buffer.getFloat();
      }
    }
    if (buffer.hasRemaining()) {
      throw new IllegalArgumentException("expected " + values + " bits in the mask, found fewer");
    }
    return TensorData.of(weights, shape.stream().mapToLong(Long::longValue).toArray());
  }
}
