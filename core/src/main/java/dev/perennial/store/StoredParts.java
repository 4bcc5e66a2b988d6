package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.StatePart;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The parts of a commit, read back: every blob was read in full and has the digest that the commit names.
 *
 * <p>Tensors are views of the mapped blobs, nothing copied; closing this unmaps them, and they must not be used after
 * that. Safe for use by many threads.
 */
public final class StoredParts implements AutoCloseable {
  private final Commit commit;
  private final SortedMap<String, StatePart> parts;
  private final Arena mapping;

  private StoredParts(Commit commit, SortedMap<String, StatePart> parts, Arena mapping) {
    this.commit = commit;
    this.parts = Collections.unmodifiableSortedMap(parts);
    this.mapping = mapping;
  }

  static StoredParts open(Commit commit, Blobs blobs) {
    Arena mapping = Arena.ofShared();
    boolean complete = false;
    try {
      var parts = new TreeMap<String, StatePart>();
      for (PartRef ref : commit.parts()) {
        parts.put(ref.name(), blobs.open(ref, mapping));
      }
      complete = true;
      return new StoredParts(commit, parts, mapping);
    } finally {
      if (!complete) {
        mapping.close();
      }
    }
  }

  /** The commit that these are the parts of. */
  public Commit commit() {
    return commit;
  }

  /** All parts by name. */
  public SortedMap<String, StatePart> parts() {
    return parts;
  }

  /**
   * The part of that name.
   *
   * @throws FailureException if the commit has none
   */
  public StatePart part(String name) {
    StatePart part = parts.get(name);
    if (part == null) {
      throw new FailureException(
          "commit " + commit.id() + " has no part " + name + ", it has " + String.join(", ", parts.keySet()));
    }
    return part;
  }

  /** Unmaps the blobs; does nothing the second time. */
  @Override
  public void close() {
    if (mapping.scope().isAlive()) {
      mapping.close();
    }
  }
}
