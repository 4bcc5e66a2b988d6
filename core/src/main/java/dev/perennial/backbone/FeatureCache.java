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
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What frozen layers make of inputs, computed once and kept within a number of bytes.
 *
 * <p>Every input has a home batch: the inputs that were first seen together are sorted by length and cut into batches,
 * and an input is only ever computed with its batch. So what is computed for an input is the same to the bit whether
 * or not anything was cached, forgotten or lost in a crash before, as long as inputs are registered in the same order.
 *
 * <p>What is cached below the first brick, or below a block that is asked for now, is where computing goes on from.
 * {@link Input.Latent}s bring their own state, have no home, and are not cached: those that are asked for together are
 * computed together.
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
  private final Map<Object, Home> homes = new HashMap<>();
  private final LinkedHashMap<Key, Batch> batches = new LinkedHashMap<>(64, 0.75f, true);
  private int homeBatches;
  private long bytes;
  private long rowsComputed;
  private long cut;

  private record Home(int batch, int row, List<Row> rows) {}

  /** {@code levels} is how many blocks' features were pooled, or 0 for the state at the entrance of {@code block}. */
  private record Key(String adaptation, int block, int levels, int batch) {}

  private record Batch(float[][] rows, long bytes) {}

  /** A home batch that has to be computed, from what is cached of it at the entrance of a block, if anything is. */
  private record Missing(int batch, List<Row> rows, int from, float @Nullable [][] states) {}

  /** An adaptation that no longer changes, under a name that tells it from all others. */
  public record Frozen(String name, Adaptation adaptation) {

    /** The backbone with no brick. */
    public static final Frozen BACKBONE = new Frozen("", Adaptation.NONE);
  }

  /**
   * A cache with nothing in it.
   *
   * @param capacity bytes to keep at most, 0 or more
   */
  public FeatureCache(Backbone backbone, Workers workers, long capacity) {
    if (capacity < 0) {
      throw new IllegalArgumentException("a cache keeps 0 or more bytes, not " + capacity);
    }
    this.backbone = backbone;
    this.workers = workers;
    this.capacity = capacity;
  }

  /** Gives every input that is new its home batch. O(inputs log inputs), and a text's tokens are found. */
  public void register(List<? extends Input> inputs) {
    var fresh = new LinkedHashMap<Object, Input>();
    for (Input input : inputs) {
      Object content = content(input);
      if (!(input instanceof Input.Latent) && !homes.containsKey(content)) {
        fresh.putIfAbsent(content, input);
      }
    }
    var contents = new ArrayList<>(fresh.keySet());
    var inputsInOrder = new ArrayList<>(fresh.values());
    List<Row> rows = backbone.prepare(inputsInOrder);
    var order = new ArrayList<Integer>();
    for (int i = 0; i < rows.size(); i++) {
      order.add(i);
      cut += rows.get(i) instanceof Row.Tokens(var _, boolean isCut) && isCut ? 1 : 0;
    }
    order.sort(Comparator.comparingInt(i -> rows.get(i).length()));
    for (int start = 0; start < order.size(); start += BATCH) {
      List<Integer> members = order.subList(start, Math.min(start + BATCH, order.size()));
      List<Row> batch = members.stream().map(rows::get).toList();
      for (int row = 0; row < members.size(); row++) {
        homes.put(contents.get(members.get(row)), new Home(homeBatches, row, batch));
      }
      homeBatches++;
    }
  }

  /** The row of a registered input, or of one that is registered by this. */
  public Row row(Input input) {
    if (input instanceof Input.Latent latent) {
      return row(latent);
    }
    Home home = home(input);
    return home.rows.get(home.row);
  }

  /** What the tokens were is over: as many of any kind. */
  private static Row row(Input.Latent latent) {
    return new Row.Tokens(new int[latent.tokens()]);
  }

  /** Pooled features of the last block, {@code [inputs, width]}, in the open scope. */
  public Tensor features(List<? extends Input> inputs, Frozen frozen) {
    return features(inputs, frozen, 1);
  }

  /**
   * Pooled features of the last blocks, side by side, the last block's last: {@code [inputs, levels * width]}, in the
   * open scope.
   *
   * @param levels how many blocks' features, from 1 to the number of blocks
   */
  public Tensor features(List<? extends Input> inputs, Frozen frozen, int levels) {
    float[][] rows = lookUp(inputs, frozen, backbone.blocks(), levels);
    int width = levels * backbone.width();
    float[] flat = new float[rows.length * width];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * width, width);
    }
    return Tensors.floats(flat, rows.length, width);
  }

  /**
   * What each input is at the entrance of a block, for {@link Pass#join}. The arrays are the cache's own: they must not
   * be changed.
   */
  public float[][] states(List<? extends Input> inputs, Frozen frozen, int block) {
    return lookUp(inputs, frozen, block, 0);
  }

  private float[][] lookUp(List<? extends Input> inputs, Frozen frozen, int block, int levels) {
    if (inputs.stream().anyMatch(Input.Latent.class::isInstance)) {
      if (!inputs.stream().allMatch(Input.Latent.class::isInstance)) {
        throw new IllegalArgumentException("latents are not asked for together with other inputs");
      }
      return goOn(inputs.stream().map(Input.Latent.class::cast).toList(), frozen, block, levels);
    }
    if (inputs.stream().anyMatch(input -> !homes.containsKey(content(input)))) {
      register(inputs);
    }
    var needed = new LinkedHashMap<Integer, List<Row>>();
    for (Input input : inputs) {
      Home home = home(input);
      needed.putIfAbsent(home.batch, home.rows);
    }
    var held = new HashMap<Integer, Batch>();
    var missing = new ArrayList<Missing>();
    needed.forEach((batch, rows) -> {
      Batch cached = batches.get(new Key(frozen.name, block, levels, batch));
      if (cached == null) {
        missing.add(missing(batch, rows, frozen, levels == 0 ? block - 1 : block - levels + 1));
      } else {
        held.put(batch, cached);
      }
    });
    // The longest first: the workers then end at about the same time.
    missing.sort(Comparator.comparingInt((Missing batch) -> batch.rows.getLast().length()).reversed());
    var tasks = new ArrayList<Callable<Batch>>();
    for (Missing batch : missing) {
      tasks.add(() -> compute(batch, frozen, block, levels));
    }
    List<Batch> computed = workers.run(tasks);
    for (int i = 0; i < missing.size(); i++) {
      held.put(missing.get(i).batch, computed.get(i));
      put(new Key(frozen.name, block, levels, missing.get(i).batch), computed.get(i));
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

  /** What becomes of latents from where they stand. */
  private float[][] goOn(List<Input.Latent> latents, Frozen frozen, int block, int levels) {
    float[][] states = new float[latents.size()][];
    for (int i = 0; i < states.length; i++) {
      states[i] = latents.get(i).state();
    }
    int from = latents.getFirst().block();
    int first = levels == 0 ? block : block - levels + 1;
    if (latents.stream().anyMatch(latent -> latent.block() != from) || from > first
        || frozen.adaptation.lowestBlock() < from) {
      throw new IllegalArgumentException("expected latents of one block, not above block " + first + " nor above the bricks");
    }
    if (levels == 0 && block == from) {
      return states;
    }
    var order = new ArrayList<Integer>();
    for (int i = 0; i < states.length; i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> latents.get(i).tokens()));
    var tasks = new ArrayList<Callable<Batch>>();
    for (int start = 0; start < states.length; start += BATCH) {
      List<Integer> members = order.subList(start, Math.min(start + BATCH, states.length));
      var batch = new Missing(-1, members.stream().map(i -> row(latents.get(i))).toList(), from,
          members.stream().map(i -> states[i]).toArray(float[][]::new));
      tasks.add(() -> compute(batch, frozen, block, levels));
    }
    float[][] computed = new float[states.length][];
    List<Batch> batches = workers.run(tasks);
    for (int i = 0; i < states.length; i++) {
      computed[order.get(i)] = batches.get(i / BATCH).rows[i % BATCH];
    }
    rowsComputed += states.length;
    return computed;
  }

  /** How many rows went through frozen layers so far, through some or all of them, for reports and tests. */
  public long rowsComputed() {
    return rowsComputed;
  }

  /** How many of the inputs it has places for are texts that were longer than the backbone takes, and were cut. */
  public long cut() {
    return cut;
  }

  /** Bytes kept now. */
  public long bytes() {
    return bytes;
  }

  /** Forgets every input and all that was computed; what is asked for next gets a new home batch. */
  public void forget() {
    homes.clear();
    batches.clear();
    cut = 0;
    bytes = 0;
  }

  private Home home(Input input) {
    Home home = homes.get(content(input));
    if (home == null) {
      register(List.of(input));
      return home(input);
    }
    return home;
  }

  /** What tells inputs apart. An image that was read back from a store is the image that it was. */
  private static Object content(Input input) {
    return switch (input) {
      case Input.Text text -> text;
      case Input.Latent latent -> latent;
      case Input.Image image -> new Content(image);
    };
  }

  /** An image that equals another of the same shape and samples. */
  private record Content(Input.Image image) {

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Content(Input.Image that)
          && (image == that
              || (ImageShape.of(image).equals(ImageShape.of(that)) && Arrays.equals(image.samples(), that.samples())));
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(image.samples());
    }
  }

  /** Finds the last block, up to {@code last}, at whose entrance the batch is cached with bricks that change nothing. */
  private Missing missing(int batch, List<Row> rows, Frozen frozen, int last) {
    for (int from = last; from > 0; from--) {
      Batch own = batches.get(new Key(frozen.name, from, 0, batch));
      if (own == null && from <= frozen.adaptation.lowestBlock()) {
        own = batches.get(new Key(Frozen.BACKBONE.name, from, 0, batch));
      }
      if (own != null) {
        return new Missing(batch, rows, from, own.rows);
      }
    }
    return new Missing(batch, rows, 0, null);
  }

  private Batch compute(Missing missing, Frozen frozen, int block, int levels) {
    List<Row> rows = missing.rows;
    try (TensorScope scope = TensorScope.inference()) {
      Pass pass = backbone.pass(rows);
      Adaptation adaptation = frozen.adaptation.forPass();
      Tensor state = missing.states == null ? pass.start(adaptation) : pass.join(missing.states);
      float[][] cut = new float[rows.size()][];
      if (levels == 0) {
        float[] all = Tensors.toFloats(pass.advance(state, missing.from, block, adaptation));
        for (int row = 0; row < cut.length; row++) {
          cut[row] = pass.cut(all, row);
        }
      } else {
        Tensor[] pooled = new Tensor[levels];
        int at = missing.from;
        for (int level = 0; level < levels; level++) {
          int end = block - levels + 1 + level;
          state = pass.advance(state, at, end, adaptation);
          at = end;
          pooled[level] = pass.pool(state);
        }
        float[] all = Tensors.toFloats(Tensors.concat(1, pooled));
        int width = levels * backbone.width();
        for (int row = 0; row < cut.length; row++) {
          cut[row] = Arrays.copyOfRange(all, row * width, (row + 1) * width);
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
    while (bytes > capacity) {
      bytes -= oldest.next().getValue().bytes;
      oldest.remove();
    }
  }
}
