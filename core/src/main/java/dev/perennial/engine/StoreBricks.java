package dev.perennial.engine;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.brick.format.BrickFiles;
import dev.perennial.brick.library.Library;
import dev.perennial.budget.Ledger;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.learn.Learner;
import dev.perennial.measure.BrickRow;
import dev.perennial.measure.HistoryText;
import dev.perennial.measure.Metrics;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorFormat;
import dev.perennial.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * The bricks of a store: those that its learner has learned, as of the newest commit, and those of its library, which lie
 * beside the commits in the directory {@code library} and belong to the same backbone.
 *
 * <p>A run may be learning into the store meanwhile.
 */
public final class StoreBricks implements AutoCloseable {

  /** The directory of a store that holds its library. */
  public static final String LIBRARY = "library";

  /** The directories of a store that lie beside its commits: a backup and a fork take them along. */
  public static final List<String> BESIDE = List.of(LIBRARY, "routing");

  private final Path directory;
  private final RunSpec spec;
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

  private StoreBricks(Path directory, RunSpec spec, Model model, List<Learner.BrickInfo> learned) {
    this.directory = directory;
    this.spec = spec;
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
    library(directory).summaries().forEach((name, brick) -> entries.add(
        new Entry(name, brick.kind(), brick.parameters(), LIBRARY, brick.provenance())));
    return entries;
  }

  /**
   * What there is as reports list and draw it: learned bricks, then every version of those of the library; reads no
   * backbone.
   *
   * @throws UsageException if there is no store
   */
  public static List<BrickRow> lineage(Path directory) {
    var rows = new ArrayList<BrickRow>();
    try (Store store = Store.open(directory, Access.READ)) {
      RunSpec spec = RunRecord.fromJson(store.spec()).spec();
      store.head().ifPresent(head -> {
        var history = HistoryText.read(Documents.of(head, Documents.HISTORY));
        rows.addAll(BrickRows.learned(Documents.bricks(head), spec.technique(), history.evaluations().isEmpty()
            ? OptionalDouble.empty()
            : OptionalDouble.of(Metrics.of(history, spec.scenario().taskTold()).finalAccuracy())));
      });
    }
    rows.addAll(BrickRows.library(library(directory), rows.stream().map(BrickRow::name).toList()));
    return List.copyOf(rows);
  }

  /** The library of a store. */
  static Library library(Path directory) {
    return new Library(directory.resolve(LIBRARY));
  }

