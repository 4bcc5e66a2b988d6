package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class EpochOrderTest {

  private static final List<Example> ROWS =
      IntStream.range(0, 23).mapToObj(i -> Example.of("row " + i, "c")).toList();

  @Test
  void batch_everyEpoch_hasEveryRowOnceInAnOrderOfItsOwn() {
    assertEquals(5, EpochOrder.steps(23, 5));
    var order = new EpochOrder(1, 0, 5);
    List<Example> first = epoch(order, 0);
    List<Example> second = epoch(order, 1);
    assertEquals(new HashSet<>(ROWS), new HashSet<>(first));
    assertEquals(23, first.size());
    assertEquals(new HashSet<>(ROWS), new HashSet<>(second));
    assertNotEquals(first, second);
    assertNotEquals(ROWS, first);
    assertEquals(3, order.batch(ROWS, 4).size());
  }

  @Test
  void batch_askedOutOfOrder_isTheSame() {
    var order = new EpochOrder(1, 2, 5);
    List<Example> later = order.batch(ROWS, 7);
    List<Example> earlier = order.batch(ROWS, 1);
    assertEquals(later, new EpochOrder(1, 2, 5).batch(ROWS, 7));
    assertEquals(earlier, order.batch(ROWS, 1));
    assertNotEquals(earlier, new EpochOrder(1, 3, 5).batch(ROWS, 1));
    assertNotEquals(earlier, new EpochOrder(2, 2, 5).batch(ROWS, 1));
  }

  private static List<Example> epoch(EpochOrder order, int epoch) {
    var rows = new ArrayList<Example>();
    for (long step = epoch * 5L; step < epoch * 5L + 5; step++) {
      rows.addAll(order.batch(ROWS, step));
    }
    return rows;
  }
}
