package dev.perennial.engine;

import dev.perennial.FailureException;
import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Contradictions;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Calibration;
import dev.perennial.measure.Cost;
import dev.perennial.measure.HistoryText;
import dev.perennial.measure.Metrics;
import dev.perennial.measure.ReportRun;
import dev.perennial.measure.Result;
import dev.perennial.measure.Setup;
import dev.perennial.open.OpenLearner;
import dev.perennial.restart.Corrections;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.stream.Arrangement;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Scenarios;
import dev.perennial.stream.Stream;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One stream being learned, durably: what was committed survives a crash, and a resumed run goes on to the same bits.
 *
 * <p>A commit follows every experience that is evaluated, and before that as often as the {@link SnapshotOptions} say,
 * while learning waits or goes on. A rehearsal commits nothing. Used by one thread.
 */
public final class Run implements AutoCloseable {

  private static final double NANOS = 1e9;

  private final RunSpec spec;
  private final Stream stream;
  private final List<Experience> stages;
  private final String dataName;
  private final @Nullable Store store;
  private final Model model;
  private final Ledger ledger;
  private final RunListener listener;
  private final @Nullable Commits commits;
  private AccuracyHistory history;
  private final HistoryText historyText;
  private final List<Calibration> calibrations = new ArrayList<>();
  private Progress progress;
  private Position position;

  private Run(RunSpec spec, Stream stream, String dataName, @Nullable Store store, Model model, Ledger ledger,
      @Nullable Commit head, SnapshotOptions options, Clock clock, RunListener listener) {
    this.spec = spec;
    this.stream = stream;
    this.stages = stream.stages();
    this.dataName = dataName;
    this.store = store;
    this.model = model;
    this.ledger = ledger;
    this.listener = listener;
    commits = store == null ? null : new Commits(store, options, clock, listener);
    history = head == null ? AccuracyHistory.EMPTY : HistoryText.read(Documents.of(head, Documents.HISTORY));
    historyText = new HistoryText(history);
    if (head != null && head.documents().containsKey(Documents.CALIBRATION)) {
      calibrations.addAll(Calibration.fromJson(Documents.of(head, Documents.CALIBRATION)));
    }
    progress = head == null ? Progress.NONE : Progress.fromJson(Documents.of(head, Documents.PROGRESS));
    position = head == null ? Position.START : head.position();
    // In the order of the stream, whatever was learned already: so every input has the same home batch in every run.
    for (Experience experience : stream.experiences()) {
      model.cache().register(experience.train().stream().map(Example::input).toList());
      model.cache().register(experience.test().stream().map(Example::input).toList());
    }
    if (model.cache().cut() > 0) {
      listener.cut(model.cache().cut());
    }
    if (store != null && head != null) {
      int touched = position.experience() + (position.step() > 0 ? 1 : 0);
      try (StoredParts parts = store.parts(head)) {
        model.restore(parts, stream.experiences().subList(0, touched));
      }
    }
  }

  /**
   * Begins a run in a new store.
   *
   * @param directory where the store is made; it must not hold one
   * @throws UsageException if the spec asks for what there is not; nothing is made then
   */
  public static Run create(RunSpec asked, Path directory, Clock clock, RunListener listener) {
    return create(asked, directory, SnapshotOptions.DEFAULT, clock, listener);
  }

