package dev.perennial.learn.prompt;

import dev.perennial.UsageException;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.learn.Batch;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * DualPrompt: Complementary Prompting for Rehearsal-free Continual Learning (arXiv 2204.04799). Prompts are prefixes: keys
 * and values that the attention of a block sees beside the text's own.
 *
 *   general prompt  g      in the lower blocks, shared by all tasks and trained in all
 *   expert prompt   e_t    in the blocks above, one a task, with a key k_t; trained in task t only
 *   training of t:  loss = cross-entropy + pull * (1 - cos(q(x), k_t))
 *   a query:        e_s with s = argmax over the tasks of cos(q(x), k_s)
 *
 * q(x) are the features of x by the frozen encoder alone. The paper's blocks are 1-2 and 3-5 of 12, with 5 and 20 tokens;
 * here both have the same number of tokens, as texts take the positions behind them.
 */
/** A general prefix that all tasks share, and an expert prefix for each task, found by its key. */
@Technique(
    name = "dual-prompt",
    title = "DualPrompt: Complementary Prompting for Rehearsal-free Continual Learning",
    source = "arXiv 2204.04799",
    cost = "epochs x rows through all blocks, and one pass of the frozen encoder; keeps a prefix and a key for each task")
public final class DualPrompt implements Method<DualPrompt.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param tokens of a prefix, 1 to 64; default 8
   * @param generalBlocks lower blocks that see the general prefix, 0 to 100; default 2; at least one is left to experts
   * @param expertBlocks blocks above that see an expert's prefix, 1 to 100; default 3
   * @param pull how much a task's key is drawn to its texts, at least 0; default 1
   */
  public record Options(PromptTraining training, int tokens, int generalBlocks, int expertBlocks, double pull) {

    /** Checks the ranges. */
    public Options {
      if (tokens < 1 || tokens > 64) {
        throw new UsageException("expected tokens between 1 and 64, got " + tokens);
      }
      if (generalBlocks < 0 || generalBlocks > 100) {
        throw new UsageException("expected generalBlocks between 0 and 100, got " + generalBlocks);
      }
      if (expertBlocks < 1 || expertBlocks > 100) {
        throw new UsageException("expected expertBlocks between 1 and 100, got " + expertBlocks);
      }
      if (!(pull >= 0) || Double.isInfinite(pull)) {
        throw new UsageException("expected a pull of at least 0, got " + pull);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(PromptTraining.DEFAULT, 8, 2, 3, 1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Experts(options, context).learner();
  }

  static final class Experts extends Prompting {

    static final String GENERAL = "general";
    static final String EXPERTS = "experts";
    static final String KEYS = "keys";

    private final Options options;
    private final int general;
    private final int experts;

    Experts(Options options, LearnerContext context) {
      super("dual-prompt", options.training(), context);
      this.options = options;
      this.general = Math.min(options.generalBlocks(), blocks() - 1);
      this.experts = Math.min(options.expertBlocks(), blocks() - general);
    }

    private long prefixNumbers(int inBlocks) {
      return 2L * inBlocks * options.tokens() * width();
    }

    @Override
    List<String> growing() {
      return List.of(EXPERTS, KEYS);
    }

    @Override
    public void addTo(Parameters parameters) {
      parameters.add(EXPERTS, drawn(tasks() * prefixNumbers(experts), 0), tasks(), 2L * experts, options.tokens(), width());
      parameters.add(KEYS, drawn((long) tasks() * width(), 1), tasks(), width());
      parameters.add(GENERAL, drawn(prefixNumbers(general), 2), 2L * general, options.tokens(), width());
    }

    @Override
    public VirtualTokens tokens(Map<String, Tensor> trained, Tensor queries) {
      var prefixes = new HashMap<Integer, VirtualTokens.Prefix>();
      Tensor shared = named(trained, GENERAL);
      for (int block = 0; block < general; block++) {
        prefixes.put(block, new VirtualTokens.Prefix(shared.select(0, 2L * block), shared.select(0, 2L * block + 1)));
      }
      // Key and value of a block, [tokens, width], or [rows, tokens, width] where every row has found its own expert.
      Tensor own = GradMode.is_enabled()
          ? named(trained, EXPERTS).select(0, tasks() - 1L)
          : Tensors.rows(named(trained, EXPERTS), found(trained, queries)).transpose(0, 1);
      for (int block = 0; block < experts; block++) {
        prefixes.put(
            general + block, new VirtualTokens.Prefix(own.select(0, 2L * block), own.select(0, 2L * block + 1)));
      }
      return new VirtualTokens(null, prefixes, null);
    }

    /** For every row the task whose key has the greatest cosine with its query. */
    static long[] found(Map<String, Tensor> trained, Tensor queries) {
      Tensor cosines = torch.mm(queries, torch.normalize(named(trained, KEYS)).t());
      return Tensors.toLongs(cosines.argmax(new LongOptional(1), false));
    }

    @Override
    public Tensor outputLoss(Batch batch, Part part) {
      Tensor key = torch.normalize(named(part.trained(), KEYS).narrow(0, tasks() - 1L, 1));
      Tensor cosines = torch.mm(queries(part), key.t());
      return cosines.neg().add(new Scalar(1.0)).sum().mul(new Scalar(options.pull()));
    }
  }
}
