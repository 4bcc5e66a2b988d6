package dev.perennial.brick.format;

import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.perennial.FailureException;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.ValueLayout;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** Checks and widens the tensors of a brick. */
final class BrickTensors {

  /** What stands before the names of a model's modules. */
  static final String MODEL = "base_model.model.";

  private static final Set<Dtype> FLOATS = Set.of(Dtype.F32, Dtype.F16, Dtype.BF16);
  private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private BrickTensors() {}

  /**
   * The names of tensors in a file, which may be those within a model with a head.
   *
   * @param encoder what stands before an encoder's modules: {@code bert.}, or nothing
   */
  record Names(String encoder) {

    /** How the names of a file are made. */
    static Names of(Collection<String> names) {
      String within = MODEL + PeftConfig.ENCODER;
      return new Names(names.stream().anyMatch(name -> name.startsWith(within)) ? PeftConfig.ENCODER : "");
    }

    String inFile(String name) {
      return name.startsWith(MODEL) ? MODEL + encoder + name.substring(MODEL.length()) : name;
    }

    /** The tensors by the names that bricks have. */
    Map<String, TensorData> canonical(Map<String, TensorData> tensors, String where) {
      var canonical = new HashMap<String, TensorData>();
      tensors.forEach((name, data) -> {
        String within = MODEL + encoder;
        String own = !encoder.isEmpty() && name.startsWith(within) ? MODEL + name.substring(within.length()) : name;
        if (canonical.put(own, data) != null) {
          throw new FailureException(where + ": expected every tensor once, found " + own + " with and without " + encoder);
        }
      });
      return canonical;
    }
  }

  /**
   * Checks that tensors are those of a layout.
   *
   * @throws FailureException if one is missing, unexpected, of another shape or no floating point
   */
  static void check(Map<String, TensorData> found, Map<String, List<Long>> expected, String where) {
    expected.forEach((name, shape) -> {
      TensorData data = found.get(name);
      if (data == null) {
        throw new FailureException(
            where + ": expected a tensor " + name + " of shape " + shape + ", there is none of that name");
      }
      if (!data.shape().equals(shape) || !FLOATS.contains(data.dtype())) {
        throw new FailureException(where + ": expected the tensor " + name + " to be F32, F16 or BF16 of shape " + shape
            + ", found " + data);
      }
    });
    for (String name : new TreeMap<>(found).keySet()) {
      if (!expected.containsKey(name)) {
        throw new FailureException(where + ": expected the tensors of such a brick alone, found " + name
            + ", for which the backbone has no place or the config no module");
      }
    }
  }

  /** Copies of the tensors, widened to F32; not finite numbers are refused. */
  static Map<String, TensorData> floats(Map<String, TensorData> tensors, String where) {
    var floats = new TreeMap<String, TensorData>();
    tensors.forEach((name, data) -> floats.put(name, floats(name, data, where)));
    return floats;
  }

  static TensorData floats(String name, TensorData data, String where) {
    float[] values;
    if (data.dtype() == Dtype.F32) {
      values = data.floats();
    } else {
      values = new float[Math.toIntExact(data.data().byteSize() / Short.BYTES)];
      for (int i = 0; i < values.length; i++) {
        short bits = data.data().getAtIndex(SHORT, i);
        values[i] = data.dtype() == Dtype.BF16 ? Float.intBitsToFloat(bits << Short.SIZE) : Float.float16ToFloat(bits);
      }
    }
    for (int i = 0; i < values.length; i++) {
      if (!Float.isFinite(values[i])) {
        throw new FailureException(
            where + ": expected finite numbers in the tensor " + name + ", found " + values[i] + " at place " + i);
      }
    }
    return TensorData.of(values, data.shape().stream().mapToLong(Long::longValue).toArray());
  }

  /** How many numbers a file holds; only its header is read. */
  static long numbers(SafetensorsFile tensors) {
    return tensors.tensors().values().stream().mapToLong(data -> data.data().byteSize() * 8 / data.dtype().bits()).sum();
  }
}
