package dev.perennial.backbone;

import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;

/**
 * What frozen layers make of inputs, computed once and kept within a number of bytes.
 *
 * <p>Every input has a home batch: the inputs that were first seen together are sorted by length and cut into batches,
 * and an input is only ever computed with its batch. So what is computed for an input is the same to the bit whether
 * or not anything was cached, forgotten or lost in a crash before, as long as inputs are registered in the same order.
 *
 * <p>When the bytes are used up, the batches used longest ago are dropped, and computed again when they are asked for.
 * Not safe for use by several threads at once; it spreads its own work over the workers.
 */
public final class FeatureCache {

  /** Rows of a batch. Larger ones are no faster, and pad more. */
  private static final int BATCH = 32;

  private final Backbone backbone;
  private final Workers workers;
  private final long capacity;
  private final Map<Input, Home> homes = new HashMap<>();
  private final LinkedHashMap<Key, Batch> batches = new LinkedHashMap<>(64, 0.75f, true);
  private int homeBatches;
  private long bytes;
  private long rowsComputed;

  private record Home(int batch, int row, List<Row> rows) {}

  /** {@code block} is the number of blocks for pooled features, else the block that the state is the input of. */
  private record Key(String adaptation, int block, int batch) {}

  private record Batch(float[][] rows, long bytes) {}

  /** An adaptation that no longer changes, under a name that tells it from all others. */
  public record Frozen(String name, Adaptation adaptation) {

    /** The backbone with no brick. */
    public static final Frozen BACKBONE = new Frozen("", Adaptation.NONE);
  }

  /**
   * @param capacity bytes to keep at most; the batch in use is always kept
   */
  public FeatureCache(Backbone backbone, Workers workers, long capacity) {
    this.backbone = backbone;
    this.workers = workers;
    this.capacity = capacity;
  }

  /** Gives every input that is new its home batch. */
  public void register(List<? extends Input> inputs) {
    var fresh = new LinkedHashSet<Input>();
    for (Input input : inputs) {
      if (!homes.containsKey(input)) {
        fresh.add(input);
      }
    }
    var inputsInOrder = new ArrayList<>(fresh);
    List<Row> rows = backbone.prepare(inputsInOrder);
    var order = new ArrayList<Integer>();
    for (int i = 0; i < rows.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> rows.get(i).length()));
    for (int start = 0; start < order.size(); start += BATCH) {
      List<Integer> members = order.subList(start, Math.min(start + BATCH, order.size()));
      List<Row> batch = members.stream().map(rows::get).toList();
      for (int row = 0; row < members.size(); row++) {
        homes.put(inputsInOrder.get(members.get(row)), new Home(homeBatches, row, batch));
      }
      homeBatches++;
    }
  }

  /** The row of a registered input, or of one that is registered by this. */
  public Row row(Input input) {
    Home home = home(input);
    return home.rows.get(home.row);
  }

  /** Pooled features, {@code [inputs, width]}, in the open scope. */
  public Tensor features(List<? extends Input> inputs, Frozen frozen) {
    float[][] rows = states(inputs, frozen, backbone.blocks());
    int width = backbone.width();
    float[] flat = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * width, width);
    }
    return Tensors.floats(flat, rows.length, width);
  }

  /**
   * What each input is at the entrance of a block, for {@link Pass#join}; pooled features where {@code block} is the
   * number of blocks. The arrays are the cache's own: they must not be changed.
   */
  public float[][] states(List<? extends Input> inputs, Frozen frozen, int block) {
    if (inputs.stream().anyMatch(input -> !homes.containsKey(input))) {
      register(inputs);
    }
    var needed = new LinkedHashMap<Integer, List<Row>>();
    for (Input input : inputs) {
      Home home = home(input);
      needed.putIfAbsent(home.batch, home.rows);
    }
    var held = new HashMap<Integer, Batch>();
    var missing = new ArrayList<Integer>();
    for (int batch : needed.keySet()) {
      Batch cached = batches.get(new Key(frozen.name, block, batch));
      if (cached == null) {
        missing.add(batch);
      } else {
        held.put(batch, cached);
      }
    }
    // The longest first: the workers then end at about the same time.
    missing.sort(Comparator.comparingInt((Integer batch) -> -needed.getOrDefault(batch, List.of()).getLast().length()));
    var tasks = new ArrayList<Callable<Batch>>();
    for (int batch : missing) {
      List<Row> rows = needed.getOrDefault(batch, List.of());
      tasks.add(() -> compute(rows, frozen, block));
    }
    List<Batch> computed = workers.run(tasks);
    for (int i = 0; i < missing.size(); i++) {
      held.put(missing.get(i), computed.get(i));
      put(new Key(frozen.name, block, missing.get(i)), computed.get(i));
      rowsComputed += computed.get(i).rows.length;
    }
    float[][] states = new float[inputs.size()][];
    for (int i = 0; i < states.length; i++) {
      Home home = home(inputs.get(i));
      Batch batch = held.get(home.batch);
      if (batch == null) {
        throw new IllegalStateException("a home batch was neither cached nor computed");
      }
      states[i] = batch.rows[home.row];
    }
    return states;
  }

  /** How many rows went through frozen layers so far, for reports and tests. */
  public long rowsComputed() {
    return rowsComputed;
  }

  /** Bytes kept now. */
  public long bytes() {
    return bytes;
  }

  /** Forgets every input and all that was computed; what is asked for next gets a new home batch. */
  public void forget() {
    homes.clear();
    batches.clear();
    bytes = 0;
  }

  private Home home(Input input) {
    Home home = homes.get(input);
    if (home == null) {
      register(List.of(input));
      return home(input);
    }
    return home;
  }

  private Batch compute(List<Row> rows, Frozen frozen, int block) {
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(rows);
      Tensor state = pass.advance(pass.start(), 0, block, frozen.adaptation);
      float[][] cut = new float[rows.size()][];
      if (block == backbone.blocks()) {
        float[] pooled = Tensors.toFloats(pass.pool(state));
        int width = backbone.width();
        for (int row = 0; row < cut.length; row++) {
          cut[row] = Arrays.copyOfRange(pooled, row * width, (row + 1) * width);
        }
      } else {
        float[] all = Tensors.toFloats(state);
        for (int row = 0; row < cut.length; row++) {
          cut[row] = pass.cut(all, row);
        }
      }
      long size = 0;
      for (float[] row : cut) {
        size += 4L * row.length;
      }
      return new Batch(cut, size);
    }
  }

  private void put(Key key, Batch batch) {
    batches.put(key, batch);
    bytes += batch.bytes;
    var oldest = batches.entrySet().iterator();
    while (bytes > capacity && batches.size() > 1) {
      bytes -= oldest.next().getValue().bytes;
      oldest.remove();
    }
  }
}