  /** The same with snapshots of one's choice. */
  public static Run create(
      RunSpec asked, Path directory, SnapshotOptions options, Clock clock, RunListener listener) {
    ResidentMemory.restartPeak();
    RunSpec spec = asked.fitted();
    Dataset dataset = Datasets.read(spec.data(), spec.seed());
    requireNotUnknown(spec, dataset);
    Stream stream = stream(spec, dataset);
    listener.prepared(dataset, stream);
    int[] image = imageShape(stream);
    var ledger = new Ledger(spec.budget());
    Model model = Model.create(spec, image, stream.digest(), ledger);
    try {
      var record = new RunRecord(spec, dataset.name(), image, stream.digest(), model.backbone().digest());
      Store store = Store.create(directory, record.toJson());
      return new Run(spec, stream, dataset.name(), store, model, ledger, null, options, clock, listener);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * Begins a run in memory alone, over rows that were read before: a trial, of which only the figures are wanted.
   *
   * @param dataset the rows to learn and, as its test rows, those to evaluate on, whatever the spec's data are
   * @throws UsageException if the spec asks for what there is not, or the rows do not make such a stream
   */
  public static Run rehearse(RunSpec spec, Dataset dataset, Clock clock, RunListener listener) {
    ResidentMemory.restartPeak();
    Techniques.load().choose(spec.technique(), spec.options());
    requireNotUnknown(spec, dataset);
    Stream stream = stream(spec, dataset);
    listener.prepared(dataset, stream);
    var ledger = new Ledger(spec.budget());
    Model model = Model.create(spec, imageShape(stream), stream.digest(), ledger);
    return new Run(spec, stream, dataset.name(), null, model, ledger, null, SnapshotOptions.DEFAULT, clock,
        listener);
  }

  /**
   * Goes on with a run where its last commit stands.
   *
   * @param budget new limits; null for those that it began with
   * @throws FailureException if the data or the backbone is not what the run began with
   */
  public static Run resume(Path directory, @Nullable Budget budget, Clock clock, RunListener listener) {
    return resume(directory, budget, SnapshotOptions.DEFAULT, clock, listener);
  }

  /** The same with snapshots of one's choice, whatever they were before. */
  public static Run resume(
      Path directory, @Nullable Budget budget, SnapshotOptions options, Clock clock, RunListener listener) {
    ResidentMemory.restartPeak();
    Store store = Store.open(directory, Access.WRITE);
    Model model = null;
    try {
      RunRecord record = RunRecord.fromJson(store.spec());
      Corrections corrections = Corrections.of(directory);
      RunSpec spec = record.spec().withOptions(corrections.options());
      spec = budget == null ? spec : spec.withBudget(budget);
      Dataset dataset = Datasets.read(spec.data(), spec.seed());
      Stream stream = stream(spec, dataset);
      record.checkStream(stream);
      stream = corrections.apply(stream);
      listener.prepared(dataset, stream);
      Commit head = store.head().orElse(null);
      if (head != null) {
        Documents.requirePlain(head);
      }
      store.fallback().ifPresent(listener::fellBack);
      Ledger ledger = head == null
          ? new Ledger(spec.budget())
          : Ledger.fromJson(Documents.of(head, Documents.LEDGER), spec.budget());
      model = Model.create(spec, record.image(), record.streamDigest(), ledger);
      record.checkBackbone(model.backbone().name(), model.backbone().digest());
      return new Run(spec, stream, dataset.name(), store, model, ledger, head, options, clock, listener);
    } catch (RuntimeException e) {
      if (model != null) {
        model.close();
      }
      store.close();
      throw e;
    }
  }

  /**
   * Makes sure that a store holds the run that is asked for; limits and threads may be others.
   *
   * @throws UsageException if it holds another run
   */
  public static void requireSame(Path directory, RunSpec asked) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunSpec kept = RunRecord.fromJson(store.spec()).spec();
      RunSpec comparable = asked.fitted().withBudget(kept.budget()).withThreads(kept.threads());
      if (!comparable.equals(kept)) {
        throw new UsageException("expected the run that the store " + directory + " holds, got another one (there "
            + kept.technique() + " " + kept.options() + " on " + String.join(", ", kept.data().sources())
            + "): ask for the same, name another directory, or go on with it by ./perennial resume");
      }
    }
  }

  private static void requireNotUnknown(RunSpec spec, Dataset dataset) {
    Prediction.requireNotUnknown(
        spec, dataset.train().stream().flatMap(row -> row.labels().stream()).collect(Collectors.toSet()));
  }

