package dev.perennial.protect;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class ErasureCodePropertyTest {

  private static TreeMap<Integer, MemorySegment> fragments(ErasureCode code, long bytes, Random random, Arena arena) {
    var all = new TreeMap<Integer, MemorySegment>();
    for (int i = 0; i < code.data(); i++) {
      byte[] content = new byte[(int) bytes];
      random.nextBytes(content);
      MemorySegment fragment = arena.allocate(bytes, ErasureCode.ALIGNMENT);
      MemorySegment.copy(content, 0, fragment, JAVA_BYTE, 0, content.length);
      all.put(i, fragment);
    }
    List<Integer> parities = IntStream.range(code.data(), code.fragments()).boxed().toList();
    List<MemorySegment> computed = code.compute(all, parities, arena);
    for (int i = 0; i < parities.size(); i++) {
      all.put(parities.get(i), computed.get(i));
    }
    return all;
  }

  @Property(tries = 300)
  void compute_afterAnyErasuresUpToParity_givesAllBack(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 20) int data, @ForAll @IntRange(min = 0, max = 6) int parity,
      @ForAll @IntRange(min = 1, max = 30) int words) {
    var random = new Random(seed);
    var code = new ErasureCode(data, parity);
    try (Arena arena = Arena.ofConfined()) {
      TreeMap<Integer, MemorySegment> all = fragments(code, words * 8L, random, arena);
      var indices = new ArrayList<>(all.keySet());
      Collections.shuffle(indices, random);
      List<Integer> lost = indices.subList(0, parity);
      var left = new TreeMap<>(all);
      left.keySet().removeAll(lost);
      List<MemorySegment> rebuilt = code.compute(left, lost, arena);
      for (int i = 0; i < lost.size(); i++) {
        assertEquals(-1, rebuilt.get(i).mismatch(of(all, lost.get(i))), "fragment " + lost.get(i));
      }
      left.remove(left.firstKey());
      assertThrows(IllegalArgumentException.class, () -> code.compute(left, lost, arena));
    }
  }

  /** Longer than a chunk, and with the largest code there is. */
  @Property(tries = 5)
  void compute_ofLongFragmentsAndManyMembers_givesAllBack(@ForAll long seed) {
    var random = new Random(seed);
    try (Arena arena = Arena.ofConfined()) {
      for (ErasureCode code : List.of(new ErasureCode(3, 2), new ErasureCode(200, 56))) {
        long bytes = code.data() == 3 ? (1 << 17) + 24 : 16;
        TreeMap<Integer, MemorySegment> all = fragments(code, bytes, random, arena);
        var indices = new ArrayList<>(all.keySet());
        Collections.shuffle(indices, random);
        List<Integer> lost = indices.subList(0, code.parity());
        var left = new TreeMap<>(all);
        left.keySet().removeAll(lost);
        List<MemorySegment> rebuilt = code.compute(left, lost, arena);
        for (int i = 0; i < lost.size(); i++) {
          assertEquals(-1, rebuilt.get(i).mismatch(of(all, lost.get(i))));
        }
      }
    }
  }

  /** An independent twin: the field by shift and add, the code by its formula. */
  @Property(tries = 100)
  void parity_isTheFormula(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 9) int data, @ForAll @IntRange(min = 1, max = 5) int parity) {
    var code = new ErasureCode(data, parity);
    try (Arena arena = Arena.ofConfined()) {
      TreeMap<Integer, MemorySegment> all = fragments(code, 8, new Random(seed), arena);
      for (int i = 0; i < parity; i++) {
        byte[] expected = new byte[8];
        for (int j = 0; j < data; j++) {
          int factor = slow(inverse(i ^ (parity + j)), parity + j);
          for (int at = 0; at < 8; at++) {
            expected[at] ^= (byte) slow(factor, of(all, j).get(JAVA_BYTE, at) & 0xff);
          }
        }
        assertArrayEquals(expected, of(all, data + i).toArray(JAVA_BYTE));
      }
    }
  }

  private static MemorySegment of(TreeMap<Integer, MemorySegment> fragments, int index) {
    return Objects.requireNonNull(fragments.get(index));
  }

  private static int slow(int a, int b) {
    int product = 0;
    int shifted = a;
    for (int bits = b; bits != 0; bits >>= 1) {
      if ((bits & 1) != 0) {
        product ^= shifted;
      }
      shifted = shifted << 1 ^ (shifted > 127 ? 0x11d : 0);
    }
    return product;
  }

  private static int inverse(int a) {
    return IntStream.range(1, 256).filter(b -> slow(a, b) == 1).findFirst().orElseThrow();
  }

  /** The chance of survival is that of all the patterns of loss that leave enough. */
  @Property(tries = 60)
  void survival_isTheSumOverPatterns(@ForAll @IntRange(min = 1, max = 8) int data,
      @ForAll @IntRange(min = 0, max = 4) int parity, @ForAll @IntRange(min = 0, max = 100) int percent) {
    double loss = percent / 100.0;
    int members = data + parity;
    double expected = 0;
    for (int pattern = 0; pattern < 1 << members; pattern++) {
      int lost = Integer.bitCount(pattern);
      if (members - lost >= data) {
        expected += Math.pow(loss, lost) * Math.pow(1 - loss, members - lost);
      }
    }
    assertEquals(expected, new ErasureCode(data, parity).survival(loss), 1e-12);
  }
}
