package dev.perennial.restart;

import static java.lang.foreign.ValueLayout.JAVA_DOUBLE_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/**
 * A look at a learner's state for numbers that are none: a loss that was not finite leaves gradients that are not, and
 * these parameters that are not.
 */
public final class Finite {

  private static final ValueLayout.OfFloat F32 = JAVA_FLOAT_UNALIGNED.withOrder(LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble F64 = JAVA_DOUBLE_UNALIGNED.withOrder(LITTLE_ENDIAN);

  private Finite() {}

  /** The first tensor with a number that is infinite or none, as {@code part/tensor}. O(bytes). */
  public static Optional<String> broken(List<StatePart> state) {
    for (StatePart part : state) {
      for (var tensor : part.tensors().entrySet()) {
        if (!isFinite(tensor.getValue())) {
          return Optional.of(part.name() + "/" + tensor.getKey());
        }
      }
    }
    return Optional.empty();
  }

  /** Nothing times a number is 0, but where that is infinite or none: so the sum over all is 0, or none. */
  private static boolean isFinite(TensorData tensor) {
    MemorySegment data = tensor.data();
    double sum = 0;
    switch (tensor.dtype()) {
      case F32 -> {
        for (long at = 0; at < data.byteSize(); at += Float.BYTES) {
          sum += 0 * data.get(F32, at);
        }
      }
      case F64 -> {
        for (long at = 0; at < data.byteSize(); at += Double.BYTES) {
          sum += 0 * data.get(F64, at);
        }
      }
      default -> {
        return true;
      }
    }
    return sum == 0;
  }
}