  /**
   * Opens them with the backbone that they belong to, on the processor.
   *
   * @throws UsageException if there is no store
   */
  public static StoreBricks open(Path directory) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      RunSpec spec = record.spec().withThreads(Runtime.getRuntime().availableProcessors()).withDevice(Device.CPU.name());
      Model model = Model.create(spec, record.image(), record.streamDigest(), new Ledger(spec.budget()));
      try {
        record.checkBackbone(model.backbone().name(), model.backbone().digest());
        try (StoredParts parts = store.openHead().orElse(null)) {
          if (parts != null) {
            model.restore(parts, List.of());
          }
          return new StoreBricks(
              directory, spec, model, parts == null ? List.of() : Documents.bricks(parts.commit()));
        }
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    }
  }

  /**
   * Makes a store of which nothing is learned yet, for bricks that were learned elsewhere to be added to its library.
   *
   * @param directory where it is made; it must not hold one
   * @param spec what they were learned on; its data give the rows that mergers are measured by
   * @param stream of these data
   * @return it, open
   */
  public static StoreBricks create(Path directory, RunSpec spec, Dataset dataset, Stream stream, Backbone backbone) {
    var record = new RunRecord(spec, dataset.name(), Run.imageShape(stream), stream.digest(), backbone.digest());
    Store.create(directory, record.toJson()).close();
    return open(directory);
  }

  /** The backbone of all of them. */
  public Backbone backbone() {
    return model.backbone();
  }

  /** The names in the library, in alphabetical order; nothing else is read of it. O(bricks). */
  public List<String> libraryNames() {
    return library().names();
  }

  /** The store's directory. */
  Path directory() {
    return directory;
  }

  /** What tells each brick of the library from another that later has its name, by name. O(bricks). */
  SortedMap<String, String> stamps() {
    return library().stamps();
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
    Library library = library();
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
   * What bricks were learned for, measured on the validation rows of the store's data.
   *
   * @param bricks by name, with their heads
   * @param perClass rows of a class at most, 0 for all
   * @throws UsageException if there are no validation rows, or no brick has a head that knows their classes
   */
  public ParentTasks tasks(Map<String, SavedBrick> bricks, int perClass) {
    return new ParentTasks(bricks, validationRows(perClass), backbone(), model.workers());
  }

  /**
   * The validation rows of the store's data whose label one of the bricks' heads knows.
   *
   * @param bricks by name, with their heads
   * @param perClass rows of a class at most, 0 for all
   * @throws UsageException if there are no validation rows, or no brick has a head that knows their classes
   */
  public MeasuredRows validation(Map<String, SavedBrick> bricks, int perClass) {
    var known = new HashSet<String>();
    bricks.values().forEach(brick -> brick.head().ifPresent(head -> known.addAll(head.classes())));
    List<Example> rows = validationRows(perClass).stream()
        .filter(row -> row.labels().size() == 1 && known.contains(row.label())).toList();
    if (rows.isEmpty()) {
      throw new UsageException("expected bricks with heads that know classes of the validation rows, got none among "
          + String.join(", ", bricks.keySet()) + ": use bricks that were learned or exported with their heads");
    }
    return new MeasuredRows(rows, backbone(), model.workers());
  }

  private List<Example> validationRows(int perClass) {
    return Datasets.read(spec.data().onValidation().withMaxTestPerClass(perClass), spec.seed()).test();
  }

  /**
   * Makes sure, before time is spent on a brick, that it can be added under a name.
   *
   * @throws UsageException if the name is taken
   */
  public void requireNew(String name) {
    if (library().has(name)) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is taken: choose another");
    }
    requireNotLearned(name);
  }

  /**
   * Adds a brick that was made of others of this store to the library under a new name. Its parents are kept with the
   * versions that their names stand for now. Nothing is changed where it cannot be added.
   *
   * @throws UsageException if the name is taken
   */
  public void add(String name, SavedBrick brick) {
    requireNotLearned(name);
    Provenance provenance = brick.provenance();
    String[] parents = provenance.parents().stream()
        .map(parent -> library().has(parent) ? versioned(parent) : parent).toArray(String[]::new);
    library().add(name, brick.withProvenance(provenance.withParents(parents)), backbone());
  }

  private void requireNotLearned(String name) {
    if (isLearned(name)) {
      throw new UsageException("expected a new name for a brick, got " + name + ", which is one that was learned: choose"
          + " another");
    }
  }

  /**
   * Adds what was made of a brick to the library: as the next version of a brick of the library, or, made of a brick
   * that was learned, under a name of its own.
   *
   * @param from the brick that it was made of
   * @param as the name that it is to have; null for that of the brick, or of a learned one {@code FROM-SUFFIX}
   * @param suffix for such a name, such as {@code shrunk}
   * @param writer of its tensors; null for safetensors
   * @return the version, as {@code NAME@2}
   * @throws UsageException if the name is that of a brick that was learned, or none
   */
  public String addMade(String from, @Nullable String as, String suffix, SavedBrick brick, TensorFormat.@Nullable Writer writer) {
    String name = as != null ? as : isLearned(from) ? from + "-" + suffix : Library.nameOf(from);
    if (isLearned(name)) {
      throw new UsageException("expected a name that no brick has that was learned, got " + name + ": choose another");
    }
    return library().addVersion(name, brick, backbone(), writer);
  }

  /** What lineage calls a brick: of the library, with its version. */
  public String versioned(String name) {
    return isLearned(name) ? name : library().versioned(name);
  }

  /**
   * Makes an older version of a brick of the library the newest again; nothing is lost.
   *
   * @param to the version, from 1; null for the previous one
   * @return the version that was added, as {@code NAME@3}
   * @throws UsageException if there is no such brick or version, or the brick is one that was learned
   */
  public String rollBack(String name, @Nullable Integer to) {
    if (isLearned(name)) {
      throw new UsageException("expected a brick of the library, got " + name + ", which is learned: its versions are the"
          + " commits of the store, see ./perennial inspect");
    }
    return library().rollBack(name, to, backbone());
  }

  private boolean isLearned(String name) {
    return learned.stream().anyMatch(brick -> brick.name().equals(name));
  }

  private Library library() {
    return library(directory);
  }

  /** @throws UsageException if the library has no brick of that name */
  void requireInLibrary(String brick) {
    if (!libraryNames().contains(brick)) {
      throw new UsageException("expected a brick of the library, one of " + String.join(", ", libraryNames())
          + ", got " + brick + Spelling.suggestion(brick, libraryNames()));
    }
  }

  /**
   * Reads a brick from a directory and adds it to the library under a new name.
   *
   * @throws dev.perennial.FailureException if the files are damaged, or the brick is of another backbone
   */
  public void importFrom(Path in, String name) {
    requireNotLearned(name);
    library().add(name, BrickFiles.read(in, backbone()), backbone());
  }

  /** Frees the backbone. */
  @Override
  public void close() {
    model.close();
  }
}
