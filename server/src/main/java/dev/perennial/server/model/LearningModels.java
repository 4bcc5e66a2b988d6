package dev.perennial.server.model;

import dev.perennial.FailureException;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.Journal;
import dev.perennial.store.Commit;
import java.lang.System.Logger.Level;
import java.time.Clock;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The models that are being learned: their sums in memory within so many bytes, their stores open for writing, and their
 * commits. Belongs to the one thread that learns, but for {@link #problem}.
 */
final class LearningModels implements AutoCloseable {

  private static final System.Logger LOG = System.getLogger(LearningModels.class.getName());

  private final Journal journal;
  private final Models models;
  private final WriterOptions options;
  private final Progress progress;
  private final ServerListener listener;
  private final Clock clock;
  private final LinkedHashMap<String, AnalyticLearning> learning = new LinkedHashMap<>(16, 0.75f, true);
  private final Set<String> held = new HashSet<>();
  private final Map<String, String> problems = new ConcurrentHashMap<>();
  private long lastCommit = System.nanoTime();

  LearningModels(Journal journal, Models models, WriterOptions options, Progress progress, ServerListener listener,
      Clock clock) {
    this.journal = journal;
    this.models = models;
    this.options = options;
    this.progress = progress;
    this.listener = listener;
    this.clock = clock;
  }

  /**
   * The learning side of a model.
   *
   * @throws FailureException if its store cannot be opened for writing
   */
  AnalyticLearning of(ServedModel model) {
    AnalyticLearning state = learning.get(model.name());
    if (state == null) {
      model.requireLearns();
      state = AnalyticLearning.open(model);
      learning.put(model.name(), state);
    }
    return state;
  }

  private AnalyticLearning of(String name) {
    return of(models.open(name));
  }

  /** Why a model learns no more, in one line; null while it does. Safe for use by many threads. */
  @Nullable String problem(String name) {
    return problems.get(name);
  }

  /**
   * Learns nothing more for a model whose store or whose rows fail; what it has learned half is forgotten.
   *
   * @throws FailureException the problem itself, where it is that of a model that is held
   */
  void giveUp(String name, FailureException problem) {
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

  /** Commits and closes models until the others fit; the one in use stays. */
  void makeRoom(String inUse) {
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

  /** Something is about to be learned: where all is committed, time begins to count for the next commit. */
  void begin() {
    if (!isDirty()) {
      lastCommit = System.nanoTime();
    }
  }

  /** Nanoseconds until a commit is due; {@link Long#MAX_VALUE} where there is nothing to commit. */
  long untilCommit() {
    return isDirty() ? options.commitEvery().toNanos() - (System.nanoTime() - lastCommit) : Long.MAX_VALUE;
  }

  void commitIfDue() {
    if (untilCommit() <= 0) {
      commitAll();
    }
  }

  private boolean isDirty() {
    return learning.values().stream().anyMatch(AnalyticLearning::isDirty);
  }

  void commitAll() {
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

  /** Commits a model, and returns the line that the commit reaches. */
  long commitNow(String name) {
    AnalyticLearning state = of(name);
    commit(name, state);
    return state.through();
  }

  /** Opens a model's store for writing, and keeps it open until this is closed. */
  boolean hold(String name) {
    of(name);
    return held.add(name);
  }

  /** Commits a model and gives its store back; whether it was open. */
  boolean release(String name) {
    AnalyticLearning state = learning.remove(name);
    if (state != null) {
      give(name, state);
    }
    problems.remove(name);
    return state != null;
  }

  /**
   * Lets a brick act in a model that has learned nothing, and commits that.
   *
   * @throws Refused if it has learned something
   */
  Commit enable(String name, String version) {
    AnalyticLearning state = of(name);
    if (!state.isNew()) {
      throw new Refused(Refused.Reason.CONFLICT, "expected a model that has learned no row yet, and " + name
          + " has, of features without that brick: make a new model, import the brick there, enable it, and teach it");
    }
    long began = System.nanoTime();
    Commit commit = state.enable(version, clock);
    committed(name, state, commit, began);
    models.reload(name);
    return commit;
  }

  /** Closes all, without a commit. */
  @Override
  public void close() {
    learning.values().forEach(AnalyticLearning::close);
    learning.clear();
  }
}
