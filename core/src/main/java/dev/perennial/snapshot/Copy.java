package dev.perennial.snapshot;

import dev.perennial.store.PartRef;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A part of a state as it was when the last snapshot was taken, in memory that is used again for the next one.
 *
 * <p>The bytes of the snapshot before are what tells whether a part has changed: they are compared up to the first
 * difference and copied from there on, so that a part is gone through once, and one that has not changed is not written.
 */
final class Copy implements AutoCloseable {

  /** Room for a part that grows, as a share of what it takes. */
  private static final double SPARE = 0.25;

  private static final long ALIGNMENT = 64;

  private record Shape(String name, Dtype dtype, List<Long> shape) {}

  private @Nullable Arena arena;
  private MemorySegment room = MemorySegment.NULL;
  private List<Shape> layout = List.of();
  private @Nullable StatePart part;
  private @Nullable PartRef ref;

  /** Takes over what a part is now; whether it has changed since the last time. */
  boolean take(StatePart now) {
    var shapes = new ArrayList<Shape>();
    long bytes = 0;
    for (var tensor : now.tensors().entrySet()) {
      shapes.add(new Shape(tensor.getKey(), tensor.getValue().dtype(), tensor.getValue().shape()));
      bytes += aligned(tensor.getValue().data().byteSize());
    }
    StatePart before = part;
    if (before == null || !shapes.equals(layout) || before.combine() != now.combine()) {
      lay(now.name(), now.combine(), shapes, bytes);
      copyFrom(now, false);
      ref = null;
      return true;
    }
    if (copyFrom(now, true)) {
      ref = null;
      return true;
    }
    return ref == null;
  }

  /** The part as it was taken. */
  StatePart part() {
    if (part == null) {
      throw new IllegalStateException("nothing was taken yet");
    }
    return part;
  }

  /** The blob that holds just these bytes; null where none is known to. */
  @Nullable PartRef ref() {
    return ref;
  }

  /** These bytes are durable as that blob. */
  void durable(PartRef blob) {
    ref = blob;
  }

  /** Bytes of native memory that it takes. */
  long bytes() {
    return room.byteSize();
  }

  private void lay(String name, Combine combine, List<Shape> shapes, long bytes) {
    if (bytes > room.byteSize()) {
      close();
      Arena larger = Arena.ofShared();
      arena = larger;
      room = larger.allocate(layout.isEmpty() ? bytes : bytes + (long) (bytes * SPARE), ALIGNMENT);
    }
    layout = shapes;
    var tensors = new TreeMap<String, TensorData>();
    long at = 0;
    for (Shape shape : shapes) {
      long length = TensorData.byteSize(shape.dtype, shape.shape);
      tensors.put(shape.name, new TensorData(shape.dtype, shape.shape, room.asSlice(at, length)));
      at += aligned(length);
    }
    part = new StatePart(name, combine, tensors);
  }

  /** Copies all, or from the first difference on; whether there was anything to copy. */
  private boolean copyFrom(StatePart now, boolean compare) {
    boolean changed = false;
    long at = 0;
    for (TensorData tensor : now.tensors().values()) {
      MemorySegment source = tensor.data();
      long from = compare ? room.asSlice(at, source.byteSize()).mismatch(source) : 0;
      if (from >= 0) {
        MemorySegment.copy(source, from, room, at + from, source.byteSize() - from);
        changed = true;
      }
      at += aligned(source.byteSize());
    }
    return changed;
  }

  private static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  @Override
  public void close() {
    if (arena != null) {
      arena.close();
      arena = null;
      room = MemorySegment.NULL;
    }
  }
}
