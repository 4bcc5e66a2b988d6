package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.jspecify.annotations.Nullable;

final class AnalyticHeadPropertyTest {

  private static final int FEATURES = 17;
  private static final int ROWS = 80;
  private static final RidgeRows DATA = RidgeRows.of(FEATURES, ROWS, 5);
  private static final double[] SOLVED = DATA.solved(0.02);

  private static @Nullable Workers workers;

  @BeforeContainer
  static void open() {
    workers = new Workers(2);
  }

  @AfterContainer
  static void close() {
    if (workers != null) {
      workers.close();
    }
  }

  @Property(tries = 40)
  void solution_anyOrderAndAnySplit_isThatOfJointRidge(@ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int most) {
    if (workers == null) {
      throw new AssertionError("the workers are started before the first property");
    }
    var random = CounterRandom.of(seed);
    int[] order = random.permutation(ROWS);
    try (TensorScope scope = TensorScope.inference(); var head = new AnalyticHead(FEATURES, 0.02, workers)) {
      head.grow(5);
      for (int start = 0; start < ROWS; ) {
        int end = Math.min(ROWS, start + 1 + random.below(1000 + start, most));
        int[] members = Arrays.copyOfRange(order, start, end);
        float[] inputs = new float[members.length * FEATURES];
        for (int i = 0; i < members.length; i++) {
          System.arraycopy(DATA.inputs(), members[i] * FEATURES, inputs, i * FEATURES, FEATURES);
        }
        long[] labels = Arrays.stream(members).mapToLong(row -> DATA.labels()[row]).toArray();
        head.add(Tensors.floats(inputs, members.length, FEATURES), labels);
        start = end;
      }
      assertEquals(ROWS, head.rows());
      assertTrue(RidgeRows.relativeDifference(SOLVED, Tensors.toDoubles(head.solution())) <= 1e-9);
    }
  }
}
