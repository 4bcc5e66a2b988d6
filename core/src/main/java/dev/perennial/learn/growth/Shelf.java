package dev.perennial.learn.growth;

import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Lora;
import dev.perennial.grow.Fusion;
import dev.perennial.learn.Classes;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** The low-rank bricks that are held, one after another in one flat tensor. Their numbers are their places, from 0. */
final class Shelf implements AutoCloseable {

  private static final String NAMES = "names.";
  private static final String ROWS = "rows";

  private final TensorOwner owner = new TensorOwner();
  private final List<Brick> bricks = new ArrayList<>();
  private Tensor flat;
  private long made;

  private record Slot(String name, long[] shape, long offset, long length) {}

  /**
   * One of them.
   *
   * @param rows that it learned from
   */
  private record Brick(String name, long rows, List<Slot> slots) {}

  /** A brick on its way to the shelf. */
  private record Loose(String name, long rows, Map<String, Tensor> tensors) {}

  Shelf() {
    try (TensorScope scope = TensorScope.inference()) {
      flat = owner.keep(Tensors.zeros(0));
    }
  }

  int size() {
    return bricks.size();
  }

  String name(int brick) {
    return bricks.get(brick).name;
  }

  /** Rows that a brick learned from. */
  long rows(int brick) {
    return bricks.get(brick).rows;
  }

  /** Numbers of all bricks. */
  long numbers() {
    return flat.numel();
  }

  /** Numbers of one brick. */
  long numbers(int brick) {
    return bricks.get(brick).slots.stream().mapToLong(Slot::length).sum();
  }

  /** The tensors of a brick, views in the open scope. */
  Map<String, Tensor> of(int brick) {
    var views = new LinkedHashMap<String, Tensor>();
    for (Slot slot : bricks.get(brick).slots) {
      views.put(slot.name, flat.narrow(0, slot.offset, slot.length).view(slot.shape));
    }
    return views;
  }

  /** Rank of a brick at a site. */
  long rank(int brick, Site site) {
    return slot(brick, Lora.nameOfA(site)).shape[0];
  }

  private Slot slot(int brick, String name) {
    return bricks.get(brick).slots.stream().filter(slot -> slot.name.equals(name)).findFirst()
        .orElseThrow(() -> new IllegalStateException("a brick has a tensor " + name));
  }

  private Tensor view(int brick, String name) {
    Slot slot = slot(brick, name);
    return flat.narrow(0, slot.offset, slot.length).view(slot.shape);
  }

  /** A of all bricks under one another, {@code [ranks, in]}, that of one of them taken from {@code tensors}. */
  Tensor down(Site site, int live, Map<String, Tensor> tensors) {
    return Tensors.concat(0, parts(Lora.nameOfA(site), live, tensors));
  }

  /** B of all bricks beside one another, {@code [out, ranks]}. */
  Tensor up(Site site, int live, Map<String, Tensor> tensors) {
    return Tensors.concat(1, parts(Lora.nameOfB(site), live, tensors));
  }

  private Tensor[] parts(String name, int live, Map<String, Tensor> tensors) {
    Tensor[] parts = new Tensor[bricks.size()];
    for (int brick = 0; brick < parts.length; brick++) {
      Tensor trained = brick == live ? tensors.get(name) : null;
      parts[brick] = trained == null ? view(brick, name) : trained;
    }
    return parts;
  }

  /** For each rank at a site the brick that it belongs to. */
  long[] owners(Site site) {
    var owners = new ArrayList<Long>();
    for (int brick = 0; brick < bricks.size(); brick++) {
      for (long rank = 0; rank < rank(brick, site); rank++) {
        owners.add((long) brick);
      }
    }
    return owners.stream().mapToLong(Long::longValue).toArray();
  }

  /** Adds a brick, and returns its number. */
  int add(Map<String, Tensor> tensors) {
    List<Loose> loose = loose();
    loose.add(new Loose("brick-" + made++, 0, tensors));
    rebuild(loose);
    return bricks.size() - 1;
  }

  /** Gives a brick other tensors, of any rank. */
  void put(int brick, Map<String, Tensor> tensors, long moreRows) {
    List<Loose> loose = loose();
    Loose old = loose.get(brick);
    loose.set(brick, new Loose(old.name, old.rows + moreRows, tensors));
    rebuild(loose);
  }