  private static Stream stream(RunSpec spec, Dataset dataset) {
    Stream stream = Streams.of(dataset, spec.scenario(), spec.tasks(), spec.seed());
    boolean pieces = Scenarios.load().choose(spec.scenario()).has(Arrangement.Trait.ONE_PASS);
    // Of pieces only the last of a stage has test rows, and the stream ends with a stage.
    int last = stream.experiences().size() - 1;
    for (Experience experience : stream.experiences().subList(pieces ? last : 0, last + 1)) {
      if (experience.test().isEmpty()) {
        throw new UsageException("expected test rows for every experience, and experience " + (experience.index() + 1)
            + " (" + experience.name() + ") has none: hold out more rows, or ask for fewer tasks");
      }
    }
    return stream;
  }

  static int[] imageShape(Stream stream) {
    return stream.experiences().getFirst().train().getFirst().input() instanceof Input.Image image
        ? new int[] {image.channels(), image.height(), image.width()}
        : new int[0];
  }

  /**
   * Learns what is left of the stream, and evaluates after every experience.
   *
   * @return the figures
   * @throws FailureException if the budget ends before the stream does; what was learned until then is committed
   */
  public Result execute() {
    Learner learner = model.learner();
    while (position.experience() < stream.experiences().size()) {
      Experience experience = stream.experiences().get(position.experience());
      learn(learner, experience);
      progress = progress.finished(experience.train().size());
      position = new Position(position.experience() + 1, 0);
      if (!experience.test().isEmpty()) {
        evaluate(learner, stages.get(history.evaluations().size()));
        commit();
      } else {
        commitIfDue();
      }
    }
    if (commits != null) {
      commits.settle();
    }
    return result();
  }

  private void evaluate(Learner learner, Experience stage) {
    listener.evaluating(stage);
    long start = System.nanoTime();
    Trust trust = learner instanceof OpenLearner open ? new Trust(open) : null;
    history = history.with(Evaluator.evaluate(learner, stages.subList(0, stage.index() + 1), trust));
    historyText.add(history.last());
    if (trust != null) {
      calibrations.add(trust.calibration());
    }
    progress = progress.evaluated((System.nanoTime() - start) / NANOS);
    listener.evaluated(stage, history);
  }

