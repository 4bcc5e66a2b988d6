package dev.perennial.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class RankAreaPropertyTest {

  @Property(tries = 200)
  void of_anyScoresWithTies_isTheShareOfPairsInOrder(
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 0, max = 9) Integer> inside,
      @ForAll @Size(min = 1, max = 20) List<@IntRange(min = 0, max = 9) Integer> outside) {
    double wins = 0;
    for (int in : inside) {
      for (int out : outside) {
        wins += in > out ? 1 : in == out ? 0.5 : 0;
      }
    }
    assertEquals(wins / (inside.size() * outside.size()), RankArea.of(
        inside.stream().mapToDouble(score -> score).toArray(), outside.stream().mapToDouble(score -> score).toArray()),
        1e-12);
  }

  @Example
  void of_noRows_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> RankArea.of(new double[] {1}, new double[0]));
    assertThrows(IllegalArgumentException.class, () -> RankArea.of(new double[0], new double[] {1}));
  }
}
