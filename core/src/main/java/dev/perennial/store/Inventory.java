package dev.perennial.store;

import dev.perennial.FailureException;
import java.io.IOException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A look at every byte of a store that a writer may be changing meanwhile. */
final class Inventory {
  private final Layout layout;
  private final Disk disk;
  private final Catalog catalog;
  private final Blobs blobs;
  private final long acknowledged;
  private final List<Damage> damage = new ArrayList<>();
  private long read;

  /**
   * A look to be taken once.
   *
   * @param acknowledged the newest commit that the store's witness knew of when it was opened
   */
  Inventory(Layout layout, Disk disk, Catalog catalog, Blobs blobs, long acknowledged) {
    this.layout = layout;
    this.disk = disk;
    this.catalog = catalog;
    this.blobs = blobs;
    this.acknowledged = acknowledged;
  }

  Verification verify(Verification.Listener listener) throws SQLException, IOException {
    database();
    var commits = new LinkedHashMap<Long, Commit>();
    List<Long> ids = catalog.ids();
    for (long id : ids) {
      row(id).ifPresent(commit -> commits.put(id, commit));
    }
    var sizes = new LinkedHashMap<String, Long>();
    commits.values().forEach(commit -> commit.parts().forEach(part -> sizes.put(part.sha256(), part.bytes())));
    long all = sizes.values().stream().mapToLong(Long::longValue).sum();
    blobs.distrust();
    blobs.watch(bytes -> {
      read += bytes;
      listener.read(Math.min(read, all), all);
    });
    try {
      List<Commit> whole = whole(commits);
      return new Verification(ids.size(), whole.size(), whole.stream().findFirst(), sizes.size(), read,
          blobs.others(catalog.blobs()), damage);
    } finally {
      blobs.watch(bytes -> {});
    }
  }

  private void database() throws SQLException, IOException {
    catalog.check().forEach(problem -> damage.add(new Damage(0, problem)));
    try {
      catalog.spec();
    } catch (FailureException e) {
      damage.add(new Damage(0, Disk.reason(e)));
    }
    long newest = catalog.newestId();
    if (newest < acknowledged) {
      damage.add(new Damage(0, layout.database() + " has lost what came after commit " + newest + " up to commit "
          + acknowledged));
    }
    Witness.Found before = Witness.read(layout.witness(), disk);
    if (before.broken()) {
      damage.add(new Damage(0, layout.witness()
          + " is damaged or was being written when power was lost; no commit depends on it, and the next writer makes it"
          + " anew"));
    }
    String expected = before.witness().map(Witness::database).orElse(Witness.OPEN);
    if (!expected.equals(Witness.OPEN)) {
      String found;
      try (var in = disk.read(layout.database())) {
        found = Sha256.of(in, bytes -> {});
      }
      // A writer that came meanwhile has first said so.
      if (!found.equals(expected) && Witness.read(layout.witness(), disk).equals(before)) {
        damage.add(new Damage(0, layout.database() + ": expected SHA-256 " + expected + ", found " + found));
      }
    }
  }

  private Optional<Commit> row(long id) throws SQLException {
    try {
      return Optional.of(catalog.commit(id));
    } catch (FailureException e) {
      damage.add(new Damage(id, Disk.reason(e)));
      return Optional.empty();
    }
  }

  /** The commits whose blobs are all right, newest first; those given up meanwhile are neither whole nor damaged. */
  private List<Commit> whole(Map<Long, Commit> commits) throws SQLException {
    var problems = new LinkedHashMap<String, Optional<String>>();
    var whole = new ArrayList<Commit>();
    for (Commit commit : commits.values()) {
      var found = new LinkedHashSet<String>();
      for (PartRef part : commit.parts()) {
        problems.computeIfAbsent(part.sha256() + part.bytes(), blob -> blobs.problem(part)).ifPresent(found::add);
      }
      if (found.isEmpty()) {
        whole.add(commit);
      } else if (!catalog.isCollected(commit.id())) {
        found.forEach(problem -> damage.add(new Damage(commit.id(), problem)));
      }
    }
    return whole;
  }
}
