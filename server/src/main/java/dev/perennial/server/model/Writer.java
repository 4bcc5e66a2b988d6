package dev.perennial.server.model;

import dev.perennial.FailureException;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.Entry;
import dev.perennial.server.journal.Journal;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
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

  private final Journal journal;
  private final Models models;
  private final Pace pace;
  private final ServerListener listener;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().name("perennial-writer").daemon().factory());
  private final Progress progress = new Progress();
  private final Lessons lessons;
  private final LearningModels learning;
  private final Agenda agenda;
  private long cursor;

  /** A writer that has not begun. */
  public Writer(
      Journal journal, Models models, Pace pace, WriterOptions options, ServerListener listener, Clock clock) {
    this.journal = journal;
    this.models = models;
    this.pace = pace;
    this.listener = listener;
    this.lessons = new Lessons(journal, pace, progress, listener);
    this.learning = new LearningModels(journal, models, options, progress, listener, clock);
    this.cursor = journal.settled();
    this.agenda = new Agenda(journal.last(), cursor);
  }

  /** Begins with what the journal holds and models do not. */
  public void start() {
    journal.listen(agenda::durable);
    thread.execute(this::run);
  }

  private void run() {
    try (learning) {
      while (agenda.awaitWork(learning::untilCommit)) {
        agenda.obey();
        List<Entry> lines = journal.after(cursor, MICRO_BATCH);
        if (!lines.isEmpty()) {
          learn(lines);
        }
        learning.commitIfDue();
      }
      learning.commitAll();
    } catch (RuntimeException e) {
      agenda.fail(e);
    } finally {
      agenda.end();
    }
  }

  private void learn(List<Entry> lines) {
    learning.begin();
    var byModel = new LinkedHashMap<String, List<Entry>>();
    lines.forEach(line -> byModel.computeIfAbsent(line.model(), name -> new ArrayList<>()).add(line));
    byModel.forEach(this::learn);
    cursor = lines.getLast().seq();
    agenda.visible(cursor);
  }

  private void learn(String name, List<Entry> lines) {
    if (learning.problem(name) != null) {
      // Its lines stay in the journal, from where the next process goes on with it.
      progress.skipped(lines.size());
      return;
    }
    try {
      ServedModel model = models.open(name);
      AnalyticLearning state = learning.of(model);
      List<Entry> news = lines.stream().filter(line -> line.seq() > state.through()).toList();
      if (!news.isEmpty()) {
        lessons.learn(model, state, news, () -> publish(model, state));
        learning.makeRoom(name);
      }
    } catch (Refused e) {
      // A model that was deleted after it was taught: there is nothing left to learn into.
      progress.skipped(lines.size());
    } catch (FailureException e) {
      learning.giveUp(name, e);
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

  /** Commits what a model has learned now, and returns the line of the journal that the commit reaches. */
  public long commitNow(String name) {
    return agenda.order(() -> learning.commitNow(name));
  }

  /**
   * Opens a model's store for writing, and keeps it open until this ends: nobody else writes to it meanwhile.
   *
   * @throws FailureException if another process writes to it
   */
  public void hold(String name) {
    agenda.order(() -> learning.hold(name));
  }

  /**
   * Lets a brick of a model's library act on the model's backbone, durably: what it learns and predicts from now on is made
   * of the features that are had with it.
   *
   * @param version as {@code NAME@1}, which goes with the backbone
   * @throws Refused if the model has learned something already, of other features
   */
  public void enable(String name, String version) {
    agenda.order(() -> learning.enable(name, version));
  }

  /** Commits a model and gives its store back, so that it can be moved, deleted or opened by another. */
  public void release(String name) {
    agenda.order(() -> learning.release(name));
  }

  /**
   * Waits until predictions have seen a line of the journal.
   *
   * @return whether they have
   */
  public boolean awaitVisible(long line, Duration most) {
    return agenda.awaitVisible(line, most);
  }

  /** Lines that are durable and not learned yet. */
  public long backlog() {
    return agenda.backlog();
  }

  /** What has been done so far. */
  public Progress progress() {
    return progress;
  }

  /** Why it learns no more, in one line; null while it does. */
  public @Nullable String problem() {
    return agenda.problem();
  }

  /**
   * Makes sure that rows that come now for a model are learned soon.
   *
   * @throws Refused if learning has failed, for this model or for all, or ended
   */
  public void requireRunning(String name) {
    String problem = learning.problem(name);
    if (problem != null) {
      throw new Refused(Refused.Reason.UNAVAILABLE, "the model " + name + " learns no more (" + problem
          + "), while predictions go on: repair that and start the server again; nothing acknowledged is lost");
    }
    agenda.requireRunning();
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

  /** Commits and ends, without learning what is waiting. */
  @Override
  public void close() {
    agenda.stop();
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
