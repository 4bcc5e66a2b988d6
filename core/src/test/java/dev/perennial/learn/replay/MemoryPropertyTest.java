package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.tensor.CounterRandom;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class MemoryPropertyTest {

  @Property(tries = 300)
  void offer_anyStream_keepsWhatItMust(
      @ForAll @Size(max = 120) List<@IntRange(max = 6) Integer> labels,
      @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll boolean balanced, @ForAll long seed) {
    var memory = new Memory(capacity, balanced);
    offer(memory, labels, 0, labels.size(), seed);
    assertEquals(Math.min(capacity, labels.size()), memory.kept().size());
    assertEquals(labels.size(), memory.seen());
    var kept = new HashSet<>(memory.kept());
    assertEquals(memory.kept().size(), kept.size(), "an example is kept once");
    var counts = new HashMap<String, Long>();
    kept.forEach(example -> counts.merge(example.label(), 1L, Long::sum));
    memory.seenOfClass().forEach((label, seen) -> {
      assertTrue(counts.getOrDefault(label, 0L) <= seen);
      if (balanced && !memory.full().contains(label)) {
        assertEquals(seen, counts.getOrDefault(label, 0L), "a class that was never the largest keeps all it has");
      }
    });
  }

  @Property(tries = 200)
  void restore_anywhereInTheStream_goesOnTheSame(
      @ForAll @Size(max = 120) List<@IntRange(max = 6) Integer> labels,
      @ForAll @IntRange(min = 1, max = 30) int capacity, @ForAll boolean balanced, @ForAll long seed,
      @ForAll @IntRange(max = 120) int at) {
    int stop = Math.min(at, labels.size());
    var whole = new Memory(capacity, balanced);
    offer(whole, labels, 0, labels.size(), seed);

    var first = new Memory(capacity, balanced);
    offer(first, labels, 0, stop, seed);
    var second = new Memory(capacity, balanced);
    second.restore(
        StoredExamples.examples(StoredExamples.tensors(first.kept())), first.seen(), first.seenOfClass(), first.full());
    offer(second, labels, stop, labels.size(), seed);
    assertEquals(whole.kept(), second.kept());
    assertEquals(whole.seenOfClass(), second.seenOfClass());
    assertEquals(whole.full(), second.full());
  }

  private static void offer(Memory memory, List<Integer> labels, int from, int to, long seed) {
    var random = CounterRandom.of(seed);
    for (int i = from; i < to; i++) {
      memory.offer(Example.of("example " + i, "class " + labels.get(i)), random);
    }
  }
}