  /** One brick takes in another of a larger number, which is no more; the merged change has the rank asked for. */
  void merge(int kept, int gone, List<Site> sites, int rank, double scale) {
    List<Loose> loose = loose();
    Loose one = loose.get(kept);
    Loose other = loose.remove(gone);
    var merged = new LinkedHashMap<String, Tensor>();
    for (Site site : sites) {
      LowRank both = Fusion.of(product(one, site, scale), Math.max(1, one.rows), product(other, site, scale),
          Math.max(1, other.rows), rank);
      merged.put(Lora.nameOfA(site), both.down());
      merged.put(Lora.nameOfB(site), both.up().div(new Scalar(scale)));
    }
    loose.set(kept, new Loose(one.name, one.rows + other.rows, merged));
    rebuild(loose);
  }

  private static LowRank product(Loose brick, Site site, double scale) {
    Tensor down = brick.tensors.get(Lora.nameOfA(site));
    Tensor up = brick.tensors.get(Lora.nameOfB(site));
    if (down == null || up == null) {
      throw new IllegalStateException("a brick has A and B at every site");
    }
    return new LowRank(down, up, scale);
  }

  private List<Loose> loose() {
    var loose = new ArrayList<Loose>();
    for (int brick = 0; brick < bricks.size(); brick++) {
      loose.add(new Loose(name(brick), rows(brick), of(brick)));
    }
    return loose;
  }

  private void rebuild(List<Loose> loose) {
    var parts = new ArrayList<Tensor>();
    parts.add(Tensors.zeros(0));
    var laid = new ArrayList<Brick>();
    long offset = 0;
    for (Loose brick : loose) {
      var slots = new ArrayList<Slot>();
      for (Map.Entry<String, Tensor> tensor : brick.tensors.entrySet()) {
        Tensor values = tensor.getValue();
        slots.add(new Slot(tensor.getKey(), values.shape(), offset, values.numel()));
        parts.add(values.reshape(-1));
        offset += values.numel();
      }
      laid.add(new Brick(brick.name, brick.rows, slots));
    }
    flat = owner.replace(flat, Tensors.concat(0, parts.toArray(new Tensor[0])));
    bricks.clear();
    bricks.addAll(laid);
  }

  /** Names, rows and tensors; views, valid until a brick changes. */
  Map<String, TensorData> state() {
    var tensors = new LinkedHashMap<String, TensorData>();
    Classes.textTensors(bricks.stream().map(Brick::name).toList())
        .forEach((name, tensor) -> tensors.put(NAMES + name, tensor));
    long[] rows = bricks.stream().mapToLong(Brick::rows).toArray();
    long[] counts = Arrays.copyOf(rows, rows.length + 1);
    counts[rows.length] = made;
    tensors.put(ROWS, TensorData.of(counts, counts.length));
    try (TensorScope scope = TensorScope.inference()) {
      for (int brick = 0; brick < bricks.size(); brick++) {
        int number = brick;
        of(brick).forEach((name, view) -> tensors.put(number + "/" + name, Tensors.view(view)));
      }
    }
    return tensors;
  }

  /** Takes over what {@link #state} gave. */
  void restore(StatePart part, List<Site> sites) {
    var names = new LinkedHashMap<String, TensorData>();
    for (String text : List.of("utf8", "ends")) {
      names.put(text, part.tensor(NAMES + text));
    }
    List<String> all = Classes.texts(names);
    long[] rows = part.tensor(ROWS).longs();
    made = rows[rows.length - 1];
    try (TensorScope scope = TensorScope.inference()) {
      var loose = new ArrayList<Loose>();
      for (int brick = 0; brick < all.size(); brick++) {
        var tensors = new LinkedHashMap<String, Tensor>();
        for (Site site : sites) {
          for (String name : List.of(Lora.nameOfA(site), Lora.nameOfB(site))) {
            tensors.put(name, Tensors.copyOf(part.tensor(brick + "/" + name)));
          }
        }
        loose.add(new Loose(all.get(brick), rows[brick], tensors));
      }
      rebuild(loose);
    }
  }

  @Override
  public void close() {
    owner.close();
  }
}
