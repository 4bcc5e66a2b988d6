package dev.perennial.learn.replay;

import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;

/*
 * Experience replay (On Tiny Episodic Memories in Continual Learning, arXiv 1902.10486):
 *   loss = CE(batch of the experience and as many rows of the memory)
 * An example is offered to the memory once: after its experience, or with offer=step after the step that it came with.
 */
/** Learns each batch together with rows drawn from a memory of the past. */
@Technique(
    name = "replay",
    title = "On Tiny Episodic Memories in Continual Learning",
    source = "arXiv 1902.10486",
    cost = "twice the steps' rows; keeps as many rows as asked for")
public final class Replay implements Method<Replay.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param kept what the memory keeps; by default 500 rows, balanced, offered after their experience
   * @param draws what a step is given of the memory
   */
  public record Options(GradientOptions training, MemoryOptions kept, DrawOptions draws) {}

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT,
        new MemoryOptions(500, MemoryOptions.Keep.BALANCED, MemoryOptions.Offer.EXPERIENCE), DrawOptions.NONE);
  }

  /** Rates alone: the memory is a budget, which the user gives. */
  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(
        options.training(), context, new Rehearsal(options.training(), options.kept(), options.draws(), context.seed()));
  }
}
