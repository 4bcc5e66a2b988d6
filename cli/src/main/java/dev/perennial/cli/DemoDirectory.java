package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/**
 * The directory that a demo writes to, and what of it may be replaced.
 *
 * @param path where it is
 */
record DemoDirectory(Path path) {

  private static final String STORE = "store";
  private static final String STORE_FINE_TUNE = "store-fine-tune";
  private static final String RESULT = "result.json";
  private static final String REPORT = "report.html";
  private static final Set<String> OWN = Set.of(STORE, STORE_FINE_TUNE, RESULT, REPORT);

  /** What a store's directory may hold, apart from its blobs. */
  private static final String STORE_FILE = "perennial\\.db(\\.new)?(-wal|-shm|-journal)?|lock|newest";

  /** The default technique's store. */
  Path store() {
    return path.resolve(STORE);
  }

  /** The store of naive fine-tuning. */
  Path fineTuneStore() {
    return path.resolve(STORE_FINE_TUNE);
  }

  /** The figures and the report. */
  Outputs outputs() {
    return new Outputs(path.resolve(RESULT), path.resolve(REPORT));
  }

  /**
   * Removes what an earlier demo wrote, and nothing else.
   *
   * @param force whether to go on where there are files of someone else, which stay
   * @throws UsageException if the path is a file, or a directory that is not recognisably an earlier demo's
   * @throws FailureException if it cannot be read, or something in it cannot be removed
   */
  void clear(boolean force) {
    if (Files.notExists(path)) {
      return;
    }
    if (!Files.isDirectory(path)) {
      throw new UsageException("expected a directory for --out, got the file " + path + ": name another place");
    }
    try {
      var found = new TreeSet<String>();
      try (Stream<Path> entries = Files.list(path)) {
        entries.forEach(entry -> found.add(entry.getFileName().toString()));
      }
      boolean earlier = found.isEmpty() || (OWN.containsAll(found) && isOurs(found));
      if (!earlier && !force) {
        found.removeAll(OWN);
        throw new UsageException("expected an earlier demo's directory or an empty one for --out, got " + path
            + " with " + (found.isEmpty() ? "stores that are none" : found.first()) + " in it: name another, or take this with"
            + " --force, which leaves other files alone");
      }
      remove(store());
      remove(fineTuneStore());
      Files.deleteIfExists(path.resolve(RESULT));
      Files.deleteIfExists(path.resolve(REPORT));
    } catch (IOException e) {
      throw new FailureException("cannot replace the earlier demo in " + path + " (" + e.getClass().getSimpleName()
          + ": " + e.getMessage() + "): remove it by hand, or name another --out", e);
    }
  }

  private boolean isOurs(Set<String> found) {
    return found.contains(RESULT) || StorePath.holdsStore(store()) || StorePath.holdsStore(fineTuneStore());
  }

  /** Removes a store's own files, and its directory if that is all. */
  private static void remove(Path store) throws IOException {
    if (Files.notExists(store)) {
      return;
    }
    var files = new ArrayList<Path>();
    Path blobs = store.resolve("blobs");
    if (Files.isDirectory(blobs)) {
      files.addAll(list(blobs));
      files.add(blobs);
    }
    for (Path file : list(store)) {
      if (file.getFileName().toString().matches(STORE_FILE)) {
        files.add(file);
      }
    }
    files.add(store);
    for (Path file : files) {
      Files.delete(file);
    }
  }

  private static List<Path> list(Path directory) throws IOException {
    try (Stream<Path> entries = Files.list(directory)) {
      return entries.toList();
    }
  }
}
