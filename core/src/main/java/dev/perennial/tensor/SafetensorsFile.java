package dev.perennial.tensor;

import dev.perennial.FailureException;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A safetensors file that was read: its tensors as views of the file's own bytes, nothing copied.
 *
 * <p>Closing it unmaps the file: its tensors must not be used after that. A mapped file must not be cut short by another
 * process while it is open; {@link Safetensors#write} never does, since it renames a new file into place. Safe for use
 * by many threads.
 */
public final class SafetensorsFile implements AutoCloseable {
  private final String where;
  private final SortedMap<String, TensorData> tensors;
  private final SortedMap<String, String> metadata;
  private final @Nullable Arena mapping;

  SafetensorsFile(
      String where,
      SortedMap<String, TensorData> tensors,
      SortedMap<String, String> metadata,
      @Nullable Arena mapping) {
    this.where = where;
    this.tensors = Collections.unmodifiableSortedMap(new TreeMap<>(tensors));
    this.metadata = Collections.unmodifiableSortedMap(new TreeMap<>(metadata));
    this.mapping = mapping;
  }

  /** Names of the tensors. */
  public SortedSet<String> names() {
    return Collections.unmodifiableSortedSet(new TreeMap<>(tensors).navigableKeySet());
  }

  /** All tensors by name. */
  public SortedMap<String, TensorData> tensors() {
    return tensors;
  }

  /**
   * The tensor of that name.
   *
   * @throws FailureException if the file has none
   */
  public TensorData tensor(String name) {
    TensorData tensor = tensors.get(name);
    if (tensor == null) {
      throw new FailureException(
          where + ": expected a tensor " + SafetensorsHeaderReader.quote(name) + ", the file has none of that name");
    }
    return tensor;
  }

  /** The texts that the writer left about the file; empty where it left none. */
  public SortedMap<String, String> metadata() {
    return metadata;
  }

  /** Unmaps the file; does nothing the second time, nor where the bytes belong to the caller. */
  @Override
  public void close() {
    if (mapping != null && mapping.scope().isAlive()) {
      mapping.close();
    }
  }
}
