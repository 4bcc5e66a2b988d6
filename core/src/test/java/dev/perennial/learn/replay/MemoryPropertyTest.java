package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class MemoryPropertyTest {

  @Property(tries = 300)
  void offer_anyStream_keepsWhatItMust(
      @ForAll @Size(max = 120) List<@IntRange(max = 6) Integer> labels,
      @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll Memory.Policy policy, @ForAll long seed) {
    var memory = new Memory(capacity, policy);
    offer(memory, labels, 0, labels.size(), seed);
    if (policy == Memory.Policy.GREEDY) {
      assertTrue(memory.size() <= capacity);
    } else {
      assertEquals(Math.min(capacity, labels.size()), memory.size());
    }
    assertEquals(labels.size(), memory.seen());
    var kept = new HashSet<>(memory.examples());
    assertEquals(memory.size(), kept.size(), "an example is kept once");
    var counts = new HashMap<String, Long>();
    kept.forEach(example -> counts.merge(example.label(), 1L, Long::sum));
    memory.seenOfClass().forEach((label, seen) -> {
      assertTrue(counts.getOrDefault(label, 0L) <= seen);
      if (policy == Memory.Policy.BALANCED && !memory.full().contains(label)) {
        assertEquals(seen, counts.getOrDefault(label, 0L), "a class that was never the largest keeps all it has");
      }
    });
  }

  @Property(tries = 200)
  void restore_anywhereInTheStream_goesOnTheSame(
      @ForAll @Size(max = 120) List<@IntRange(max = 6) Integer> labels,
      @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll Memory.Policy policy, @ForAll long seed,
      @ForAll @IntRange(max = 120) int at) {
    int stop = Math.min(at, labels.size());
    var whole = new Memory(capacity, policy);
    offer(whole, labels, 0, labels.size(), seed);

    var first = new Memory(capacity, policy);
    offer(first, labels, 0, stop, seed);
    var second = new Memory(capacity, policy);
    second.restore(StatePart.of("memory", Combine.UNION, first.tensors()));
    offer(second, labels, stop, labels.size(), seed);
    assertEquals(whole.examples(), second.examples());
    assertEquals(whole.seenOfClass(), second.seenOfClass());
    assertEquals(whole.full(), second.full());
  }

  @Property(tries = 300)
  void greedy_everyOffer_fillsTheClassesThatHaveLessThanTheirShare(
      @ForAll @Size(max = 120) List<@IntRange(max = 6) Integer> labels,
      @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll long seed) {
    var memory = new Memory(capacity, Memory.Policy.GREEDY);
    for (int i = 0; i < labels.size(); i++) {
      var before = counts(memory);
      offer(memory, labels, i, i + 1, seed);
      var after = counts(memory);
      String label = "class " + labels.get(i);
      long own = before.getOrDefault(label, 0L);
      boolean wanted = own * memory.seenOfClass().size() < capacity;
      assertEquals(wanted ? own + 1 : own, after.getOrDefault(label, 0L));
      long most = before.values().stream().mapToLong(Long::longValue).max().orElse(0);
      before.forEach((other, count) -> {
        long now = after.getOrDefault(other, 0L);
        assertTrue(now >= count || (count == most && now == count - 1), "only a largest class gives a place away");
      });
    }
  }

  private static Map<String, Long> counts(Memory memory) {
    var counts = new HashMap<String, Long>();
    memory.samples().forEach(sample -> counts.merge(sample.label(), 1L, Long::sum));
    return counts;
  }

  private static void offer(Memory memory, List<Integer> labels, int from, int to, long seed) {
    var random = CounterRandom.of(seed);
    for (int i = from; i < to; i++) {
      memory.offer(Example.of("example " + i, "class " + labels.get(i)), random);
    }
  }
}
