package dev.perennial.shard;

import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What one of several workers saves of a state: together with those of the others it is the whole state.
 *
 * @param index of the worker, from 0
 * @param count of the workers
 * @param whole the {@link dev.perennial.store.StateDigest} of the state that the shards of all workers make up
 * @param parts of the state, each with this worker's pieces, in the order of the state
 */
public record Shard(int index, int count, String whole, List<Part> parts) {

  /** How a tensor is spread over the shards. */
  public enum Spread {
    /**
     * Equal in all workers, or kept by none in particular: each shard has the bytes of some elements, from {@code n *
     * index / count} to before {@code n * (index + 1) / count} of {@code n} bytes, row-major.
     */
    SLICED,
    /** Each shard has a tensor of the full shape; the tensor is their sum. */
    PARTIAL
  }

  /**
   * A piece of a tensor.
   *
   * @param spread what kind of piece
   * @param dtype of the whole tensor
   * @param shape of the whole tensor
   * @param data the piece: bytes, or a tensor of that type and shape
   */
  public record Piece(Spread spread, Dtype dtype, List<Long> shape, TensorData data) {

    /** Copies the shape. */
    public Piece {
      shape = List.copyOf(shape);
    }
  }

  /**
   * This worker's pieces of a part.
   *
   * @param name of the part
   * @param combine of the part
   * @param pieces by the tensor's name
   */
  public record Part(String name, Combine combine, SortedMap<String, Piece> pieces) {

    /** Copies the map. */
    public Part {
      pieces = Collections.unmodifiableSortedMap(new TreeMap<>(pieces));
    }
  }

  /** Copies the list. */
  public Shard {
    parts = List.copyOf(parts);
  }

  /** The parts of which this worker has sums of its own. */
  List<StatePart> sums() {
    var sums = new ArrayList<StatePart>();
    for (Part part : parts) {
      boolean partial = !part.pieces().isEmpty()
          && part.pieces().values().stream().allMatch(piece -> piece.spread() == Spread.PARTIAL);
      if (partial) {
        var tensors = new TreeMap<String, TensorData>();
        part.pieces().forEach((tensor, piece) -> tensors.put(tensor, piece.data()));
        sums.add(new StatePart(part.name(), part.combine(), tensors));
      }
    }
    return sums;
  }
}