  private void learn(Learner learner, Experience experience) {
    long steps = learner.steps(experience);
    listener.began(experience, position.step(), steps);
    if (position.step() == 0) {
      ledger.charge(
          new Ledger.Entry("rows of " + experience.name(), Resource.LABELS, experience.train().size(), experience.index()));
    }
    for (long step = position.step(); step < steps; step++) {
      checkTime(experience, step);
      long start = System.nanoTime();
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(experience, step);
      }
      progress = progress.learned((System.nanoTime() - start) / NANOS);
      if (commits != null) {
        commits.stepped();
      }
      listener.stepped(experience, step, steps);
      if (step + 1 < steps) {
        position = new Position(experience.index(), step + 1);
        commitIfDue();
      }
    }
  }

  private void commitIfDue() {
    if (commits != null) {
      commits.ifDue(this::commit);
    }
  }

  private void checkTime(Experience experience, long step) {
    double limit = spec.budget().limit(Resource.SECONDS).orElse(Double.POSITIVE_INFINITY);
    if (progress.learnSeconds() < limit) {
      return;
    }
    if (step > 0 || experience.index() > 0) {
      position = new Position(experience.index(), step);
      commit();
    }
    if (commits != null) {
      commits.settle();
    }
    String kept = store == null ? "" : "; what was learned is in " + store.directory()
        + ": go on with perennial resume --store " + store.directory() + " --budget seconds=...";
    throw new FailureException("the budget of " + Resource.SECONDS.format(limit) + " of learning is used up in experience "
        + (experience.index() + 1) + " of " + stream.experiences().size() + kept);
  }

  private void commit() {
    progress = progress.peaked(ResidentMemory.peak());
    if (commits == null) {
      return;
    }
    try (TensorScope scope = TensorScope.inference()) {
      List<StatePart> state = model.learner().state();
      listener.committing(state);
      var documents = new HashMap<>(Map.of(
          Documents.LEDGER, ledger.toJson(),
          Documents.HISTORY, historyText.text(),
          Documents.PROGRESS, progress.toJson(),
          Documents.BRICKS, Documents.bricks(model.learner().bricks())));
      if (!calibrations.isEmpty()) {
        documents.put(Documents.CALIBRATION, Calibration.toJson(calibrations));
      }
      commits.commit(position, state, documents);
    }
  }

  /** The figures of what was learned so far. */
  public Result result() {
    if (history.evaluations().isEmpty()) {
      throw new UsageException("no experience was learned in whole yet: execute or resume the run first");
    }
    var options = Techniques.load().choose(spec.technique(), spec.options()).options();
    var setup = new Setup(spec.technique(), Options.flat(options), spec.seed(),
        spec.scenario().text(), stages.size(), model.learner().classNames().size());
    Learner.Footprint footprint = model.learner().footprint();
    // Of the last commit, so that a finished run that is opened again has the same figures.
    double rate = progress.learnSeconds() > 0 ? progress.rows() / progress.learnSeconds() : 0;
    var cost = new Cost(footprint.trainableParameters(), footprint.addedBytes(), footprint.memoryBytes(),
        progress.learnSeconds(), progress.evaluateSeconds(), rate, progress.peakResidentBytes());
    try (TensorScope scope = TensorScope.inference()) {
      return Result.of(setup, Metrics.of(history, spec.scenario().taskTold()), calibrations, cost,
          StateDigest.of(model.learner().state()));
    }
  }

  /** What the report shows of this run. */
  public ReportRun reportRun(String name) {
    var facts = new LinkedHashMap<String, String>();
    facts.put("Data", dataName);
    facts.put("Backbone", model.backbone().name() + ", digest " + model.backbone().digest().substring(0, 12));
    facts.put("Threads", Integer.toString(spec.threads()));
    facts.put("Libraries", LibTorch.version());
    facts.put("Java", Runtime.version().toString());
    Contradictions contradictions =
        Contradictions.of(stream.experiences().stream().flatMap(e -> e.train().stream()).toList());
    if (contradictions.texts() > 0) {
      facts.put("Texts with several labels", Integer.toString(contradictions.texts()));
    }
    if (model.cache().cut() > 0) {
      facts.put("Texts cut", Long.toString(model.cache().cut()));
    }
    if (store != null) {
      facts.put("Store", store.directory().toString());
    }
    Result result = result();
    List<Learner.BrickInfo> learned = model.learner().bricks();
    var bricks = new ArrayList<>(
        BrickRows.learned(learned, spec.technique(), OptionalDouble.of(result.finalAccuracy())));
    if (store != null) {
      bricks.addAll(BrickRows.library(
          StoreBricks.library(store.directory()), learned.stream().map(Learner.BrickInfo::name).toList()));
    }
    return new ReportRun(name, result, history, stages.stream().map(Experience::name).toList(),
        spec.budget(), ledger.entries(), bricks, facts);
  }

  /** Predicts with what was learned so far. */
  public List<Prediction> predict(List<String> texts, int top) {
    return Prediction.of(model.learner(), texts, top);
  }

  /**
   * The places of the rows that a step learns among those of its experience, as far as the learner can tell.
   *
   * @param experience that is being learned
   */
  public List<Integer> rows(Experience experience, long step) {
    Set<Example> learned = Collections.newSetFromMap(new IdentityHashMap<>());
    learned.addAll(model.learner().rows(experience, step));
    List<Example> rows = experience.train();
    return IntStream.range(0, rows.size()).filter(place -> learned.contains(rows.get(place))).boxed().toList();
  }

  /** The options that the technique learns with, those left out included, by name. */
  public Map<String, Object> options() {
    return Options.flat(Techniques.load().choose(spec.technique(), spec.options()).options());
  }

  /** The stream that is learned. */
  public Stream stream() {
    return stream;
  }

  /** Frees the model and gives back the right to write to the store, when what was taken is durable. */
  @Override
  public void close() {
    try {
      if (commits != null) {
        commits.close();
      }
    } finally {
      model.close();
    }
  }
}
