package dev.perennial.server.model;

import dev.perennial.engine.Documents;
import dev.perennial.engine.StoreBricks;
import dev.perennial.store.StoredParts;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The brick of a store's library that acts on its model's backbone, as a document of the store's commits. */
final class EnabledBrick {

  private EnabledBrick() {}

  /** Its version, as {@code NAME@2}; empty where none was enabled. Reads no part of the store. */
  static Optional<String> of(Path store) {
    try (StoredParts parts = StoredParts.newest(store, part -> false)) {
      return Optional.ofNullable(parts.commit().documents().get(Documents.ENABLED));
    }
  }

  /** The documents of the next commits, which name it. */
  static Map<String, String> with(Map<String, String> documents, String version) {
    var all = new TreeMap<>(documents);
    all.put(Documents.ENABLED, version);
    return all;
  }

  /** The library that it is read from. */
  static Path library(Path store) {
    return store.resolve(StoreBricks.LIBRARY);
  }
}
