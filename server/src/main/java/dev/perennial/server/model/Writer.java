package dev.perennial.server.model;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.backbone.Row;
import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.Entry;
import dev.perennial.server.journal.Journal;
import dev.perennial.store.Commit;
import dev.perennial.tensor.TensorScope;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The one thread that learns, for all models of a process.
 *
 * <p>It reads the journal from where the models' own commits end, learns what is there in small batches, and publishes a
 * snapshot after each; from time to time it commits. After a crash it does the same, and so does what it would have done.
 */
public final class Writer implements AutoCloseable {

  /** Lines that are read at once, after which models are solved and published. */
  private static final int MICRO_BATCH = 256;

  /** Rows of a pass: many, or few while predictions are waited for. */
  private static final int PASS = 32;

  private static final int SMALL_PASS = 4;

  private static final System.Logger LOG = System.getLogger(Writer.class.getName());

  private final Journal journal;
  private final Models models;
  private final Pace pace;
  private final WriterOptions options;
  private final ServerListener listener;
  private final Clock clock;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("perennial-writer").daemon().factory());
  private final Progress progress = new Progress();
  private final LinkedHashMap<String, AnalyticLearning> learning = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<String> held = new HashSet<>();
  private final Map<String, String> problems = new ConcurrentHashMap<>();
  private long cursor;
  private long lastCommit = System.nanoTime();

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Queue<Order<?>> orders = new ArrayDeque<>();
  private long durable;
  private long visible;
  private boolean stopping;
  private boolean ended;
  private volatile boolean abandoned;
  private @Nullable RuntimeException failure;

  private record Order<T>(Function<Writer, T> work, CompletableFuture<T> done) {}

  /** A writer that has not begun. */
  public Writer(
      Journal journal, Models models, Pace pace, WriterOptions options, ServerListener listener, Clock clock) {
    this.journal = journal;
    this.models = models;
    this.pace = pace;
    this.options = options;
    this.listener = listener;
    this.clock = clock;
    this.cursor = journal.settled();
    this.visible = cursor;
    this.durable = journal.last();
  }

  /** Begins with what the journal holds and models do not. */
  public void start() {
    journal.listen(this::durable);
    thread.execute(this::run);
  }

  private void durable(long last) {
    lock.lock();
    try {
      durable = last;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void run() {
    try {
      while (awaitWork()) {
        obey();
        List<Entry> lines = journal.after(cursor, MICRO_BATCH);
        if (!lines.isEmpty()) {
          learn(lines);
        }
        commitIfDue();
      }
      if (!abandoned) {
        commitAll();
      }
    } catch (RuntimeException e) {
      fail(e);
    } finally {
      learning.values().forEach(AnalyticLearning::close);
      learning.clear();
      end();
    }
  }

  /** Waits for something to do; false when it is time to end. */
  private boolean awaitWork() {
    lock.lock();
    try {
      while (!stopping && orders.isEmpty() && cursor >= durable) {
        long left = options.commitEvery().toNanos() - (System.nanoTime() - lastCommit);
        if (!isDirty()) {
          changed.await();
        } else if (left <= 0 || changed.awaitNanos(left) <= 0) {
          return true;
        }
      }
      return !stopping;
    } catch (InterruptedException e) {
      throw new IllegalStateException("nobody interrupts the writer", e);
    } finally {
      lock.unlock();
    }
  }

  private void learn(List<Entry> lines) {
    if (!isDirty()) {
      lastCommit = System.nanoTime();
    }
    var byModel = new LinkedHashMap<String, List<Entry>>();
    lines.forEach(line -> byModel.computeIfAbsent(line.model(), name -> new ArrayList<>()).add(line));
    byModel.forEach(this::learn);
    cursor = lines.getLast().seq();
    lock.lock();
    try {
      visible = cursor;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void learn(String name, List<Entry> lines) {
    if (problems.containsKey(name)) {
      // Its lines stay in the journal, from where the next process goes on with it.
      progress.skipped(lines.size());
      return;
    }
    try {
      ServedModel model = models.open(name);
      learn(model, learning(model), lines);
    } catch (Refused e) {
      // A model that was deleted after it was taught: there is nothing left to learn into.
      progress.skipped(lines.size());
    } catch (FailureException e) {
      giveUp(name, e);
    }
  }

  /** Learns nothing more for a model whose store or whose rows fail; what it has learned half is forgotten. */
  private void giveUp(String name, FailureException problem) {
    if (held.contains(name)) {
      throw problem;
    }
    LOG.log(Level.WARNING, "the model " + name + " learns no more: " + problem.getMessage());
    problems.put(name, String.valueOf(problem.getMessage()));
    AnalyticLearning state = learning.remove(name);
    if (state != null) {
      state.close();
    }
  }

  private void learn(ServedModel model, AnalyticLearning state, List<Entry> lines) {
    List<Entry> news = lines.stream().filter(line -> line.seq() > state.through()).toList();
    if (news.isEmpty()) {
      return;
    }
    var outcomes = new ArrayList<Outcome>();
    int next = 0;
    while (next < news.size()) {
      int from = next;
      if (news.get(from).kind() == Entry.Kind.REMOVAL) {
        next++;
        List<Entry> removed = journal.removedBy(news.get(from));
        passes(model, removed, (encoded, rows) -> state.remove(encoded.features(), rows));
        listener.removed(model.name(), news.get(from).source(), removed.size());
      } else {
        while (next < news.size() && news.get(next).kind() == Entry.Kind.ROW) {
          next++;
        }
        passes(model, news.subList(from, next), (encoded, rows) -> {
          tell(model, encoded, rows, outcomes);
          state.add(encoded.features(), rows);
        });
      }
    }
    state.reached(news.getLast().seq());
    publish(model, state);
    watch(model.name(), state, outcomes);
    makeRoom(model.name());
  }

  /** Whether a row was foreseen, for the detectors of drift. */
  private record Outcome(long line, boolean wrong, float[] embedding) {}

  /** Passes are sorted by length, which detectors would take for a drift: they see rows as they came. */
  private void watch(String name, AnalyticLearning state, List<Outcome> outcomes) {
    outcomes.sort(Comparator.comparingLong(Outcome::line));
    outcomes.forEach(outcome -> state.drift().observe(outcome.wrong, outcome.embedding));
    listener.watched(name, state.drift().signals());
  }

  private interface Step {
    void take(Encoder.Encoded encoded, List<Entry> rows);
  }

  /** Rows in passes of like lengths, each followed by a rest where predictions are waited for. */
  private void passes(ServedModel model, List<Entry> rows, Step step) {
    Encoder encoder = model.encoder().orElseThrow();
    List<Row> prepared = encoder.prepare(rows.stream().map(Entry::requireText).toList());
    var order = new ArrayList<Integer>();
    for (int i = 0; i < rows.size(); i++) {
      order.add(i);
    }
    order.sort(Comparator.comparingInt(i -> prepared.get(i).length()));
    int next = 0;
    while (next < order.size()) {
      long began = System.nanoTime();
      List<Integer> pass = order.subList(next, Math.min(order.size(), next + (pace.yields() ? SMALL_PASS : PASS)));
      try (TensorScope scope = TensorScope.inference()) {
        step.take(encoder.encode(pass.stream().map(prepared::get).toList()), pass.stream().map(rows::get).toList());
      }
      next += pass.size();
      pace.rest(System.nanoTime() - began);
    }
  }

  /** Says what the model would have said of rows that it is about to learn. */
  private void tell(ServedModel model, Encoder.Encoded encoded, List<Entry> rows, List<Outcome> outcomes) {
    HeadSnapshot snapshot = model.snapshot();
    List<String> predicted = Scoring.best(encoded.features(), snapshot);
    for (int i = 0; i < rows.size(); i++) {
      Entry row = rows.get(i);
      boolean right = predicted.get(i).equals(row.label());
      float[] embedding = encoded.embedding(i, rows.size());
      progress.learned(right);
      outcomes.add(new Outcome(row.seq(), !right, embedding));
      listener.learning(model.name(), new Intake.Row(row.requireText(), row.label()), embedding, predicted.get(i));
    }
  }

  private void publish(ServedModel model, AnalyticLearning state) {
    long began = System.nanoTime();
    HeadSnapshot snapshot = state.solve(model.snapshot().number() + 1);
    models.publish(model.name(), snapshot);
    progress.published(System.nanoTime() - began);
    listener.published(model.name(), snapshot.number(), snapshot.through());
    pace.rest(System.nanoTime() - began);
  }

  private AnalyticLearning learning(ServedModel model) {
    AnalyticLearning state = learning.get(model.name());
    if (state == null) {
      model.requireLearns();
      state = AnalyticLearning.open(model);
      learning.put(model.name(), state);
    }
    return state;
  }

  /** Commits and closes models until the others fit; the one in use stays. */
  private void makeRoom(String inUse) {
    long bytes = learning.values().stream().mapToLong(AnalyticLearning::bytes).sum();
    var oldest = learning.entrySet().iterator();
    while (bytes > options.memory() && oldest.hasNext()) {
      Map.Entry<String, AnalyticLearning> entry = oldest.next();
      if (!entry.getKey().equals(inUse) && !held.contains(entry.getKey())) {
        bytes -= entry.getValue().bytes();
        oldest.remove();
        give(entry.getKey(), entry.getValue());
      }
    }
  }

  /** Commits a model where there is something to, and closes it. */
  private void give(String name, AnalyticLearning state) {
    try (state) {
      commit(name, state);
    }
  }

  private void commitIfDue() {
    if (isDirty() && System.nanoTime() - lastCommit >= options.commitEvery().toNanos()) {
      commitAll();
    }
  }

  private boolean isDirty() {
    return learning.values().stream().anyMatch(AnalyticLearning::isDirty);
  }

  private void commitAll() {
    learning.forEach(this::commit);
    lastCommit = System.nanoTime();
  }

  private void commit(String name, AnalyticLearning state) {
    if (state.isDirty()) {
      long began = System.nanoTime();
      Commit commit;
      try {
        commit = state.commit(clock);
      } catch (FailureException e) {
        // It is all in the journal, and is committed at the next time, or learned again by the next process.
        LOG.log(Level.WARNING, "the model " + name + " could not be committed: " + e.getMessage());
        progress.notCommitted();
        return;
      }
      committed(name, state, commit, began);
    }
  }

  private void committed(String name, AnalyticLearning state, Commit commit, long began) {
    journal.committed(name, state.through());
    models.open(name).committed(state.through());
    progress.committed(commit.id(), System.nanoTime() - began);
    listener.committed(name, commit.id(), state.through());
  }

  /** Does what other threads have asked for. */
  private void obey() {
    while (true) {
      Order<?> order;
      lock.lock();
      try {
        order = orders.poll();
      } finally {
        lock.unlock();
      }
      if (order == null) {
        return;
      }
      obey(order);
    }
  }

  private <T> void obey(Order<T> order) {
    try {
      order.done.complete(order.work.apply(this));
    } catch (PerennialException e) {
      order.done.completeExceptionally(e);
    }
  }

  private <T> T order(Function<Writer, T> work) {
    var order = new Order<>(work, new CompletableFuture<T>());
    lock.lock();
    try {
      requireRunning();
      orders.add(order);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      return order.done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException cause) {
        throw cause;
      }
      throw e;
    }
  }

  /** Commits what a model has learned now, and returns the line of the journal that the commit reaches. */
  public long commitNow(String name) {
    return order(writer -> {
      AnalyticLearning state = writer.learning(writer.models.open(name));
      writer.commit(name, state);
      return state.through();
    });
  }

  /**
   * Opens a model's store for writing, and keeps it open until this ends: nobody else writes to it meanwhile.
   *
   * @throws FailureException if another process writes to it
   */
  public void hold(String name) {
    order(writer -> {
      writer.learning(writer.models.open(name));
      return writer.held.add(name);
    });
  }

  /**
   * Lets a brick of a model's library act on the model's backbone, durably: what it learns and predicts from now on is made
   * of the features that are had with it.
   *
   * @param version as {@code NAME@1}, which goes with the backbone
   * @throws Refused if the model has learned something already, of other features
   */
  public void enable(String name, String version) {
    order(writer -> {
      AnalyticLearning state = writer.learning(writer.models.open(name));
      if (!state.isNew()) {
        throw new Refused(Refused.Reason.CONFLICT, "expected a model that has learned no row yet, and " + name
            + " has, of features without that brick: make a new model, import the brick there, enable it, and teach it");
      }
      long began = System.nanoTime();
      writer.committed(name, state, state.enable(version, clock), began);
      writer.models.reload(name);
      return true;
    });
  }

  /** Commits a model and gives its store back, so that it can be moved, deleted or opened by another. */
  public void release(String name) {
    order(writer -> {
      AnalyticLearning state = writer.learning.remove(name);
      if (state != null) {
        writer.give(name, state);
      }
      writer.problems.remove(name);
      return true;
    });
  }

  /**
   * Waits until predictions have seen a line of the journal.
   *
   * @return whether they have
   */
  public boolean awaitVisible(long line, Duration most) {
    lock.lock();
    try {
      long left = most.toNanos();
      while (visible < line && !ended && left > 0) {
        left = changed.awaitNanos(left);
      }
      return visible >= line;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** Lines that are durable and not learned yet. */
  public long backlog() {
    lock.lock();
    try {
      return durable - visible;
    } finally {
      lock.unlock();
    }
  }

  /** What has been done so far. */
  public Progress progress() {
    return progress;
  }

  /** Why it learns no more, in one line; null while it does. */
  public @Nullable String problem() {
    lock.lock();
    try {
      return failure == null ? null : String.valueOf(failure.getMessage());
    } finally {
      lock.unlock();
    }
  }

  /**
   * Makes sure that rows that come now for a model are learned soon.
   *
   * @throws Refused if learning has failed, for this model or for all, or ended
   */
  public void requireRunning(String name) {
    String problem = problems.get(name);
    if (problem != null) {
      throw new Refused(Refused.Reason.UNAVAILABLE, "the model " + name + " learns no more (" + problem
          + "), while predictions go on: repair that and start the server again; nothing acknowledged is lost");
    }
    requireRunning();
  }

  private void requireRunning() {
    lock.lock();
    try {
      if (failure != null) {
        throw new Refused(Refused.Reason.UNAVAILABLE, "learning has stopped (" + failure.getMessage()
            + "), while predictions go on: repair that and start the server again; nothing acknowledged is lost", failure);
      }
      if (stopping) {
        throw new Refused(Refused.Reason.UNAVAILABLE, "the server is stopping: send it to the next one");
      }
    } finally {
      lock.unlock();
    }
  }

  private void fail(RuntimeException e) {
    lock.lock();
    try {
      failure = e;
    } finally {
      lock.unlock();
    }
  }

  private void end() {
    lock.lock();
    try {
      ended = true;
      stopping = true;
      orders.forEach(order -> order.done.completeExceptionally(
          new Refused(Refused.Reason.UNAVAILABLE, "learning has stopped: start the server again")));
      orders.clear();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Learns what is durable, but no longer than that, then commits, and ends. What is not learned by then is in the
   * journal for the next process.
   */
  public void stop(Duration most) {
    pace.stop();
    awaitVisible(journal.last(), most);
    close();
  }

  /** Ends without a commit, as if the process had been killed: what is in the journal alone is learned again. */
  public void abandon() {
    abandoned = true;
    close();
  }

  /** Commits and ends, without learning what is waiting. */
  @Override
  public void close() {
    lock.lock();
    try {
      stopping = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    pace.stop();
    thread.shutdown();
    try {
      if (!thread.awaitTermination(1, TimeUnit.HOURS)) {
        throw new FailureException("the writer did not end within an hour");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
