package dev.perennial.cli;

import dev.perennial.brick.SavedBrick;
import dev.perennial.shrink.Packed;
import dev.perennial.tensor.TensorData;
import java.nio.file.Path;
import java.util.Locale;
import java.util.SortedMap;

/**
 * What became of a brick that was made smaller.
 *
 * @param name of the version that was added
 * @param store where it is
 * @param bytesBefore of its matrices, float32
 * @param bytes of them now
 * @param bitsPerWeight of them now, everything counted in
 * @param error length of what they differ by, as a share of their length
 */
record SmallerBrick(String name, String store, long bytesBefore, long bytes, double bitsPerWeight, double error) {

  static SmallerBrick of(String name, Path store, SavedBrick before, Packed packed) {
    SortedMap<String, TensorData> decoded = packed.decode();
    double difference = 0;
    double length = 0;
    long numbers = 0;
    for (var tensor : decoded.entrySet()) {
      TensorData old = before.tensors().get(tensor.getKey());
      float[] now = tensor.getValue().floats();
      float[] then = old == null ? new float[now.length] : old.floats();
      for (int i = 0; i < now.length; i++) {
        difference += Math.pow(now[i] - then[i], 2);
        length += Math.pow(then[i], 2);
      }
      numbers += now.length;
    }
    return new SmallerBrick(name, store.toString(), Float.BYTES * numbers, packed.bytes(), packed.bitsPerWeight(),
        length == 0 ? 0 : Math.sqrt(difference / length));
  }

  void print(Console console, boolean json) {
    console.out().println(json
        ? Json.pretty(this)
        : String.format(Locale.ROOT, "brick %s is in the library of %s: %,d bytes for matrices of %,d, %.2f bits a number,"
            + " relative error %.4f", name, store, bytes, bytesBefore, bitsPerWeight, error));
    console.out().flush();
  }
}
