package dev.perennial.engine;

import dev.perennial.FailureException;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.Classes;
import dev.perennial.learn.Learner;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.HistoryText;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import java.nio.file.Path;
import java.util.List;

/**
 * What a store holds, for people and programs; reads no backbone.
 *
 * @param spec what is learned, and how
 * @param data the name of the dataset
 * @param backboneDigest of the backbone it is learned on
 * @param commits newest first
 * @param classes known, in the order in which they came
 * @param bricks learned
 * @param ledger what was spent
 * @param history evaluations so far
 * @param learnSeconds spent in steps
 * @param stateDigest of the newest commit's state
 * @param fallback what is wrong with newer commits that were passed over; empty where nothing is
 */
public record Inspection(RunSpec spec, String data, String backboneDigest, List<Commit> commits, List<String> classes,
    List<Learner.BrickInfo> bricks, Ledger ledger, AccuracyHistory history, double learnSeconds, String stateDigest,
    String fallback) {

  /**
   * Looks into a store, which a run may be writing to.
   *
   * @throws FailureException if it is no store, or has no commit
   */
  public static Inspection of(Path directory) {
    try (Store store = Store.open(directory, Access.READ)) {
      RunRecord record = RunRecord.fromJson(store.spec());
      try (StoredParts parts = store.openHead().orElseThrow(() -> new FailureException("the store " + directory
          + " has no commit yet, so that there is nothing to show: learn first, or wait for the first commit"))) {
        Commit head = parts.commit();
        var classes = new Classes();
        classes.restore(parts.parts());
        return new Inspection(record.spec(), record.data(), record.backboneDigest(), store.commits(), classes.names(),
            Documents.bricks(head), Ledger.fromJson(Documents.of(head, Documents.LEDGER), record.spec().budget()),
            HistoryText.read(Documents.of(head, Documents.HISTORY)),
            Progress.fromJson(Documents.of(head, Documents.PROGRESS)).learnSeconds(),
            StateDigest.of(parts.parts().values()), store.fallback().orElse(""));
      }
    }
  }
}
