package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class MemoryTest {

  private static final int RUNS = 4000;

  @Test
  void reservoir_everyExample_isKeptWithTheSameProbability() {
    int[] kept = inclusions(12, 60, 0, Memory.Policy.RESERVOIR);
    assertEqualShares(kept, 0, 60, 12.0 / 60);
  }

  @Test
  void balanced_everyExampleOfAClass_isKeptWithTheSameProbability() {
    // 50 examples of class 0, then 5 each of two others, in a memory of 12: 12, then 4 to 5 of each.
    int[] kept = inclusions(12, 50, 5, Memory.Policy.BALANCED);
    double majority = 0;
    for (int i = 0; i < 50; i++) {
      majority += kept[i] / (double) RUNS;
    }
    assertEqualShares(kept, 0, 50, majority / 50);
    assertTrue(majority < 5, "kept of the majority: " + majority);
  }

  /** How often each of `majority` examples of a class and `others` of each of two more was kept, over many seeds. */
  private static int[] inclusions(int capacity, int majority, int others, Memory.Policy policy) {
    int[] kept = new int[majority + 2 * others];
    for (int run = 0; run < RUNS; run++) {
      var memory = new Memory(capacity, policy);
      var random = CounterRandom.of(run, 3);
      for (int i = 0; i < kept.length; i++) {
        int label = i < majority ? 0 : 1 + (i - majority) % 2;
        memory.offer(Example.of(Integer.toString(i), "class " + label), random);
      }
      assertEquals(capacity, memory.examples().size());
      memory.examples().forEach(example -> kept[Integer.parseInt(((Input.Text) example.input()).value())]++);
    }
    return kept;
  }

  private static void assertEqualShares(int[] kept, int from, int to, double probability) {
    double deviation = Math.sqrt(RUNS * probability * (1 - probability));
    double chiSquare = 0;
    for (int i = from; i < to; i++) {
      double off = (kept[i] - RUNS * probability) / deviation;
      assertTrue(Math.abs(off) < 5, "example " + i + " was kept " + kept[i] + " times of " + RUNS);
      chiSquare += off * off;
    }
    // 5 standard deviations of a chi-square with as many degrees of freedom.
    assertTrue(chiSquare < to - from + 5 * Math.sqrt(2.0 * (to - from)), "chi-square " + chiSquare);
  }

  @Test
  void balanced_rareClasses_keepAllTheyHave() {
    var memory = new Memory(20, Memory.Policy.BALANCED);
    var random = CounterRandom.of(1);
    for (int i = 0; i < 1000; i++) {
      memory.offer(Example.of("common " + i, "common"), random);
      if (i % 200 == 100) {
        memory.offer(Example.of("rare " + i, "rare"), random);
      }
    }
    var counts = new TreeMap<String, Integer>();
    memory.examples().forEach(example -> counts.merge(example.label(), 1, Integer::sum));
    assertEquals(new TreeMap<>(Map.of("common", 15, "rare", 5)), counts);
  }

  @ParameterizedTest
  @EnumSource(value = Memory.Policy.class, names = {"BALANCED", "GREEDY"})
  void balancedOrGreedy_equalStream_keepsEqualShares(Memory.Policy policy) {
    var memory = new Memory(30, policy);
    var random = CounterRandom.of(2);
    for (int label = 0; label < 6; label++) {
      for (int i = 0; i < 100; i++) {
        memory.offer(Example.of(label + "/" + i, "class " + label), random);
      }
    }
    var counts = new ArrayList<Integer>();
    for (int label = 0; label < 6; label++) {
      String name = "class " + label;
      counts.add((int) memory.examples().stream().filter(example -> example.label().equals(name)).count());
    }
    assertEquals(List.of(5, 5, 5, 5, 5, 5), counts);
  }

  @Test
  void draw_manyTimes_drawsEveryRowAsOftenAndNoneTwice() {
    var memory = new Memory(10, Memory.Policy.RESERVOIR);
    for (int i = 0; i < 10; i++) {
      memory.append(Sample.of(Example.of("row " + i, "class")));
    }
    var times = new TreeMap<String, Integer>();
    for (int run = 0; run < RUNS; run++) {
      var drawn = memory.draw(3, CounterRandom.of(run, 4)).stream().map(sample -> sample.example().input()).toList();
      assertEquals(3, Set.copyOf(drawn).size());
      drawn.forEach(input -> times.merge(input.toString(), 1, Integer::sum));
    }
    assertEquals(10, times.size());
    times.values().forEach(count ->
        assertTrue(Math.abs(count - 0.3 * RUNS) < 5 * Math.sqrt(RUNS * 0.3 * 0.7), "drawn " + count));
    assertEquals(10, memory.draw(11, CounterRandom.of(1)).size());
  }
}
