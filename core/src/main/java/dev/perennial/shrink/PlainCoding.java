package dev.perennial.shrink;

import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Map;

/** A tensor as it is. */
record PlainCoding(Dtype dtype) implements Coding {

  static final String NAME = "plain";

  static PackedTensor of(TensorData data) {
    return new PackedTensor(
        new PlainCoding(data.dtype()), data.shape(), List.of(data.data().toArray(ValueLayout.JAVA_BYTE)));
  }

  /** The coding of a file's settings. */
  static PlainCoding of(Map<String, Long> settings) {
    long place = settings.getOrDefault("type", -1L);
    if (place < 0 || place >= Dtype.values().length) {
      throw new IllegalArgumentException("expected a type from 0 to " + (Dtype.values().length - 1) + ", found " + place);
    }
    return new PlainCoding(Dtype.values()[(int) place]);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Map<String, Long> settings() {
    return Map.of("type", (long) dtype.ordinal());
  }

  @Override
  public long bytes(List<Long> shape, int part) {
    return TensorData.byteSize(dtype, shape);
  }

  @Override
  public TensorData decode(List<Long> shape, List<byte[]> parts) {
    return TensorData.ofBytes(dtype, parts.getFirst(), shape.stream().mapToLong(Long::longValue).toArray());
  }
}
