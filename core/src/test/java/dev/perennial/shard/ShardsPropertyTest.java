package dev.perennial.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.store.StateDigest;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

final class ShardsPropertyTest {

  private static List<StatePart> state(Random random) {
    var parts = new ArrayList<StatePart>();
    for (Combine combine : Combine.values()) {
      int length = random.nextInt(50);
      var bytes = new byte[length];
      random.nextBytes(bytes);
      parts.add(StatePart.of(combine.name(), combine, Map.of(
          "floats", TensorData.of(new float[] {random.nextFloat(), -0f, Float.NaN}, 3, 1),
          "scalar", TensorData.of(new long[] {random.nextLong()}),
          "bytes", TensorData.ofBytes(Dtype.U8, bytes, length),
          "none", TensorData.of(new double[0], 0, 7))));
    }
    parts.add(StatePart.of("empty", Combine.LATEST, Map.of()));
    return parts;
  }

  @Property(tries = 200)
  void unite_ofSplit_isTheState(@ForAll long seed, @ForAll @IntRange(min = 1, max = 40) int count) {
    List<StatePart> state = state(new Random(seed));
    var shards = new ArrayList<>(Shards.split(state, count));
    Collections.shuffle(shards, new Random(seed));
    List<StatePart> whole = Shards.unite(shards);
    assertEquals(state, whole);
    long bytes = state.stream().flatMap(p -> p.tensors().values().stream()).mapToLong(t -> t.data().byteSize()).sum();
    for (Shard shard : shards) {
      long own = shard.parts().stream().flatMap(p -> p.pieces().values().stream())
          .mapToLong(piece -> piece.data().data().byteSize()).sum();
      assertTrue(own <= bytes / count + 4L * 4, own + " of " + bytes + " bytes in one of " + count);
    }
  }

  @Property(tries = 100)
  void unite_ofOtherShards_isRefused(@ForAll long seed, @ForAll @IntRange(min = 2, max = 9) int count) {
    var random = new Random(seed);
    List<Shard> shards = Shards.split(state(random), count);
    int which = random.nextInt(count);
    var missing = new ArrayList<>(shards);
    missing.remove(which);
    assertThrows(FailureException.class, () -> Shards.unite(missing));
    var twice = new ArrayList<>(shards);
    twice.set(which, shards.get((which + 1) % count));
    assertThrows(FailureException.class, () -> Shards.unite(twice));
    var mixed = new ArrayList<>(shards);
    mixed.set(which, Shards.split(state(random), count).get(which));
    assertThrows(FailureException.class, () -> Shards.unite(mixed));
    var relabelled = new ArrayList<>(shards);
    Shard other = mixed.get(which);
    relabelled.set(which, new Shard(which, count, shards.getFirst().whole(), other.parts()));
    assertThrows(FailureException.class, () -> Shards.unite(relabelled));
  }

  /** The sum of what replicas hold is taken as a tree, and the digest is that of the sum. */
  @Property(tries = 100)
  void unite_ofPartialSums_isTheirSum(@ForAll long seed, @ForAll @IntRange(min = 1, max = 8) int count) {
    var random = new Random(seed);
    var states = new ArrayList<List<StatePart>>();
    double doubles = 0;
    long longs = 0;
    for (int i = 0; i < count; i++) {
      double value = random.nextInt(1000);
      long number = random.nextInt();
      doubles += value;
      longs += number;
      states.add(List.of(
          StatePart.of("same", Combine.LATEST, Map.of("a", TensorData.of(new int[] {1, 2, 3}, 3))),
          StatePart.of("sums", Combine.SUM, Map.of(
              "d", TensorData.of(new double[] {value}, 1), "n", TensorData.of(new long[] {number})))));
    }
    List<Shard> shards = Shards.of(states, Set.of("sums"));
    List<StatePart> whole = Shards.unite(shards);
    assertEquals(doubles, whole.getLast().tensor("d").doubles()[0]);
    assertEquals(longs, whole.getLast().tensor("n").longs()[0]);
    assertEquals(shards.getFirst().whole(), StateDigest.of(whole));
    assertEquals(states.getFirst().getFirst(), whole.getFirst());
  }
}
