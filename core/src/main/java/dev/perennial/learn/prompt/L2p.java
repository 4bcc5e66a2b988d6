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
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Learning to Prompt for Continual Learning (arXiv 2112.08654). With q(x) the features of x by the frozen encoder alone,
 * a pool of prompts P_1 .. P_M, each of so many virtual words, and a key k_m for each:
 *
 *   S(x)  = the N prompts whose keys have the greatest cosine with q(x)
 *   input = [P_s for s in S(x), words of x]
 *   loss  = cross-entropy + pull * sum over s in S(x) of (1 - cos(q(x), k_s))
 *
 * The order of the chosen prompts is that of their cosines. Features are those of the text's own words, as everywhere in
 * this encoder; the paper takes the mean of the prompts'.
 */
/** A pool of prompts for a frozen encoder, of which every text gets those whose keys are nearest to it. */
@Technique(
    name = "l2p",
    title = "Learning to Prompt for Continual Learning",
    source = "arXiv 2112.08654",
    cost = "epochs x rows through all blocks, and one pass of the frozen encoder; keeps a pool of prompts and no sample")
public final class L2p implements Method<L2p.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param pool prompts in the pool, 1 to 1024; default 10
   * @param tokens virtual words of a prompt, 1 to 64; default 5
   * @param chosen prompts that a text gets, 1 to the pool; default 4
   * @param pull how much chosen keys are drawn to the texts that chose them, at least 0; default 0.5
   */
  public record Options(PromptTraining training, int pool, int tokens, int chosen, double pull) {

    /** Checks the ranges. */
    public Options {
      if (pool < 1 || pool > 1024) {
        throw new UsageException("expected a pool between 1 and 1024 prompts, got " + pool);
      }
      if (tokens < 1 || tokens > 64) {
        throw new UsageException("expected tokens between 1 and 64, got " + tokens);
      }
      if (chosen < 1 || chosen > pool) {
        throw new UsageException("expected chosen between 1 and the pool of " + pool + ", got " + chosen);
      }
      if (!(pull >= 0) || Double.isInfinite(pull)) {
        throw new UsageException("expected a pull of at least 0, got " + pull);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(PromptTraining.DEFAULT, 10, 5, 4, 0.5);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Pool(options, context).learner();
  }

  static final class Pool extends Prompting {

    static final String PROMPTS = "pool.prompts";
    static final String KEYS = "pool.keys";

    private final Options options;

    Pool(Options options, LearnerContext context) {
      super("l2p", options.training(), context);
      this.options = options;
    }

    @Override
    List<String> growing() {
      return List.of();
    }

    @Override
    public void addTo(Parameters parameters) {
      long numbers = (long) options.pool() * options.tokens() * width();
      parameters.add(PROMPTS, drawn(numbers, 0), options.pool(), options.tokens(), width());
      parameters.add(KEYS, drawn((long) options.pool() * width(), 1), options.pool(), width());
    }

    /** Cosines of queries and keys, {@code [rows, pool]}, with gradients of the keys. */
    private static Tensor cosines(Map<String, Tensor> trained, Tensor queries) {
      return torch.mm(queries, torch.normalize(named(trained, KEYS)).t());
    }

    /** For every row the places of its prompts in the pool, those of the greatest cosine first; ties by place. */
    long[] chosen(Tensor cosines) {
      float[] all = Tensors.toFloats(cosines.detach());
      int pool = options.pool();
      int rows = all.length / pool;
      long[] places = new long[rows * options.chosen()];
      for (int row = 0; row < rows; row++) {
        boolean[] taken = new boolean[pool];
        for (int i = 0; i < options.chosen(); i++) {
          int best = -1;
          for (int m = 0; m < pool; m++) {
            if (!taken[m] && (best < 0 || all[row * pool + m] > all[row * pool + best])) {
              best = m;
            }
          }
          taken[best] = true;
          places[row * options.chosen() + i] = best;
        }
      }
      return places;
    }

    @Override
    public VirtualTokens tokens(Map<String, Tensor> trained, Tensor queries) {
      long[] places = chosen(cosines(trained, queries));
      Tensor own = Tensors.rows(named(trained, PROMPTS), places);
      return new VirtualTokens(
          own.view(queries.size(0), (long) options.chosen() * options.tokens(), width()), Map.of(), null);
    }

    @Override
    public Tensor outputLoss(Batch batch, Part part) {
      Tensor cosines = cosines(part.trained(), queries(part));
      long[] places = chosen(cosines);
      Tensor near = torch.gather(cosines, 1, Tensors.longs(places, part.positions().length, options.chosen()));
      return near.neg().add(new Scalar(1.0)).sum().mul(new Scalar(options.pull()));
    }
  }
}
