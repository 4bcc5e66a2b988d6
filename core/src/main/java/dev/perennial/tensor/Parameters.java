package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Named float32 parameters that lie one after another in one flat tensor.
 *
 * <p>An optimiser, a penalty on weights or a digest then works on one vector, and every worker differentiates with
 * respect to its own {@link #leaves}, which share the memory of the values and nothing else.
 */
public final class Parameters implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final LinkedHashMap<String, Slice> slices = new LinkedHashMap<>();
  private @Nullable Tensor values;
  private long size;

  private record Slice(long[] shape, long offset, long length) {}

  /** Adds a parameter at the end. O(size). */
  public void add(String name, float[] initial, long... shape) {
    if (slices.containsKey(name)) {
      throw new IllegalArgumentException("there is a parameter " + name + " already");
    }
    long length = 1;
    for (long dimension : shape) {
      length *= dimension;
    }
    if (length != initial.length) {
      throw new IllegalArgumentException(name + " takes " + length + " values, got " + initial.length);
    }
    slices.put(name, new Slice(shape.clone(), size, length));
    size += length;
    try (TensorScope scope = TensorScope.inference()) {
      Tensor addition = Tensors.floats(initial, length);
      Tensor old = values;
      values = owner.keep(old == null ? addition : Tensors.concat(0, old, addition));
      if (old != null) {
        owner.release(old);
      }
    }
  }

  /**
   * Adds rows to the last parameter, whose first dimension grows. All other values keep their places. O(size).
   *
   * @throws IllegalArgumentException if it is not the last, or the values do not fill rows
   */
  public void addRows(String name, float[] initial) {
    Slice slice = slice(name);
    if (slice.offset + slice.length != size) {
      throw new IllegalArgumentException("only the last parameter can grow, and " + name + " is not");
    }
    long width = 1;
    for (int dimension = 1; dimension < slice.shape.length; dimension++) {
      width *= slice.shape[dimension];
    }
    if (initial.length % width != 0) {
      throw new IllegalArgumentException(
          "rows of " + name + " take " + width + " values each, got " + initial.length + " values");
    }
    slices.remove(name);
    size -= slice.length;
    float[] before;
    try (TensorScope scope = TensorScope.inference()) {
      before = Tensors.toFloats(values().narrow(0, slice.offset, slice.length));
      values = owner.replace(values(), values().narrow(0, 0, size).clone());
    }
    float[] all = new float[before.length + initial.length];
    System.arraycopy(before, 0, all, 0, before.length);
    System.arraycopy(initial, 0, all, before.length, initial.length);
    long[] shape = slice.shape.clone();
    shape[0] += initial.length / width;
    add(name, all, shape);
  }

  /** The values, flat. They may be changed in place. */
  public Tensor values() {
    if (values == null) {
      throw new IllegalStateException("no parameter was added");
    }
    return values;
  }

  /** How many numbers there are. */
  public long size() {
    return size;
  }

  /** The names, in order. */
  public List<String> names() {
    return new ArrayList<>(slices.keySet());
  }

  /** Rows of the parameter of that name: its first dimension. */
  public long rows(String name) {
    return slice(name).shape[0];
  }

  /** Numbers in a row of the parameter of that name. */
  public long rowLength(String name) {
    Slice slice = slice(name);
    return slice.shape[0] == 0 ? 0 : slice.length / slice.shape[0];
  }

  /** A view of one parameter, or of the part of {@code flat}, laid out like these parameters, that belongs to it. */
  public Tensor view(Tensor flat, String name) {
    Slice slice = slice(name);
    return flat.narrow(0, slice.offset, slice.length).view(slice.shape);
  }

  /**
   * Every parameter as a tensor that gradients are taken with respect to: a view of the values whose gradient is a view
   * of {@code flat}, to which each way back adds. They stay valid until parameters are added.
   *
   * @param flat laid out like these parameters
   * @param owner of the tensors
   */
  public Map<String, Tensor> leaves(Tensor flat, TensorOwner owner) {
    var leaves = new LinkedHashMap<String, Tensor>();
    for (String name : slices.keySet()) {
      Tensor leaf = owner.keep(view(values(), name).detach().set_requires_grad(true));
      leaf.mutable_grad().put(view(flat, name));
      leaves.put(name, leaf);
    }
    return leaves;
  }

  /** Every parameter as it is, for use without gradients, in the open scope. */
  public Map<String, Tensor> views() {
    return values == null ? new LinkedHashMap<>() : views(values);
  }

  /** The part of {@code flat}, laid out like these parameters, that belongs to each, in the open scope. */
  public Map<String, Tensor> views(Tensor flat) {
    var views = new LinkedHashMap<String, Tensor>();
    for (String name : slices.keySet()) {
      views.put(name, view(flat, name));
    }
    return views;
  }

  /** Views of the bytes of every parameter, by name, valid until they change. */
  public Map<String, TensorData> state() {
    var state = new LinkedHashMap<String, TensorData>();
    try (TensorScope scope = TensorScope.inference()) {
      views().forEach((name, view) -> state.put(name, Tensors.view(view)));
    }
    return state;
  }

  /**
   * Takes over values that {@link #state} gave.
   *
   * @throws FailureException if names, types or shapes are not those of these parameters
   */
  public void restore(Map<String, TensorData> state) {
    if (!state.keySet().equals(slices.keySet())) {
      throw new FailureException("expected the parameters " + slices.keySet() + " in a learner's state, found "
          + state.keySet() + ": the state belongs to another learner or other options");
    }
    try (TensorScope scope = TensorScope.inference()) {
      state.forEach((name, data) -> Tensors.copyInto(view(values(), name), data, name));
    }
  }

  /** SHA-256 over names, shapes and values in their order, hexadecimal. O(size). */
  public String digest() {
    MessageDigest sha;
    try {
      sha = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    state().forEach((name, data) -> {
      sha.update((name + data.shape()).getBytes(UTF_8));
      sha.update(data.data().asByteBuffer());
    });
    return HexFormat.of().formatHex(sha.digest());
  }

  private Slice slice(String name) {
    Slice slice = slices.get(name);
    if (slice == null) {
      throw new IllegalArgumentException("no parameter " + name + " among " + slices.keySet());
    }
    return slice;
  }

  @Override
  public void close() {
    owner.close();
  }
}
