package dev.perennial.learn;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.Provenance;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;

/**
 * What a learner works with.
 *
 * @param backbone where features come from
 * @param cache what frozen blocks made of inputs
 * @param workers the threads that compute
 * @param ledger where the learner charges the parameters that it adds and the bytes that it keeps; labels and seconds
 *     are not the learner's to charge
 * @param origin what every brick of the learner says of where it comes from
 * @param exchange how it learns together with replicas of itself
 */
public record LearnerContext(
    Backbone backbone, FeatureCache cache, Workers workers, Ledger ledger, Provenance origin, Exchange exchange) {

  /** A context of a learner by itself. */
  public LearnerContext(Backbone backbone, FeatureCache cache, Workers workers, Ledger ledger, Provenance origin) {
    this(backbone, cache, workers, ledger, origin, Exchange.ALONE);
  }

  /**
   * Checks the origin.
   *
   * @throws dev.perennial.UsageException if it names another backbone
   */
  public LearnerContext {
    origin.requireBase(backbone);
  }

  /** Every random number of the learner comes from it. */
  public long seed() {
    return origin.seed();
  }

  /** The same for a replica. */
  public LearnerContext with(Exchange other) {
    return new LearnerContext(backbone, cache, workers, ledger, origin, other);
  }

  /** The same on a backbone that is made of this one's. */
  public LearnerContext on(Backbone other) {
    return new LearnerContext(other, cache, workers, ledger, origin, exchange);
  }

  /** Gives the training inputs of {@code experience} their places in the cache, those that have none yet. */
  public void register(Experience experience) {
    cache.register(experience.train().stream().map(Example::input).toList());
  }

  /**
   * Charges parameters and bytes together, where there are any.
   *
   * @throws dev.perennial.FailureException if the budget does not allow them; then nothing was charged
   */
  public void charge(Experience experience, String what, long parameters, long bytes) {
    var entries = new ArrayList<Ledger.Entry>();
    if (parameters > 0) {
      entries.add(new Ledger.Entry(what, Resource.PARAMETERS, parameters, experience.index()));
    }
    if (bytes > 0) {
      entries.add(new Ledger.Entry(what, Resource.BYTES, bytes, experience.index()));
    }
    ledger.charge(entries.toArray(new Ledger.Entry[0]));
  }
}
