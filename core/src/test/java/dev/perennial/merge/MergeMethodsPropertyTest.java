package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.bytedeco.pytorch.global.torch;

/** What holds of every method that draws nothing, whatever is merged. */
final class MergeMethodsPropertyTest {

  private static final String[] SYMMETRIC = {"average", "linear", "task_arithmetic", "ties", "magnitude_prune",
      "breadcrumbs", "breadcrumbs_ties", "pcb"};

  @Property(tries = 40)
  void merge_modelsInAnotherOrder_isTheSame(@ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 2, max = 5) int models, @ForAll @IntRange(min = 1, max = 30) int size,
      @ForAll @IntRange(min = 0, max = 7) int method) {
    LibTorch.load();
    double[][] changes = new double[models][size];
    double[][] reversed = new double[models][];
    for (int i = 0; i < models; i++) {
      var random = CounterRandom.of(seed, i);
      Arrays.setAll(changes[i], random::gaussian);
      reversed[models - 1 - i] = changes[i];
    }
    try (TensorScope scope = TensorScope.inference()) {
      assertArrayEquals(MergeMethodsTest.merged(SYMMETRIC[method], changes, Map.of(), Map.of()),
          MergeMethodsTest.merged(SYMMETRIC[method], reversed, Map.of(), Map.of()), 1e-9);
    }
  }

  @Property(tries = 40)
  void merge_oneModelWithUsualNumbers_isThatModel(@ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 1, max = 60) int size, @ForAll @IntRange(min = 0, max = 6) int method) {
    LibTorch.load();
    double[] change = new double[size];
    Arrays.setAll(change, CounterRandom.of(seed)::gaussian);
    try (TensorScope scope = TensorScope.inference()) {
      assertArrayEquals(change, MergeMethodsTest.merged(SYMMETRIC[method], new double[][] {change}, Map.of(), Map.of()), 1e-12);
    }
  }

  @Property(tries = 60)
  void largest_equalMagnitudes_areThoseThatAStableSortPutsFirst(@ForAll @LongRange(min = 0, max = 1000) long seed,
      @ForAll @IntRange(min = 1, max = 40) int size, @ForAll @IntRange(min = 0, max = 40) int count) {
    LibTorch.load();
    int kept = Math.min(count, size);
    double[] values = new double[size];
    Arrays.setAll(values, i -> CounterRandom.of(seed).below(i, 7) - 3);
    Integer[] order = IntStream.range(0, size).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> -Math.abs(values[i])));
    double[] expected = new double[size];
    Arrays.stream(order).limit(kept).forEach(i -> expected[i] = 1);
    try (TensorScope scope = TensorScope.inference()) {
      assertArrayEquals(expected,
          Tensors.toDoubles(Ties.largest(Tensors.doubles(values, size), kept).to(torch.ScalarType.Double)));
    }
  }
}
