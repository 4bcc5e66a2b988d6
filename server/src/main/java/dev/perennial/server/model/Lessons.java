package dev.perennial.server.model;

import dev.perennial.backbone.Row;
import dev.perennial.server.Intake;
import dev.perennial.server.ServerListener;
import dev.perennial.server.journal.Entry;
import dev.perennial.server.journal.Journal;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Lines of the journal on their way into a model's sums: in passes of rows of like lengths, each told before it is learned
 * and followed by a rest where predictions are waited for. Belongs to the one thread that learns.
 */
final class Lessons {

  /** Rows of a pass: many, or few while predictions are waited for. */
  private static final int PASS = 32;

  private static final int SMALL_PASS = 4;

  private final Journal journal;
  private final Pace pace;
  private final Progress progress;
  private final ServerListener listener;

  /** Whether a row was foreseen, for the detectors of drift. */
  private record Outcome(long line, boolean wrong, float[] embedding) {}

  private interface Step {
    void take(Encoder.Encoded encoded, List<Entry> rows);
  }

  Lessons(Journal journal, Pace pace, Progress progress, ServerListener listener) {
    this.journal = journal;
    this.pace = pace;
    this.progress = progress;
    this.listener = listener;
  }

  /**
   * Adds rows to the sums and takes back what is to be removed, in the order of the lines.
   *
   * @param publish is called when the sums are complete, before detectors of drift see the rows
   */
  void learn(ServedModel model, AnalyticLearning state, List<Entry> lines, Runnable publish) {
    var outcomes = new ArrayList<Outcome>();
    int next = 0;
    while (next < lines.size()) {
      int from = next;
      if (lines.get(from).kind() == Entry.Kind.REMOVAL) {
        next++;
        List<Entry> removed = journal.removedBy(lines.get(from));
        passes(model, removed, (encoded, rows) -> state.remove(encoded.features(), rows));
        listener.removed(model.name(), lines.get(from).source(), removed.size());
      } else {
        while (next < lines.size() && lines.get(next).kind() == Entry.Kind.ROW) {
          next++;
        }
        passes(model, lines.subList(from, next), (encoded, rows) -> {
          tell(model, encoded, rows, outcomes);
          state.add(encoded.features(), rows);
        });
      }
    }
    state.reached(lines.getLast().seq());
    publish.run();
    watch(model.name(), state, outcomes);
  }

  /** Passes are sorted by length, which detectors would take for a drift: they see rows as they came. */
  private void watch(String name, AnalyticLearning state, List<Outcome> outcomes) {
    outcomes.sort(Comparator.comparingLong(Outcome::line));
    outcomes.forEach(outcome -> state.drift().observe(outcome.wrong, outcome.embedding));
    listener.watched(name, state.drift().signals());
  }

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
}
