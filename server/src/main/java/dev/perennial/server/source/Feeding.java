package dev.perennial.server.source;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A source that is read into a model, on a thread of its own, until it ends or this is closed.
 *
 * <p>Its rows and its offset are made durable in one transaction, and it begins where that offset is: so each row is
 * learned exactly once, whenever the process is killed.
 */
public final class Feeding implements AutoCloseable {

  /** Rows that are made durable together. */
  private static final int BATCH = 256;

  private static final Duration PATIENCE = Duration.ofMillis(500);

  private final Intake intake;
  private final String model;
  private final String stream;
  private final Source source;
  private final Consumer<String> problems;
  private final CountDownLatch stopping = new CountDownLatch(1);
  private final AtomicLong rows = new AtomicLong();
  private final Thread thread;

  private Feeding(Intake intake, String model, String stream, Source source, Consumer<String> problems) {
    this.intake = intake;
    this.model = model;
    this.stream = stream;
    this.source = source;
    this.problems = problems;
    this.thread = Thread.ofPlatform().daemon().name("perennial-source").unstarted(this::run);
  }

  /**
   * Begins.
   *
   * @param model that learns
   * @param stream by which the offset is found again, and as which the audit log names who taught
   * @param open opens the source at an offset; null for its beginning
   * @param problems hears of what goes wrong, in one line, on any thread
   * @throws UsageException if the source cannot be opened as it was asked for
   */
  public static Feeding start(Intake intake, String model, String stream, Function<@Nullable String, Source> open,
      Consumer<String> problems) {
    var feeding = new Feeding(intake, model, stream, open.apply(intake.offset(stream).orElse(null)), problems);
    feeding.thread.start();
    return feeding;
  }

  private void run() {
    try (source) {
      String before = null;
      while (stopping.getCount() > 0 && !source.ended()) {
        Batch batch = source.poll(BATCH, PATIENCE);
        if (!batch.rows().isEmpty() || !batch.offset().equals(before)) {
          if (!taken(batch)) {
            return;
          }
          before = batch.offset();
          source.committed(before);
        }
      }
    } catch (UsageException | FailureException e) {
      problems.accept(stream + " is read no further: " + e.getMessage());
    }
  }

  /** Offers a batch until it is durable; false where this ends before. */
  private boolean taken(Batch batch) {
    List<Intake.Row> lesson = batch.rows().stream().map(row -> new Intake.Row(row.text(), row.label())).toList();
    boolean told = false;
    while (true) {
      try {
        intake.learn(new Intake.Lesson(model, stream, lesson, null, new Intake.Offset(stream, batch.offset())));
        rows.addAndGet(lesson.size());
        return true;
      } catch (Refused e) {
        if (e.reason() != Refused.Reason.UNAVAILABLE) {
          throw e;
        }
        if (!told) {
          problems.accept(stream + " waits: " + e.getMessage());
          told = true;
        }
      }
      if (isStopped(PATIENCE)) {
        return false;
      }
    }
  }

  private boolean isStopped(Duration patience) {
    try {
      return stopping.await(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return true;
    }
  }

  /** Rows that it made durable. */
  public long rows() {
    return rows.get();
  }

  /** Ends after the batch in hand. */
  @Override
  public void close() {
    stopping.countDown();
    try {
      thread.join(Duration.ofSeconds(10));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
