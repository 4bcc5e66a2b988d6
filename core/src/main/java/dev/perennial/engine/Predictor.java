package dev.perennial.engine;

import dev.perennial.FailureException;
import dev.perennial.budget.Ledger;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import java.nio.file.Path;
import java.util.List;

/** A model read from a store, for predictions alone. It may be opened while a run goes on, and sees its last commit. */
public final class Predictor implements AutoCloseable {

  private final Model model;

  private Predictor(Model model) {
    this.model = model;
  }

  /**
   * Reads the newest commit.
   *
   * @param threads that compute
   * @throws FailureException if the store is empty, damaged, or of another backbone
   */
  public static Predictor open(Path directory, int threads) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      Commit head = store.head().orElseThrow(() -> new FailureException("the store " + directory
          + " has no commit yet, so that there is nothing to predict with: learn first, or wait for the first commit"));
      Model model = Model.create(
          record.spec().withThreads(threads), record.image(), record.streamDigest(), new Ledger(record.spec().budget()));
      try {
        record.checkBackbone(model.backbone().name(), model.backbone().digest());
        model.restore(store, head, List.of());
        return new Predictor(model);
      } catch (RuntimeException e) {
        model.close();
        throw e;
      }
    }
  }

  /**
   * Predicts texts.
   *
   * @param top how many classes to name for each, at least 1
   */
  public List<Prediction> predict(List<String> texts, int top) {
    return Prediction.of(model.learner(), texts, top);
  }

  /** Frees the model. */
  @Override
  public void close() {
    model.close();
  }
}
