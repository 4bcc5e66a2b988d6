package dev.perennial.server.model;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.budget.Budget;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunRecord;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.learn.analytic.FirstSessionAnalytic;
import dev.perennial.learn.analytic.GAcil;
import dev.perennial.learn.analytic.LatentReplay;
import dev.perennial.learn.analytic.Source;
import dev.perennial.learn.auto.Auto;
import dev.perennial.learn.auto.InCharge;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * A store as it is served: what it says of its model, and how far into the journal its commits reach.
 *
 * @param directory of the store
 * @param record what the store says of the run or the server that fills it
 * @param options of its head, where it is one that takes rows at any time; empty for other techniques
 * @param adapter the name of the brick under the head; empty where there is none
 * @param prefix what the names of the parts begin with that belong to what is served; empty for all
 */
public record ModelDirectory(
    Path directory, RunRecord record, Optional<AnalyticOptions> options, Optional<String> adapter, String prefix) {

  /** The technique of models that begin in a server: it learns row by row, and any class at any time. */
  private static final String TECHNIQUE = "g-acil";

  /** The brick of a technique that adapts the backbone. */
  private static final String ADAPTER = "adapter";

  /** The document of a commit that says which line of the journal it has learned last. */
  private static final String SERVED = "served";

  /** The parts of a state that a head's predictions are made from. */
  static final String CLASSES = "classes";

  static final String HEAD = "head";
  static final String STATISTICS = "statistics";

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * What such a document holds.
   *
   * @param journal the last line of the journal that was learned
   * @param rows that were learned, in all
   */
  record Served(long journal, long rows) {}

  /** Whether there is a store. */
  public static boolean exists(Path directory) {
    return Files.exists(directory.resolve("perennial.db"));
  }

  /**
   * Makes the store of a model that has learned nothing.
   *
   * @param backboneName such as {@code minilm}
   * @param options those of g-acil that are not its defaults, such as {@code features}
   * @param line of the journal from after which on lines of its name are for it
   * @throws dev.perennial.UsageException if there is one already, or an option does not fit
   */
  public static void create(
      Path directory, String backboneName, Backbone backbone, SortedMap<String, String> options, long seed,
      long line, Clock clock) {
    Techniques.load().choose(TECHNIQUE, options);
    RunSpec defaults = RunSpec.of(DataSpec.served(), 0);
    var spec = new RunSpec(defaults.data(), defaults.scenario(), 0, TECHNIQUE, options, backboneName, defaults.device(),
        Budget.UNLIMITED, seed, defaults.threads());
    var record = new RunRecord(spec, SERVED, new int[0], SERVED, backbone.digest());
    try (Store store = Store.create(directory, record.toJson());
        var learning = AnalyticLearning.nothing(read(directory), backbone, store)) {
      learning.reached(line);
      learning.commit(clock);
    }
  }

  /**
   * Reads what a store is.
   *
   * @throws dev.perennial.UsageException if there is none
   */
  public static ModelDirectory read(Path directory) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      Record options = Techniques.load().choose(record.spec().technique(), record.spec().options()).options();
      // What a learner in an open world keeps beside its head needs whole experiences.
      boolean rowByRow = record.image().length == 0 && record.spec().open() == null;
      return switch (options) {
        case GAcil.Options(AnalyticOptions head, Source source) when rowByRow && source != Source.PATCHES ->
            new ModelDirectory(directory, record, Optional.of(head), Optional.empty(), "");
        case FirstSessionAnalytic.Options first when rowByRow ->
            new ModelDirectory(directory, record, Optional.of(first.analytic()), Optional.of(ADAPTER), "");
        case LatentReplay.Options replay when rowByRow ->
            new ModelDirectory(directory, record, Optional.of(replay.analytic()), Optional.of(ADAPTER), "");
        case Auto.Options auto when rowByRow -> inCharge(directory, record, auto.analytic());
        default -> new ModelDirectory(directory, record, Optional.empty(), Optional.empty(), "");
      };
    }
  }

  /** The candidate that is in charge is what is served. */
  private static ModelDirectory inCharge(Path directory, RunRecord record, AnalyticOptions head) {
    try (StoredParts parts = StoredParts.newest(directory, InCharge.PART::equals)) {
      InCharge inCharge = InCharge.of(parts.part(InCharge.PART));
      Optional<String> adapter = inCharge.isAdapted() ? Optional.of(ADAPTER) : Optional.empty();
      return new ModelDirectory(directory, record, Optional.of(head), adapter, inCharge.prefix());
    }
  }

  /** The documents of the next commit: those of the one before, and how far into the journal it reaches. */
  static Map<String, String> with(Map<String, String> documents, Served served) {
    try {
      var all = new TreeMap<>(documents);
      all.put(SERVED, JSON.writeValueAsString(served));
      return all;
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("numbers can be written", e);
    }
  }

  /** The last line of the journal that a commit has learned, and rows in all; 0 where it was made by a run. */
  static Served served(Commit commit) {
    String document = commit.documents().get(SERVED);
    if (document == null) {
      return new Served(0, 0);
    }
    try {
      return JSON.readValue(document, Served.class);
    } catch (JsonProcessingException e) {
      throw new FailureException("expected the place in the journal in commit " + commit.id() + ", found \"" + document
          + "\": put a copy of the store back", e);
    }
  }
}
