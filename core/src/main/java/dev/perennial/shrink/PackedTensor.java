package dev.perennial.shrink;

import dev.perennial.tensor.TensorData;
import java.util.List;

/**
 * A tensor in parts, the first of which are the most important ones.
 *
 * @param coding how it is laid out
 * @param shape of it
 * @param parts as many as were made; never changed
 */
record PackedTensor(Coding coding, List<Long> shape, List<byte[]> parts) {

  /** Copies the lists, and checks sizes. */
  PackedTensor {
    shape = List.copyOf(shape);
    parts = List.copyOf(parts);
    if (parts.size() < coding.least() || parts.size() > coding.most()) {
      throw new IllegalArgumentException("expected " + coding.least() + " to " + coding.most() + " parts, got " + parts.size());
    }
    for (int part = 0; part < parts.size(); part++) {
      if (parts.get(part).length != coding.bytes(shape, part)) {
        throw new IllegalArgumentException("expected " + coding.bytes(shape, part) + " bytes in part " + part + ", got "
            + parts.get(part).length);
      }
    }
  }

  /** A tensor as it is. */
  static PackedTensor plain(TensorData data) {
    return PlainCoding.of(data);
  }

  /** The tensor that all parts make up. */
  TensorData decode() {
    return decode(parts.size());
  }

  /** The tensor that the first parts make up. */
  TensorData decode(int count) {
    return coding.decode(shape, parts.subList(0, count));
  }

  /** The same with the first parts alone. */
  PackedTensor first(int count) {
    return new PackedTensor(coding, shape, parts.subList(0, count));
  }

  /** How often there is as much as it cannot do without: blocks of every chunk, or planes. */
  int levels() {
    return (parts.size() - 1) / coding.least() + 1;
  }

  /** Parts of a level, from 0. */
  int partsOf(int level) {
    return Math.clamp((long) parts.size() - (long) level * coding.least(), 0, coding.least());
  }

  /** The tensor that so many levels make up. */
  TensorData decodeLevels(int levels) {
    return decode(Math.min(parts.size(), levels * coding.least()));
  }

  /** Numbers in it. */
  long numbers() {
    return shape.stream().reduce(1L, Math::multiplyExact);
  }

  /** Bytes of the first parts. */
  long bytes(int count) {
    return parts.subList(0, count).stream().mapToLong(part -> part.length).sum();
  }
}
