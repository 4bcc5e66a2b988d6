package dev.perennial.server.tenant;

import dev.perennial.server.Answer;
import dev.perennial.server.Intake;
import dev.perennial.server.Predicting;
import dev.perennial.server.Refused;
import dev.perennial.server.ServerListener;
import dev.perennial.server.batch.BatchQueue;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Predictions that are corrected by what the model got wrong of rows that it was taught a moment ago, until it has learned
 * them. A taught row takes one more pass through the encoder, before it is answered. Safe for use by many threads.
 */
public final class Recalling implements Predicting {

  /** Rows that are looked at together. */
  private static final int PIECE = 32;

  private static final int ALL = Integer.MAX_VALUE;

  private final Tenants tenants;
  private final BatchQueue queue;
  private final Predicting inner;
  private final PendingErrors errors;
  private final ServerListener listener;
  private final AtomicLong recalled = new AtomicLong();
  private final AtomicLong skipped = new AtomicLong();

  /**
   * Corrections of whatever answers.
   *
   * @param queue answers what the model says of taught rows
   * @param inner answers predictions, and tells nobody
   * @param errors hears of published snapshots from the writer
   * @param listener hears of what is answered
   */
  public Recalling(
      Tenants tenants, BatchQueue queue, Predicting inner, PendingErrors errors, ServerListener listener) {
    this.tenants = tenants;
    this.queue = queue;
    this.inner = inner;
    this.errors = errors;
    this.listener = listener;
  }

  @Override
  public List<Answer> predict(String model, List<String> texts, int top) {
    List<Answer> answers = errors.isEmpty(model)
        ? inner.predict(model, texts, top)
        : corrected(model, texts, top);
    listener.predicted(model, answers);
    return answers;
  }

  private List<Answer> corrected(String model, List<String> texts, int top) {
    List<Answer> all = inner.predict(model, texts, ALL);
    long learned = learned(model);
    if (all.stream().anyMatch(answer -> answer.through() < learned)) {
      // Errors of what was learned meanwhile have left the memory, and these answers know nothing of it.
      all = inner.predict(model, texts, ALL);
    }
    List<Answer> corrected = all.stream().map(answer -> errors.correct(model, answer, top)).toList();
    recalled.addAndGet(corrected.stream().filter(Answer::recalled).count());
    return corrected;
  }

  private long learned(String model) {
    return tenants.open(model).snapshot().through();
  }

  /**
   * From now on predictions are corrected by rows that are durable, unless they were learned already.
   *
   * @param first the number of the first one; the others follow
   */
  void taught(String model, List<Intake.Row> rows, long first) {
    for (int from = 0; from < rows.size(); from += PIECE) {
      List<Intake.Row> piece = rows.subList(from, Math.min(rows.size(), from + PIECE));
      if (learned(model) < first + from + piece.size() - 1) {
        look(model, piece, first + from);
      }
    }
  }

  private void look(String model, List<Intake.Row> rows, long first) {
    List<Answer> said;
    try {
      said = queue.predict(tenants.open(model), rows.stream().map(Intake.Row::text).toList(), ALL);
    } catch (Refused e) {
      // Too much waits, and predictions come first: the rows are durable, and are learned soon.
      skipped.addAndGet(rows.size());
      return;
    }
    for (int i = 0; i < rows.size(); i++) {
      if (!said.get(i).candidates().isEmpty()) {
        errors.store(model, first + i, said.get(i), rows.get(i).label(), () -> learned(model));
      }
    }
  }

  /** Texts whose label was changed. */
  public long recalled() {
    return recalled.get();
  }

  /** Taught rows that were not looked at, since too much waited. */
  public long skipped() {
    return skipped.get();
  }
}
