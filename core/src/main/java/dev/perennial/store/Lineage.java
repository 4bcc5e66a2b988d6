package dev.perennial.store;

import dev.perennial.FailureException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Which commit of a store is the newest that is whole, and which it came from, while a writer may be at work. */
final class Lineage {

  /** How often a reader begins anew because what it was reading was given up meanwhile. */
  static final int LOOKS = 100;

  private final Path directory;
  private final Catalog catalog;
  private final Blobs blobs;

  Lineage(Path directory, Catalog catalog, Blobs blobs) {
    this.directory = directory;
    this.catalog = catalog;
    this.blobs = blobs;
  }

  /** The newest whole commit, and what is wrong with the newest of all if that is another one. */
  record Newest(Optional<Commit> commit, Optional<String> problem) {}

  /** @throws FailureException if there are commits and every one is damaged */
  Newest newest() throws SQLException {
    for (int look = 0; look < LOOKS; look++) {
      Optional<Newest> newest = look();
      if (newest.isPresent()) {
        return newest.get();
      }
    }
    throw tooFast();
  }

  /** What a reader says that had to begin anew {@value #LOOKS} times. */
  FailureException tooFast() {
    return new FailureException(
        "the store " + directory + " is written faster than it can be read here: try again, or let its writer keep more");
  }

  /** One pass over the commits; empty if the writer has given one up that was just being looked at. */
  private Optional<Newest> look() throws SQLException {
    Optional<String> first = Optional.empty();
    for (long id : catalog.ids()) {
      Optional<String> problem;
      try {
        Commit commit = catalog.commit(id);
        problem = commit.parts().stream().map(blobs::problem).flatMap(Optional::stream).findFirst();
        if (problem.isEmpty()) {
          return Optional.of(new Newest(Optional.of(commit), first));
        }
      } catch (FailureException e) {
        problem = Optional.of(Disk.reason(e));
      }
      if (catalog.isCollected(id)) {
        return Optional.empty();
      }
      first = first.isPresent() ? first : problem.map(p -> "commit " + id + ", " + p);
    }
    if (first.isPresent()) {
      throw new FailureException(
          "every commit of the store " + directory + " is damaged; the newest: " + first.get()
              + "; put a copy of the store back, or learn anew in another one");
    }
    return Optional.of(new Newest(Optional.empty(), first));
  }

  /** The head and the commits it came from, so many at most. */
  List<Commit> commits(int most) throws SQLException {
    var lineage = new ArrayList<Commit>();
    Optional<Commit> head = newest().commit();
    if (head.isPresent()) {
      lineage.add(head.get());
      for (long id = head.get().parent(); id != 0 && lineage.size() < most; id = lineage.getLast().parent()) {
        lineage.add(catalog.commit(id));
      }
    }
    return lineage;
  }
}
