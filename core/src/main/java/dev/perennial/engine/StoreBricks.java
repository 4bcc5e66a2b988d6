package dev.perennial.engine;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.BrickFiles;
import dev.perennial.brick.Library;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.Learner;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The bricks of a store: those that its learner has learned, as of the newest commit, and those of its library, which lie
 * beside the commits in the directory {@code library} and belong to the same backbone.
 *
 * <p>A run may be learning into the store meanwhile.
 */
public final class StoreBricks implements AutoCloseable {

  private static final String LIBRARY = "library";

  private final Path directory;
  private final Model model;
  private final List<Learner.BrickInfo> learned;

  /**
   * A brick as it is listed.
   *
   * @param name it is asked for by
   * @param kind such as {@code lora}
   * @param parameters numbers in it
   * @param place {@code learned} or {@code library}
   * @param provenance where it comes from
   */
  public record Entry(String name, String kind, long parameters, String place, Provenance provenance) {}

  private StoreBricks(Path directory, Model model, List<Learner.BrickInfo> learned) {
    this.directory = directory;
    this.model = model;
    this.learned = List.copyOf(learned);
  }

  /**
   * What there is, learned bricks first; reads no backbone.
   *
   * @throws UsageException if there is no store
   */
  public static List<Entry> list(Path directory) {
    var entries = new ArrayList<Entry>();
    try (Store store = Store.open(directory, Access.READ)) {
      Optional<Commit> head = store.head();
      if (head.isPresent()) {
        for (Learner.BrickInfo brick : Documents.bricks(head.get())) {
          entries.add(new Entry(brick.name(), brick.kind(), brick.parameters(), "learned", brick.provenance()));
        }
      }
    }
    new Library(directory.resolve(LIBRARY)).summaries().forEach((name, brick) -> entries.add(
        new Entry(name, brick.kind(), brick.parameters(), LIBRARY, brick.provenance())));
    return entries;
  }

  /**
   * Opens them with the backbone that they belong to, on the processor.
   *
   * @throws UsageException if there is no store
   */
  public static StoreBricks open(Path directory) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      RunSpec spec = record.spec().withThreads(1).withDevice(Device.CPU.name());
      Model model = Model.create(spec, record.image(), record.streamDigest(), new Ledger(spec.budget()));
      try {
        record.checkBackbone(model.backbone().name(), model.backbone().digest());
        @Nullable Commit head = store.head().orElse(null);
        if (head != null) {
          model.restore(store, head, List.of());
        }
        return new StoreBricks(directory, model, head == null ? List.of() : Documents.bricks(head));
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    }
  }

  /** The backbone of all of them. */
  public Backbone backbone() {
    return model.backbone();
  }

  /** The names in the library, in alphabetical order; nothing else is read of it. O(bricks). */
  public List<String> libraryNames() {
    return new Library(directory.resolve(LIBRARY)).names();
  }

  /** The store's directory. */
  Path directory() {
    return directory;
  }

  /** What tells each brick of the library from another that later has its name, by name. O(bricks). */
  SortedMap<String, String> stamps() {
    return new Library(directory.resolve(LIBRARY)).stamps();
  }

  /**
   * A brick with its tensors.
   *
   * @throws UsageException if there is none of that name, or it is no brick that can be taken out of its learner
   */
  public SavedBrick read(String name) {
    if (learned.stream().anyMatch(brick -> brick.name().equals(name))) {
      try (TensorScope scope = TensorScope.inference()) {
        return model.learner().saved(name).orElseThrow(() -> new UsageException("expected a brick with tensors of its own,"
            + " got " + name + ", which is part of what the technique keeps: choose another, such as brick"));
      }
    }
    var library = new Library(directory.resolve(LIBRARY));
    if (!library.has(name)) {
      var names = new ArrayList<>(learned.stream().map(Learner.BrickInfo::name).toList());
      names.addAll(library.names());
      throw new UsageException("expected a brick among " + String.join(", ", names) + " of the store " + directory
          + ", got " + name);
    }
    return library.read(name, backbone());
  }

  /**
   * Writes a brick into a new directory, in PEFT's layout where there is one for its kind.
   *
   * @throws UsageException if there is no such brick, or the directory holds something
   */
  public void exportTo(String name, Path out) {
    BrickFiles.write(out, read(name), backbone());
  }

  /**
   * Adds a brick to the library under a new name. Nothing is changed where it cannot be added.
   *
   * @throws UsageException if the name is taken
   */
  public void add(String name, SavedBrick brick) {
    requireFree(name);
    new Library(directory.resolve(LIBRARY)).add(name, brick, backbone());
  }

  /** @throws UsageException if the library has no brick of that name */
  void requireInLibrary(String brick) {
    if (!libraryNames().contains(brick)) {
      throw new UsageException("expected a brick of the library, one of " + String.join(", ", libraryNames())
          + ", got " + brick + Spelling.suggestion(brick, libraryNames()));
    }
  }

  /** @throws UsageException if a brick has that name */
  void requireFree(String name) {
    if (learned.stream().anyMatch(other -> other.name().equals(name))) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is one that was learned: choose"
          + " another");
    }
    if (new Library(directory.resolve(LIBRARY)).has(name)) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is taken: choose another");
    }
  }

  /**
   * Reads a brick from a directory and adds it to the library under a new name.
   *
   * @throws dev.perennial.FailureException if the files are damaged, or the brick is of another backbone
   */
  public void importFrom(Path in, String name) {
    add(name, BrickFiles.read(in, backbone()));
  }

  /** Frees the backbone. */
  @Override
  public void close() {
    model.close();
  }
}
