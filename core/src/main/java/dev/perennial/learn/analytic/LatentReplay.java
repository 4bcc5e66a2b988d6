package dev.perennial.learn.analytic;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import java.util.List;
import java.util.stream.Collectors;

/*
 * Latent Replay for Real-Time Continual Learning (arXiv 1912.01100): the lower blocks stay as they are, so what they made of
 * a row holds for ever, and the upper blocks are trained on with what was kept of old rows. Here with a LoRA brick, the
 * analytic head of G-ACIL (arXiv 2403.15706), and a byte a number:
 *   every experience: keep of each row its state at the entrance of block `from`, as bytes
 *   the first time: train the brick with a throw-away head, in `epochs` passes, and make the analytic head's sums
 *   once there are `again` times the rows of the last time: train a copy on, in one pass over the rows that came since and
 *     `replayed` times as many of those before, drawn anew; make the sums anew of all
 *   else: add the experience's rows to the sums
 * Old rows in their variety are worth more than a second pass over new ones. So n rows cost n (1 + replayed) in training and
 * at most n again / (again - 1) passes for sums, in however many experiences.
 * Where what is kept exceeds `latents`, it is given up, and the brick stays as it is: from then on this is first-session
 * adaptation. The paper keeps few rows, trains the upper layers themselves, and its head with them.
 */
/** Adapts the upper blocks on as rows come, with states of old rows at the entrance of these blocks beside them. */
@Technique(
    name = "latent-replay",
    title = "Latent Replay for Real-Time Continual Learning",
    source = "arXiv 1912.01100",
    cost = "LoRA on new rows and five times as many old ones, above a third of the blocks; keeps features² sums and, of each"
        + " row, a byte for each number of its tokens there, which tell much of the text")
public final class LatentReplay implements Method<LatentReplay.Options> {

  /**
   * The options.
   *
   * @param training how a brick is trained the first time, and later in one pass; where it names its sites, states are kept
   *     below the lowest of them
   * @param analytic the head
   * @param from the block at whose entrance states are kept, where the brick's sites are the usual ones, from 1; 0, the
   *     default, for a third of the blocks
   * @param again by how many times the rows have to grow before the brick is trained on, 1.01 to 1000; default 1.1
   * @param replayed old rows beside each new one, 0 to 100, as far as there are so many; default 5
   * @param latents MiB that states may take; 0 for none, and a brick that is trained once; default 128
   */
  public record Options(
      GradientOptions training, AnalyticOptions analytic, int from, double again, double replayed, int latents) {

    /** Checks the ranges. */
    public Options {
      if (from < 0 || from > 1000) {
        throw new UsageException("expected from between 1 and the backbone's blocks, or 0 for a third of them, got " + from);
      }
      if (!(again >= 1.01 && again <= 1000)) {
        throw new UsageException("expected again between 1.01 and 1000, got " + again);
      }
      if (!(replayed >= 0 && replayed <= 100)) {
        throw new UsageException("expected replayed between 0 and 100, got " + replayed);
      }
      if (latents < 0 || latents > 1 << 20) {
        throw new UsageException("expected latents between 0 and 1048576 MiB, got " + latents);
      }
    }
  }

  @Override
  public Options defaults() {
    FirstSessionAnalytic.Options adapted = new FirstSessionAnalytic().defaults();
    GradientOptions training = adapted.training();
    LoraOptions lora = training.brick().lora();
    return new Options(
        training.withBrick(BrickOptions.of(new LoraOptions(lora.rank(), lora.alpha(), lora.dropout(), LoraOptions.USUAL))),
        adapted.analytic(), 0, 1.1, 5, 128);
  }

  @Override
  public SearchSpace searchSpace() {
    return AnalyticOptions.SEARCH_SPACE;
  }

  @Override
  public Absorbing learner(Options options, LearnerContext context) {
    Backbone backbone = context.backbone();
    if (!trainsOn(options, backbone)) {
      return new FirstSessionAnalytic()
          .learner(new FirstSessionAnalytic.Options(options.training, options.analytic), context);
    }
    GradientOptions training = above(options, backbone);
    // All levels of the head are above.
    int first = backbone.blocks() - options.analytic.levelsOf(backbone) + 1;
    int block = Math.min(first, training.brick().on(backbone).lowestBlock());
    if (block < 1) {
      throw new UsageException("expected sites above the first block and fewer levels than blocks for latent-replay, so that"
          + " states can be kept in the place of texts, got sites=" + options.training.brick().lora().sites() + " and levels="
          + options.analytic.levels() + ": choose others, or latents=0 for a brick that is trained once");
    }
    return new ReplayingLearner(options, training, context, block);
  }

  /**
   * Whether a brick is trained on as rows come; else it is trained in the first experience alone. Only the states of tokens
   * can be kept.
   */
  public static boolean trainsOn(Options options, Backbone backbone) {
    return options.latents > 0 && !backbone.sites().isEmpty() && backbone.tokenWidth() > 0 && backbone.blocks() > 1;
  }

  /** The usual sites, but those below `from`. */
  private static GradientOptions above(Options options, Backbone backbone) {
    BrickOptions brick = options.training.brick();
    LoraOptions lora = brick.lora();
    if (!lora.sites().equals(LoraOptions.USUAL)) {
      return options.training;
    }
    int from = options.from == 0 ? Math.max(1, backbone.blocks() / 3) : options.from;
    List<Site> sites = lora.select(backbone.sites()).stream().filter(site -> site.block() >= from).toList();
    if (sites.isEmpty()) {
      throw new UsageException("expected from to be at most " + (backbone.blocks() - 1) + ", the last block of "
          + backbone.name() + ", got " + from);
    }
    String names = sites.stream().map(Site::name).collect(Collectors.joining("|"));
    return options.training.withBrick(
        new BrickOptions(brick.brick(), new LoraOptions(lora.rank(), lora.alpha(), lora.dropout(), names)));
  }
}
