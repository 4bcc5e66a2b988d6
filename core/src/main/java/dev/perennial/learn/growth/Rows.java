package dev.perennial.learn.growth;

import dev.perennial.stream.Experience;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;

/**
 * The rows of an experience as the backbone alone sees them.
 *
 * @param experience whose training rows they are
 * @param frozen their features, {@code [rows, width]}
 * @param labels the numbers of their classes
 */
record Rows(Experience experience, Tensor frozen, long[] labels) {

  /** The means of their classes, in the order in which those come, {@code [classes, width]}. */
  Tensor means() {
    var rowsOf = new LinkedHashMap<Long, List<Long>>();
    for (int row = 0; row < labels.length; row++) {
      rowsOf.computeIfAbsent(labels[row], label -> new ArrayList<>()).add((long) row);
    }
    Tensor[] means = rowsOf.values().stream()
        .map(own -> Tensors.rows(frozen, own.stream().mapToLong(Long::longValue).toArray())
            .mean(new long[] {0}, true, new ScalarTypeOptional()))
        .toArray(Tensor[]::new);
    return Tensors.concat(0, means);
  }
}
