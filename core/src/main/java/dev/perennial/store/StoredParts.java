package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.StatePart;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Collections;
import java.util.Iterator;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;

/**
 * Parts of a commit, read back: every blob of theirs was read in full and has the digest that the commit names.
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

  /**
   * Reads some parts of the newest commit of a store whose blobs of these parts are whole; others are not looked at. So
   * what is not needed costs nothing. A writer may be at work meanwhile.
   *
   * @param needed says of a part's name whether it is read
   * @throws dev.perennial.UsageException if there is no store
   * @throws FailureException if it cannot be read, has no commit, or none whose parts are whole
   */
  public static StoredParts newest(Path directory, Predicate<String> needed) {
    Layout layout = new Layout(directory);
    var blobs = new Blobs(layout.blobs(), new SystemDisk());
    FailureException damage = null;
    try (Catalog catalog = CatalogFile.open(layout.database(), Access.READ)) {
      for (Iterator<Long> ids = catalog.ids().iterator(); ids.hasNext(); ) {
        long id = ids.next();
        try {
          return open(catalog.commit(id), blobs, needed);
        } catch (FailureException e) {
          if (catalog.isCollected(id)) {
            // A writer went on and gave it up meanwhile: there is a newer one.
            ids = catalog.ids().iterator();
          } else {
            damage = damage == null ? e : damage;
          }
        }
      }
    } catch (SQLException e) {
      throw new FailureException("cannot read the database of the store " + directory + ": " + Disk.reason(e), e);
    }
    throw damage != null ? damage
        : new FailureException("the store " + directory + " has no commit yet, so that there is nothing to predict with:"
            + " learn first, or wait for the first commit");
  }

  static StoredParts open(Commit commit, Blobs blobs) {
    return open(commit, blobs, part -> true);
  }

  private static StoredParts open(Commit commit, Blobs blobs, Predicate<String> needed) {
    Arena mapping = Arena.ofShared();
    boolean complete = false;
    try {
      var parts = new TreeMap<String, StatePart>();
      for (PartRef ref : commit.parts()) {
        if (needed.test(ref.name())) {
          parts.put(ref.name(), blobs.open(ref, mapping));
        }
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
