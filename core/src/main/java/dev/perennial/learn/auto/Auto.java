package dev.perennial.learn.auto;

import dev.perennial.UsageException;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.learn.analytic.AnalyticOptions;
import dev.perennial.learn.analytic.GAcil;
import dev.perennial.learn.analytic.LatentReplay;
import java.util.List;

/*
 * A bandit that pulls all of its few arms until it knows (successive elimination: Even-Dar, Mannor and Mansour, Action
 * Elimination and Stopping Conditions, JMLR 7, 2006), with the same rows for all arms, so that they are compared in pairs:
 *
 *   the candidates, cheapest first, learn each experience without the rows that are held back
 *   each names the classes of those rows, among all that it knows
 *   the one in charge is the cheapest whose gain over it no dearer one makes good: gain(dearer, it) <= what must be gained
 *   one that another beats by more than chance explains is out, and so are all but one after enough rows
 *   then those that are left learn the rows that were held back
 *
 * What the first experience says is forgotten as soon as the second has spoken: a candidate that adapts itself to the first
 * is better there than it will ever be. Where the first experience has one class, there is nothing to adapt to for one that
 * could not do so later, and where few rows can be held back, the number of experiences ends it. With one candidate left
 * nothing is held back, and learning costs what it costs.
 */
/** Starts with the cheapest candidate, and goes over to a dearer one when rows that were held back show that it pays. */
@Technique(
    name = "auto",
    title = "Action Elimination and Stopping Conditions for the Multi-Armed Bandit and Reinforcement Learning Problems",
    source = "JMLR 2006",
    cost = "both of g-acil and latent-replay until one is chosen, then that one's")
public final class Auto implements Method<Auto.Options> {

  private static final String CHEAPEST = "g-acil";
  static final String ADAPTED = "latent-replay";

  /** The candidates, the cheapest first. */
  static final List<String> CANDIDATES = List.of(CHEAPEST, ADAPTED);

  /**
   * The options.
   *
   * @param training how latent-replay trains
   * @param analytic the head of both
   * @param latents MiB that latent-replay may keep of states of rows; with 0 it adapts to the first experience alone, and
   *     nothing of single rows is kept; default 128
   * @param heldBack share of the rows of a class that are learned after the candidates were compared on them, above 0 and at
   *     most 0.5; default 0.2
   * @param leastGain accuracy that a dearer candidate must bring, 0 to 1; default 0.005
   * @param deviations standard deviations by which one must be behind to be out, above 0; default 2.5
   * @param enough held-back rows after which all but one are out, at least 1; default 1000
   * @param experiences after which all but one are out, however few rows were held back, at least 1; default 20
   */
  public record Options(
      GradientOptions training, AnalyticOptions analytic, int latents, double heldBack, double leastGain,
      double deviations, int enough, int experiences) {

    /** Checks the ranges. */
    public Options {
      if (!(heldBack > 0 && heldBack <= 0.5)) {
        throw new UsageException("expected heldBack above 0 and at most 0.5, got " + heldBack);
      }
      if (!(leastGain >= 0 && leastGain <= 1)) {
        throw new UsageException("expected a leastGain between 0 and 1, got " + leastGain);
      }
      if (!(deviations > 0)) {
        throw new UsageException("expected deviations above 0, got " + deviations);
      }
      if (enough < 1) {
        throw new UsageException("expected enough to be at least 1 row, got " + enough);
      }
      if (experiences < 1) {
        throw new UsageException("expected experiences to be at least 1, got " + experiences);
      }
    }
  }

  @Override
  public Options defaults() {
    LatentReplay.Options adapted = new LatentReplay().defaults();
    return new Options(adapted.training(), adapted.analytic(), adapted.latents(), 0.2, 0.005, 2.5, 1000, 20);
  }

  @Override
  public SearchSpace searchSpace() {
    return new GAcil().searchSpace();
  }

  @Override
  public Absorbing learner(Options options, LearnerContext context) {
    LearnerContext cheap = apart(context);
    LearnerContext adapted = apart(context);
    LatentReplay.Options usual = new LatentReplay().defaults();
    var replay = new LatentReplay.Options(
        options.training, options.analytic, usual.from(), usual.again(), usual.replayed(), options.latents);
    return new AutoLearner(options, context, List.of(
        new AutoLearner.Candidate(
            CHEAPEST, new GAcil().learner(new GAcil.Options(options.analytic), cheap), cheap.ledger(), 1),
        new AutoLearner.Candidate(ADAPTED, new LatentReplay().learner(replay, adapted), adapted.ledger(),
            LatentReplay.trainsOn(replay, context.backbone()) ? 1 : 2)));
  }

  /** The same with an account of its own: what a candidate took is given back when it is out. */
  private static LearnerContext apart(LearnerContext context) {
    return new LearnerContext(context.backbone(), context.cache(), context.workers(), new Ledger(Budget.UNLIMITED),
        context.origin(), context.exchange());
  }
}
