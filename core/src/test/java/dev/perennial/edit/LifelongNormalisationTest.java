package dev.perennial.edit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class LifelongNormalisationTest {

  private static final int COLUMNS = 3;

  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static double[] rows(int count) {
    var random = CounterRandom.of(4);
    double[] rows = new double[count * COLUMNS];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = 100 * (i % COLUMNS) + (1 + i % COLUMNS) * random.gaussian(i);
    }
    return rows;
  }

  @Test
  void add_turnsOfAnySize_givesTheStatisticsOfAllRowsAtOnce() {
    double[] all = rows(23);
    double[] mean = new double[COLUMNS];
    double[] deviation = new double[COLUMNS];
    for (int i = 0; i < all.length; i++) {
      mean[i % COLUMNS] += all[i] / 23;
    }
    for (int i = 0; i < all.length; i++) {
      deviation[i % COLUMNS] += Math.pow(all[i] - mean[i % COLUMNS], 2) / 22;
    }
    var normalisation = new LifelongNormalisation(COLUMNS);
    int from = 0;
    for (int turn : new int[] {1, 5, 10, 7}) {
      normalisation.add(Tensors.doubles(Arrays.copyOfRange(all, from * COLUMNS, (from + turn) * COLUMNS), turn, COLUMNS));
      from += turn;
    }
    assertEquals(23, normalisation.rows());
    assertArrayEquals(mean, normalisation.mean(), 1e-10);
    assertArrayEquals(Arrays.stream(deviation).map(Math::sqrt).toArray(), normalisation.deviations(), 1e-10);
    double[] last = Arrays.copyOfRange(all, 22 * COLUMNS, all.length);
    double[] expected = new double[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
      expected[i] = (last[i] - mean[i]) / Math.sqrt(deviation[i]);
    }
    assertArrayEquals(expected, Tensors.toDoubles(normalisation.apply(Tensors.doubles(last, 1, COLUMNS))), 1e-10);
  }

  @Test
  void of_whatWasKept_goesOnToTheSameBits() {
    var straight = new LifelongNormalisation(COLUMNS);
    var first = new LifelongNormalisation(COLUMNS);
    straight.add(Tensors.doubles(rows(6), 6, COLUMNS));
    first.add(Tensors.doubles(rows(6), 6, COLUMNS));
    var second = LifelongNormalisation.of(first.statistics(), first.rows());
    straight.add(Tensors.doubles(rows(4), 4, COLUMNS));
    second.add(Tensors.doubles(rows(4), 4, COLUMNS));
    assertArrayEquals(straight.mean(), second.mean());
    assertArrayEquals(straight.deviations(), second.deviations());
  }

  @Test
  void apply_columnThatDoesNotVary_isLeftAtItsScale() {
    var normalisation = new LifelongNormalisation(2);
    normalisation.add(Tensors.doubles(new double[] {5, 1, 5, 3}, 2, 2));
    assertArrayEquals(new double[] {0.25, Math.sqrt(0.5)},
        Tensors.toDoubles(normalisation.apply(Tensors.doubles(new double[] {5.25, 3}, 1, 2))), 1e-12);
  }
}
