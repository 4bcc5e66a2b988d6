package dev.perennial.shrink;

import dev.perennial.UsageException;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorFormat;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.ToLongFunction;

/**
 * Named tensors made small, as a pile of parts in the order of their importance: any part of the pile from its beginning
 * on, as long as it has what no tensor can do without, is a model. Those come first.
 */
public final class Packed implements TensorFormat.Writer {

  private final SequencedMap<String, PackedTensor> tensors;
  private final List<String> order;

  /**
   * @param tensors by name
   * @param order of the parts that can be left out: a tensor's name stands for its next one
   */
  Packed(SequencedMap<String, PackedTensor> tensors, List<String> order) {
    this.tensors = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(tensors));
    this.order = List.copyOf(order);
    var counts = new HashMap<String, Integer>();
    order.forEach(name -> counts.merge(name, 1, Integer::sum));
    tensors.forEach((name, tensor) -> {
      int optional = tensor.parts().size() - tensor.coding().least();
      if (counts.getOrDefault(name, 0) != optional) {
        throw new IllegalArgumentException("expected " + optional + " places for the parts of " + name + " in the order, got "
            + counts.getOrDefault(name, 0));
      }
    });
    if (!tensors.keySet().containsAll(counts.keySet())) {
      throw new IllegalArgumentException("expected an order of the tensors " + tensors.keySet() + ", got " + counts.keySet());
    }
  }

  /** The pile whose optional parts come level by level: the second of every tensor, then the third, and so on. */
  static Packed byLevel(SequencedMap<String, PackedTensor> tensors) {
    var order = new ArrayList<String>();
    int levels = tensors.values().stream().mapToInt(PackedTensor::levels).max().orElse(0);
    for (int level = 1; level < levels; level++) {
      for (var tensor : tensors.entrySet()) {
        order.addAll(Collections.nCopies(tensor.getValue().partsOf(level), tensor.getKey()));
      }
    }
    return new Packed(tensors, order);
  }

  SequencedMap<String, PackedTensor> tensors() {
    return tensors;
  }

  List<String> order() {
    return order;
  }

  /** The tensors that the whole pile makes up. */
  public SortedMap<String, TensorData> decode() {
    var decoded = new TreeMap<String, TensorData>();
    tensors.forEach((name, tensor) -> decoded.put(name, tensor.decode()));
    return decoded;
  }

  /** The same with the first tensors' parts of the order alone. */
  private Packed first(int count) {
    var parts = new HashMap<String, Integer>();
    order.subList(0, count).forEach(name -> parts.merge(name, 1, Integer::sum));
    var kept = new LinkedHashMap<String, PackedTensor>();
    tensors.forEach((name, tensor) -> kept.put(
        name, tensor.first(tensor.coding().least() + parts.getOrDefault(name, 0))));
    return new Packed(kept, order.subList(0, count));
  }

  /** Bytes of all parts. */
  public long bytes() {
    return tensors.values().stream().mapToLong(tensor -> tensor.bytes(tensor.parts().size())).sum();
  }

  /** Numbers of the tensors that were made small. */
  public long weights() {
    return sum(PackedTensor::numbers);
  }

  /** Bits that each of these takes; 0 where there are none. */
  public double bitsPerWeight() {
    return weights() == 0 ? 0 : 8.0 * sum(tensor -> tensor.bytes(tensor.parts().size())) / weights();
  }

  private long sum(ToLongFunction<PackedTensor> of) {
    return tensors.values().stream().filter(Packed::isSmall).mapToLong(of).sum();
  }

  private static boolean isSmall(PackedTensor tensor) {
    return !(tensor.coding() instanceof PlainCoding);
  }

  /**
   * The largest beginning of the pile within so many bytes.
   *
   * @throws UsageException if not even what cannot be left out is
   */
  public Packed within(long bytes) {
    Packed kept = first(fitting(bytes, bytes()));
    if (kept.bytes() > bytes) {
      throw new UsageException("expected at least " + megabytes(kept.bytes()) + ", which the parts that cannot be left out"
          + " take, got " + megabytes(bytes) + ": give it more, or more blocks of fewer bits");
    }
    return kept;
  }

  /**
   * The largest beginning of the pile in which tensors that were made small have so many bits a number.
   *
   * @throws UsageException if not even what cannot be left out has so few
   */
  public Packed atBits(double bits) {
    long small = sum(tensor -> tensor.bytes(tensor.parts().size()));
    Packed kept = first(fitting((long) (bits * weights() / 8), small));
    if (kept.bitsPerWeight() > bits + 1e-9) {
      throw new UsageException(String.format(Locale.ROOT, "expected at least %.2f bits a weight, which the first parts take,"
          + " got %.2f: ask for more", kept.bitsPerWeight(), bits));
    }
    return kept;
  }

  /**
   * The pile with so many parts of every tensor, or of each of its chunks, or all of those that have fewer.
   *
   * @throws UsageException if that is less than 1
   */
  public Packed atLevel(int level) {
    var kept = new LinkedHashMap<String, PackedTensor>();
    tensors.forEach((name, tensor) -> {
      if (level < 1) {
        throw new UsageException("expected at least 1 part of " + name + ", got " + level);
      }
      kept.put(name, tensor.first(Math.min(level * tensor.coding().least(), tensor.parts().size())));
    });
    var seen = new HashMap<String, Integer>();
    return new Packed(kept, order.stream().filter(name -> {
      PackedTensor tensor = kept.get(name);
      return tensor != null
          && seen.merge(name, 1, Integer::sum) <= tensor.parts().size() - tensor.coding().least();
    }).toList());
  }

  /** How many parts of the order there is room for, where all of them take {@code whole}. */
  private int fitting(long room, long whole) {
    var next = new HashMap<String, Integer>();
    tensors.forEach((name, tensor) -> next.put(name, tensor.parts().size()));
    long left = whole;
    int count = order.size();
    while (count > 0 && left > room) {
      String name = order.get(--count);
      int part = next.merge(name, -1, Integer::sum);
      left -= parts(name).get(part).length;
    }
    return count;
  }

  private List<byte[]> parts(String name) {
    PackedTensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("no tensor " + name);
    }
    return tensor.parts();
  }

  /** Megabytes, of a million bytes, for messages. */
  static String megabytes(long bytes) {
    return bytes < 10_000 ? bytes + " bytes" : String.format(Locale.ROOT, "%.2f MB", bytes / 1e6);
  }

  @Override
  public String suffix() {
    return PackedFormat.SUFFIX;
  }

  /**
   * Writes the pile into a file, synced and renamed into place.
   *
   * @param all the tensors that the file is to hold: those that are not in this pile are written as they are
   * @param metadata free texts
   * @throws dev.perennial.FailureException if it cannot be written
   */
  @Override
  public void write(Path file, Map<String, TensorData> all, Map<String, String> metadata) {
    var written = new LinkedHashMap<String, PackedTensor>();
    new TreeMap<>(all).forEach((name, data) -> {
      PackedTensor tensor = tensors.get(name);
      written.put(name, tensor == null ? PackedTensor.plain(data) : tensor);
    });
    if (!written.keySet().containsAll(tensors.keySet())) {
      throw new IllegalArgumentException("expected a file of the tensors " + tensors.keySet() + ", got " + all.keySet());
    }
    PackedFile.write(file, new Packed(written, order), metadata);
  }
}
