package dev.perennial.learn;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.budget.Ledger;
import dev.perennial.tensor.Workers;

/**
 * What a learner works with.
 *
 * @param backbone where features come from
 * @param cache what frozen blocks made of inputs
 * @param workers the threads that compute
 * @param seed every random number of the learner comes from it
 * @param ledger where parameters, bytes and labels are charged before they are spent
 */
public record LearnerContext(Backbone backbone, FeatureCache cache, Workers workers, long seed, Ledger ledger) {}
