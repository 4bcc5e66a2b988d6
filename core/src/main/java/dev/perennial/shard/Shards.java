package dev.perennial.shard;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.shard.Shard.Piece;
import dev.perennial.shard.Shard.Spread;
import dev.perennial.store.StateDigest;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;

/*
 * Universal Checkpointing: Efficient and Flexible Checkpointing for Large Scale Distributed Training (arXiv 2406.18820):
 * every way in which workers hold a parameter maps to and from one consolidated form, so that N x M conversions are N + M.
 * Here the consolidated form is the learner's whole state, the list of parts that a single learner has:
 *
 *   SLICED    fragments: t = s_0 | s_1 | ... | s_{N-1}        by bytes, so that any type goes and nothing is padded
 *   PARTIAL   to be added: t = ((s_0 + s_1) + (s_2 + s_3)) + ...
 */
/** Conversions between a whole state and what each of some workers saves of it. */
public final class Shards {

  /** The most workers that a state can be cut for. */
  static final int MOST = 1 << 16;

  private Shards() {}

  /**
   * Cuts a whole state into shards of equal size, whatever its parts are. Views of the state's tensors, nothing copied.
   *
   * @param count 1 to 65,536
   * @throws UsageException for any other number
   */
  public static List<Shard> split(List<StatePart> state, int count) {
    if (count < 1 || count > MOST) {
      throw new UsageException("expected a number of shards between 1 and " + MOST + ", got " + count);
    }
    String digest = StateDigest.of(state);
    var shards = new ArrayList<Shard>();
    for (int index = 0; index < count; index++) {
      var parts = new ArrayList<Shard.Part>();
      for (StatePart part : state) {
        parts.add(sliced(part, index, count));
      }
      shards.add(new Shard(index, count, digest, parts));
    }
    return shards;
  }

  private static Shard.Part sliced(StatePart part, int index, int count) {
    var pieces = new TreeMap<String, Piece>();
    part.tensors().forEach((name, tensor) -> pieces.put(name, slice(tensor, index, count)));
    return new Shard.Part(part.name(), part.combine(), pieces);
  }

  private static Piece slice(TensorData tensor, int index, int count) {
    long bytes = tensor.data().byteSize();
    long from = start(bytes, index, count);
    MemorySegment slice = tensor.data().asSlice(from, start(bytes, index + 1, count) - from);
    return new Piece(Spread.SLICED, tensor.dtype(), tensor.shape(),
        new TensorData(Dtype.U8, List.of(slice.byteSize()), slice));
  }

  /** Where the slice of a worker begins: {@code floor(bytes * index / count)}, without overflow. */
  private static long start(long bytes, int index, int count) {
    return bytes / count * index + bytes % count * index / count;
  }

  /**
   * The shards of replicas in lockstep, each from its replica's own state. Views, valid as long as the states are.
   *
   * @param states of the replicas, in their order
   * @param partial the parts that hold what each replica alone took in; they must be sums
   * @throws IllegalArgumentException if another part is not the same in all replicas, or a partial one is no sum
   */
  static List<Shard> of(List<List<StatePart>> states, Set<String> partial) {
    int count = states.size();
    List<StatePart> first = states.getFirst();
    var shards = new ArrayList<Shard>();
    for (int index = 0; index < count; index++) {
      List<StatePart> own = states.get(index);
      if (own.size() != first.size()) {
        throw new IllegalArgumentException("replica " + index + " has " + own.size() + " parts, the first "
            + first.size());
      }
      var parts = new ArrayList<Shard.Part>();
      for (int i = 0; i < own.size(); i++) {
        StatePart part = own.get(i);
        if (partial.contains(part.name())) {
          parts.add(summed(part));
        } else if (part.equals(first.get(i))) {
          parts.add(sliced(part, index, count));
        } else {
          throw new IllegalArgumentException("replica " + index + " disagrees with the first one on " + part.name());
        }
      }
      shards.add(new Shard(index, count, "", parts));
    }
    String digest = StateDigest.of(whole(shards));
    return shards.stream().map(shard -> new Shard(shard.index(), count, digest, shard.parts())).toList();
  }

  private static Shard.Part summed(StatePart part) {
    if (part.combine() != Combine.SUM) {
      throw new IllegalArgumentException(part.name() + " is no sum, but " + part.combine());
    }
    var pieces = new TreeMap<String, Piece>();
    part.tensors().forEach(
        (name, tensor) -> pieces.put(name, new Piece(Spread.PARTIAL, tensor.dtype(), tensor.shape(), tensor)));
    return new Shard.Part(part.name(), part.combine(), pieces);
  }

