package dev.perennial.server.model;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.Provenance;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.engine.Documents;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.learn.auto.InCharge;
import dev.perennial.server.drift.DriftWatch;
import dev.perennial.server.journal.Entry;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.PartRef;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The learning side of a model: the sums of its analytic head, its store open for writing, and how far into the journal it
 * has come. Belongs to the one thread that learns.
 *
 * <p>Rows are added to the sums, or subtracted, in any order and any split; the head is solved from them when it is to be
 * published. So what it knows is what ridge regression on all rows at once would know, and rows that are taken back leave
 * nothing but rounding.
 */
final class AnalyticLearning implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(AnalyticLearning.class.getName());

  private final ModelDirectory directory;
  private final Backbone backbone;
  private final Store store;
  private final boolean ownsStore;
  private final Workers workers;
  private final AnalyticHead head;
  private final Classes classes = new Classes();
  private final DriftWatch drift = new DriftWatch();
  /** The commit that this went on from; its parts below the head are kept as they are. */
  private final @Nullable StoredParts begun;
  /** Which candidate of auto this is; null for other techniques. */
  private @Nullable InCharge inCharge;
  private Map<String, String> documents = Map.of();
  private Position position = Position.START;
  private long through;
  private long committed;

  private AnalyticLearning(ModelDirectory directory, Backbone backbone, Store store, boolean ownsStore) {
    this.directory = directory;
    this.backbone = backbone;
    this.store = store;
    this.ownsStore = ownsStore;
    // One thread: more for a solution would reach into the passes of predictions, whose BLAS is the same.
    this.workers = new Workers(1);
    AnalyticOptions options = directory.options().orElseThrow();
    this.head = new AnalyticHead(options.features(), options.ridge(), workers);
    this.begun = store.openHead().orElse(null);
  }

  /** Of a store that was just made, and is closed by its caller. */
  static AnalyticLearning nothing(ModelDirectory directory, Backbone backbone, Store store) {
    var learning = new AnalyticLearning(directory, backbone, store, false);
    learning.documents = Documents.served(new Ledger(Budget.UNLIMITED), List.of());
    return learning;
  }

  /**
   * Opens a model's store for writing and restores its sums. O(features²).
   *
   * @throws FailureException if another process writes to it, or it is damaged
   */
  static AnalyticLearning open(ServedModel model) {
    Path path = model.directory().directory();
    Store store = Store.open(path, Access.WRITE);
    AnalyticLearning learning = null;
    try {
      learning = new AnalyticLearning(model.directory(), model.encoder().orElseThrow().backbone(), store, true);
      learning.restore();
      return learning;
    } catch (RuntimeException e) {
      if (learning == null) {
        store.close();
      } else {
        learning.close();
      }
      throw e;
    }
  }

  private void restore() {
    StoredParts parts = begun;
    if (parts == null) {
      throw new FailureException("the store " + directory.directory() + " has no commit yet: learn into it first, or serve"
          + " a new directory");
    }
    Commit commit = parts.commit();
    documents = commit.documents();
    position = commit.position();
    if (!directory.prefix().isEmpty()) {
      settle(InCharge.of(parts.part(InCharge.PART)));
    }
    Map<String, StatePart> own = LearnerState.under(directory.prefix(), parts.parts());
    LearnerState.requireOrigin(own, backbone);
    classes.restore(own);
    StatePart statistics = own.get(ModelDirectory.STATISTICS);
    try (TensorScope scope = TensorScope.inference()) {
      if (statistics != null) {
        head.restore(statistics, LearnerState.part(own, ModelDirectory.HEAD));
      } else {
        head.grow(classes.size());
      }
    }
    StatePart watched = parts.parts().get(DriftWatch.PART);
    if (watched != null) {
      drift.restore(watched);
    }
    through = ModelDirectory.served(commit).journal();
    committed = through;
  }

  /** Rows that come now are learned by the candidate in charge alone, so the others are out from the next commit on. */
  private void settle(InCharge found) {
    if (!found.prefix().equals(directory.prefix())) {
      throw new FailureException("expected " + directory.prefix() + " in charge of " + directory.directory() + ", found "
          + found.name() + ": it was learned meanwhile; start the server again");
    }
    inCharge = found.alone();
    if (!found.others().isEmpty()) {
      Ledger ledger = Ledger.fromJson(documents.getOrDefault(Documents.LEDGER, "[]"), directory.record().spec().budget());
      int last = Math.max(0, position.experience() - (position.step() > 0 ? 0 : 1));
      found.others().forEach(other -> ledger.place(found.out(other, last, "as rows come while it is served")));
      documents = new HashMap<>(documents);
      documents.put(Documents.LEDGER, ledger.toJson());
      LOG.log(Level.INFO, directory.directory() + ": " + found.name() + " is in charge and learns what comes; "
          + String.join(", ", found.others()) + " is out as soon as something does");
    }
  }

  /** The last line of the journal that it has learned. */
  long through() {
    return through;
  }

  /** Whether there is something that its commits do not hold. */
  boolean isDirty() {
    return through > committed;
  }

  /** What watches the rows that it learns. */
  DriftWatch drift() {
    return drift;
  }

  /** Whether it has learned nothing: there are no sums of features that another encoder made. */
  boolean isNew() {
    return classes.size() == 0 && head.rows() == 0;
  }

  /** Makes durable that its features are those of a backbone in which a brick acts, while it has no others. */
  Commit enable(String version, Clock clock) {
    Map<String, String> before = documents;
    documents = EnabledBrick.with(before, version);
    boolean done = false;
    try {
      Commit commit = commit(clock);
      done = true;
      return commit;
    } finally {
      documents = done ? documents : before;
    }
  }

  /** Adds rows to the sums; features and rows go together. */
  void add(Tensor features, List<Entry> rows) {
    classes.add(rows.stream().map(Entry::label).distinct().toList());
    head.grow(classes.size());
    head.add(features, labels(rows));
  }

  /** Subtracts rows that were added before. */
  void remove(Tensor features, List<Entry> rows) {
    head.remove(features, labels(rows));
  }

  private long[] labels(List<Entry> rows) {
    return rows.stream().mapToLong(row -> classes.indexOf(row.label())).toArray();
  }

  /** Everything up to a line is learned, or is not for this model. */
  void reached(long line) {
    through = Math.max(through, line);
  }

  /** Solves for the head, and gives it as a snapshot. O(features³ / 3). */
  HeadSnapshot solve(long number) {
    if (head.rows() > 0) {
      try (TensorScope scope = TensorScope.inference()) {
        head.solve();
      }
    }
    float[] weights = Objects.requireNonNull(head.weights().get("weight")).floats();
    return new HeadSnapshot(number, classes.names(), weights, head.rows(), through);
  }

  /** Makes the state durable. */
  Commit commit(Clock clock) {
    String prefix = directory.prefix();
    var parts = new ArrayList<StatePart>();
    var unchanged = new HashMap<String, PartRef>();
    StoredParts before = begun;
    if (before == null) {
      parts.add(LearnerState.origin(backbone, 0));
    } else {
      for (PartRef ref : before.commit().parts()) {
        if (ref.name().startsWith(prefix) && !isWritten(ref.name().substring(prefix.length()))) {
          parts.add(before.part(ref.name()));
          unchanged.put(ref.name(), ref);
        }
      }
    }
    parts.add(classes.state());
    if (inCharge != null) {
      parts.add(inCharge.part());
      parts.add(StatePart.of(prefix + ModelDirectory.CLASSES, Combine.LATEST, classes.state().tensors()));
    }
    parts.add(StatePart.of(prefix + ModelDirectory.HEAD, Combine.LATEST, head.weights()));
    if (head.rows() > 0) {
      parts.add(StatePart.of(prefix + ModelDirectory.STATISTICS, Combine.SUM, head.statistics()));
    }
    parts.add(drift.state());
    var written = new HashMap<>(documents);
    written.put(Documents.BRICKS, bricks());
    Commit commit = store.commit(
        position, parts, unchanged, ModelDirectory.with(written, new ModelDirectory.Served(through, head.rows())), clock.instant());
    store.collect(2);
    committed = through;
    return commit;
  }

  private static boolean isWritten(String part) {
    return part.equals(ModelDirectory.CLASSES) || part.equals(ModelDirectory.HEAD)
        || part.equals(ModelDirectory.STATISTICS) || part.equals(DriftWatch.PART);
  }

  /** The bricks of the commit that this went on from, and the head as it is now. */
  private String bricks() {
    var bricks = new ArrayList<Learner.BrickInfo>();
    var record = directory.record();
    Provenance provenance = Provenance.of(
        record.streamDigest(), record.spec().seed(), record.spec().technique(), "", backbone);
    StoredParts before = begun;
    if (before != null) {
      for (Learner.BrickInfo brick : Documents.bricks(before.commit())) {
        if (brick.name().equals("head")) {
          provenance = brick.provenance();
        } else {
          bricks.add(brick);
        }
      }
    }
    if (classes.size() > 0) {
      bricks.add(new Learner.BrickInfo("head", "analytic-head", head.parameters(), List.of(), provenance));
    }
    return Documents.bricks(bricks);
  }

  /** Bytes of memory, most of it native. */
  long bytes() {
    return head.statisticsBytes() + Float.BYTES * head.parameters() + drift.bytes();
  }

  @Override
  public void close() {
    head.close();
    workers.close();
    if (begun != null) {
      begun.close();
    }
    if (ownsStore) {
      store.close();
    }
  }
}
