package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Provenance;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Workers;

/** What measured learners work with: no limits, and bricks that nobody keeps. */
final class BenchContext {

  private static final long SEED = 1;

  private BenchContext() {}

  /** A context with a ledger of its own. */
  static LearnerContext of(String technique, Backbone backbone, FeatureCache cache, Workers workers) {
    return of(technique, backbone, cache, workers, SEED);
  }

  /** The same with another seed. */
  static LearnerContext of(String technique, Backbone backbone, FeatureCache cache, Workers workers, long seed) {
    return new LearnerContext(backbone, cache, workers, new Ledger(Budget.UNLIMITED),
        Provenance.of("bench", seed, technique, "", backbone));
  }
}