  /**
   * The whole state that shards make up, in any order. Its tensors stand by themselves. O(bytes).
   *
   * @throws FailureException if they are not all the shards of one checkpoint, or do not make up the state whose digest
   *     they carry
   */
  public static List<StatePart> unite(List<Shard> shards) {
    if (shards.isEmpty()) {
      throw new FailureException("expected the shards of a checkpoint, found none");
    }
    Shard first = shards.getFirst();
    var ordered = new TreeMap<Integer, Shard>();
    for (Shard shard : shards) {
      if (shard.count() != first.count() || !shard.whole().equals(first.whole())) {
        throw new FailureException("expected shards of one checkpoint, found shard " + first.index() + " of "
            + first.count() + " of the state " + brief(first) + " and shard " + shard.index() + " of " + shard.count()
            + " of the state " + brief(shard));
      }
      if (shard.index() < 0 || shard.index() >= shard.count() || ordered.put(shard.index(), shard) != null) {
        throw new FailureException("expected each of " + shard.count() + " shards once, found shard " + shard.index()
            + " out of range or again");
      }
    }
    for (int index = 0; index < first.count(); index++) {
      if (!ordered.containsKey(index)) {
        throw new FailureException("expected all of " + first.count() + " shards, shard " + index + " is missing");
      }
    }
    List<StatePart> whole = whole(List.copyOf(ordered.values()));
    String digest = StateDigest.of(whole);
    if (!digest.equals(first.whole())) {
      throw new FailureException("expected shards that make up the state " + first.whole() + ", these make up " + digest
          + ": one of them is damaged");
    }
    return whole;
  }

  private static String brief(Shard shard) {
    return shard.whole().substring(0, Math.min(12, shard.whole().length()));
  }

  /** The state of shards in their order. */
  private static List<StatePart> whole(List<Shard> shards) {
    Shard first = shards.getFirst();
    var whole = new ArrayList<StatePart>();
    for (int i = 0; i < first.parts().size(); i++) {
      Shard.Part part = first.parts().get(i);
      var tensors = new TreeMap<String, TensorData>();
      for (String name : part.pieces().keySet()) {
        var pieces = new ArrayList<Piece>();
        for (Shard shard : shards) {
          pieces.add(piece(shard, i, part, name));
        }
        tensors.put(name, tensor(part.name() + "/" + name, pieces));
      }
      whole.add(new StatePart(part.name(), part.combine(), tensors));
    }
    return whole;
  }

  private static Piece piece(Shard shard, int index, Shard.Part like, String name) {
    if (index < shard.parts().size()) {
      Shard.Part part = shard.parts().get(index);
      Piece piece = part.pieces().get(name);
      if (piece != null && part.name().equals(like.name()) && part.pieces().size() == like.pieces().size()) {
        return piece;
      }
    }
    throw new FailureException("expected the tensor " + like.name() + "/" + name + " in shard " + shard.index()
        + ", it has none: it is of another state");
  }

  private static TensorData tensor(String name, List<Piece> pieces) {
    Piece first = pieces.getFirst();
    for (Piece piece : pieces) {
      if (piece.spread() != first.spread() || piece.dtype() != first.dtype() || !piece.shape().equals(first.shape())) {
        throw new FailureException("expected pieces of one tensor for " + name + ", found " + first.dtype()
            + first.shape() + " and " + piece.dtype() + piece.shape());
      }
    }
    if (first.spread() == Spread.PARTIAL) {
      return pieces.size() == 1 ? copy(first.data()) : Sums.of(pieces.stream().map(Piece::data).toList());
    }
    long bytes = TensorData.byteSize(first.dtype(), first.shape());
    long found = 0;
    for (Piece piece : pieces) {
      found += piece.data().data().byteSize();
    }
    if (found != bytes) {
      throw new FailureException("expected " + bytes + " bytes of " + name + " in the shards, found " + found);
    }
    return joined(first, bytes, pieces);
  }

  private static TensorData copy(TensorData data) {
    return new TensorData(data.dtype(), data.shape(),
        Arena.ofAuto().allocate(data.data().byteSize(), Long.BYTES).copyFrom(data.data()));
  }

  private static TensorData joined(Piece first, long bytes, List<Piece> pieces) {
    MemorySegment joined = Arena.ofAuto().allocate(bytes, Long.BYTES);
    long at = 0;
    for (Piece piece : pieces) {
      MemorySegment data = piece.data().data();
      MemorySegment.copy(data, 0, joined, at, data.byteSize());
      at += data.byteSize();
    }
    return new TensorData(first.dtype(), first.shape(), joined);
  }
}
