package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.learn.Absorbing;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.List;

/**
 * Texts whose label came late, and were learned into a store in one step, as if they had been in the stream.
 *
 * @param label of all of them
 * @param isNew whether no such class was known before
 * @param texts how many
 * @param classes known now
 * @param commit that holds it
 * @param cut of the texts that were longer than the backbone takes, so that their ends were not seen; the same text once
 */
public record Lesson(String label, boolean isNew, int texts, int classes, long commit, long cut) {

  /** Commits that stay whole, as of a run. */
  private static final int KEPT_COMMITS = 2;

  /**
   * Learns texts of one label into a store, and commits. A run that is not finished goes on from there.
   *
   * @param label of a class that is known, or of a new one
   * @param texts at least one
   * @param threads that compute
   * @throws UsageException if there is nothing to learn, the store learned images, or its technique takes no rows in late;
   *     the store is left as it was
   * @throws dev.perennial.FailureException if the store is empty or damaged, is written by another process, or the budget
   *     does not allow it
   */
  public static Lesson teach(Path directory, String label, List<String> texts, int threads, Clock clock) {
    if (label.isBlank() || texts.isEmpty() || texts.stream().anyMatch(String::isBlank)) {
      throw new UsageException("expected a label and texts to teach it with, got "
          + (label.isBlank() ? "a blank label" : texts.isEmpty() ? "no text" : "a blank text") + ": give them some words");
    }
    try (Store store = Store.open(directory, Access.WRITE)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      Prediction.requireNotUnknown(record.spec(), List.of(label));
      if (record.image().length > 0) {
        throw new UsageException("expected a store that learned texts, got one that learned images: it cannot be taught by"
            + " texts");
      }
      Commit head = store.head().orElseThrow(() -> new UsageException("expected a store that has learned something, and "
          + directory + " has no commit yet: learn the first experience first"));
      Documents.requirePlain(head);
      if (head.position().step() > 0 || head.position().experience() == 0) {
        throw new UsageException("expected a store that stands between two experiences, and " + directory
            + " stands within one: finish it with ./perennial resume first");
      }
      return taught(store, record, head, label, texts, threads, clock);
    }
  }

  private static Lesson taught(
      Store store, RunRecord record, Commit head, String label, List<String> texts, int threads, Clock clock) {
    RunSpec spec = record.spec().withThreads(threads).withDevice(Device.CPU.name());
    Ledger ledger = Ledger.fromJson(Documents.of(head, Documents.LEDGER), spec.budget());
    List<Example> rows = texts.stream().map(text -> Example.of(text, label)).toList();
    try (Model model = Model.create(spec, record.image(), record.streamDigest(), ledger)) {
      record.checkBackbone(model.backbone().name(), model.backbone().digest());
      if (!(model.learner() instanceof Absorbing learner)) {
        throw new UsageException("expected a store of a technique that takes rows in late, such as g-acil,"
            + " first-session-analytic or auto, got one of " + spec.technique() + ": put the rows into the stream");
      }
      try (StoredParts parts = store.parts(head)) {
        model.restore(parts, List.of());
      }
      boolean isNew = !learner.classNames().contains(label);
      int last = head.position().experience() - 1;
      ledger.charge(new Ledger.Entry("rows of " + label + " that came late", Resource.LABELS, rows.size(), last));
      try (TensorScope scope = TensorScope.inference()) {
        learner.absorb(rows);
      }
      try (TensorScope scope = TensorScope.inference()) {
        List<StatePart> state = learner.state();
        var documents = new HashMap<String, String>(head.documents());
        documents.put(Documents.LEDGER, ledger.toJson());
        documents.put(Documents.BRICKS, Documents.bricks(learner.bricks()));
        Commit commit = store.commit(head.position(), state, documents, clock.instant());
        store.collect(KEPT_COMMITS);
        return new Lesson(label, isNew, rows.size(), learner.classNames().size(), commit.id(), model.cache().cut());
      }
    }
  }
}
