package dev.perennial.learn.prompt;

import dev.perennial.UsageException;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.learn.Batch;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * CODA-Prompt: COntinual Decomposed Attention-based Prompting for Rehearsal-Free Continual Learning (arXiv 2211.13218).
 * With components P_m (a prefix of keys and values in the lower blocks), keys K_m and attentions A_m:
 *
 *   a_m(x) = cos(q(x) * A_m, K_m)          * by element
 *   p(x)   = sum over m of a_m(x) P_m
 *   loss   = cross-entropy + orthogonality * (o(P) + o(K) + o(A))        o(B) = mean of (B B' - I)², rows of B flattened
 *
 * Every task adds components, and those of former tasks are frozen. New ones start orthogonal to all before them, as far
 * as the width allows (Gram and Schmidt). q(x) are the features of x by the frozen encoder alone.
 */
/** Prompts that are a weighted sum of components, to which every task adds some that are orthogonal to the others. */
@Technique(
    name = "coda-prompt",
    title = "CODA-Prompt: COntinual Decomposed Attention-based Prompting for Rehearsal-Free Continual Learning",
    source = "arXiv 2211.13218",
    cost = "epochs x rows through all blocks, and one pass of the frozen encoder; keeps a few prefixes for each task")
public final class CodaPrompt implements Method<CodaPrompt.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param components that a task adds, 1 to 64; default 4
   * @param tokens of a prefix, 1 to 64; default 4
   * @param promptBlocks lower blocks that see the prefix, 1 to 100; default 5, or all there are
   * @param orthogonality strength of the penalty, at least 0; default 0.1
   */
  public record Options(PromptTraining training, int components, int tokens, int promptBlocks, double orthogonality) {

    /** Checks the ranges. */
    public Options {
      if (components < 1 || components > 64) {
        throw new UsageException("expected components between 1 and 64, got " + components);
      }
      if (tokens < 1 || tokens > 64) {
        throw new UsageException("expected tokens between 1 and 64, got " + tokens);
      }
      if (promptBlocks < 1 || promptBlocks > 100) {
        throw new UsageException("expected promptBlocks between 1 and 100, got " + promptBlocks);
      }
      if (!(orthogonality >= 0) || Double.isInfinite(orthogonality)) {
        throw new UsageException("expected an orthogonality of at least 0, got " + orthogonality);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(PromptTraining.DEFAULT, 4, 4, 5, 0.1);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Components(options, context).learner();
  }

  static final class Components extends Prompting {

    static final String PREFIXES = "prefixes";
    static final String KEYS = "keys";
    static final String ATTENTIONS = "attentions";
    private static final List<String> KINDS = List.of(PREFIXES, KEYS, ATTENTIONS);

    private final Options options;
    private final int inBlocks;

    Components(Options options, LearnerContext context) {
      super("coda-prompt", options.training(), context);
      this.options = options;
      this.inBlocks = Math.min(options.promptBlocks(), blocks());
    }

    /** Numbers of a component's prefix: key and value of every block. */
    private long prefixNumbers() {
      return 2L * inBlocks * options.tokens() * width();
    }

    private long numbers(String kind) {
      return kind.equals(PREFIXES) ? prefixNumbers() : width();
    }

    @Override
    List<String> growing() {
      return KINDS;
    }

    @Override
    public void addTo(Parameters parameters) {
      long rows = (long) tasks() * options.components();
      for (int kind = 0; kind < KINDS.size(); kind++) {
        long numbers = numbers(KINDS.get(kind));
        parameters.add(KINDS.get(kind), drawn(rows * numbers, kind), rows, numbers);
      }
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      super.begin(experience, model, fresh);
      if (fresh) {
        Map<String, Tensor> views = model.parameters().views();
        for (String kind : KINDS) {
          orthogonalise(named(views, kind));
        }
      }
    }

    /** Makes the last task's rows orthonormal, and orthogonal to all before them while the width allows it. */
    private void orthogonalise(Tensor components) {
      int width = (int) components.size(1);
      double[] rows = Tensors.toDoubles(components);
      int live = options.components();
      int former = rows.length / width - live;
      float[] made = new float[live * width];
      var basis = new ArrayList<double[]>();
      for (int row = 0; row < former + live; row++) {
        double[] vector = Arrays.copyOfRange(rows, row * width, (row + 1) * width);
        double[] residual = residual(vector, basis);
        boolean independent = length(residual) > 1e-6 * length(vector);
        if (independent) {
          basis.add(scaled(residual));
        }
        double[] start = scaled(independent ? residual : vector);
        for (int i = 0; i < width && row >= former; i++) {
          made[(row - former) * width + i] = (float) start[i];
        }
      }
      components.narrow(0, former, live).copy_(Tensors.floats(made, live, width));
    }

    private static double[] residual(double[] vector, List<double[]> basis) {
      double[] residual = vector.clone();
      // Twice, as rounding leaves something of the others the first time.
      for (int pass = 0; pass < 2; pass++) {
        for (double[] other : basis) {
          double product = 0;
          for (int i = 0; i < residual.length; i++) {
            product += residual[i] * other[i];
          }
          for (int i = 0; i < residual.length; i++) {
            residual[i] -= product * other[i];
          }
        }
      }
      return residual;
    }

    private static double length(double[] vector) {
      double squares = 0;
      for (double value : vector) {
        squares += value * value;
      }
      return Math.sqrt(squares);
    }

    private static double[] scaled(double[] vector) {
      double length = Math.max(length(vector), Double.MIN_NORMAL);
      double[] scaled = new double[vector.length];
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] = vector[i] / length;
      }
      return scaled;
    }

    /** All components of a kind, {@code [components, numbers]}: gradients reach those of the last task alone. */
    private Tensor all(Map<String, Tensor> trained, String kind) {
      Tensor rows = named(trained, kind);
      long former = (tasks() - 1L) * options.components();
      return former == 0
          ? rows
          : Tensors.concat(0, rows.narrow(0, 0, former).detach(), rows.narrow(0, former, options.components()));
    }

    /** Weights of the components, {@code [rows, components]}. */
    private Tensor weights(Map<String, Tensor> trained, Tensor queries) {
      Tensor attentions = all(trained, ATTENTIONS);
      Tensor products = torch.mm(queries, attentions.mul(torch.normalize(all(trained, KEYS))).t());
      Tensor squares = torch.mm(queries.square(), attentions.square().t());
      return products.div(squares.clamp_min(new Scalar(1e-12)).sqrt());
    }

    @Override
    public VirtualTokens tokens(Map<String, Tensor> trained, Tensor queries) {
      Tensor own = torch.mm(weights(trained, queries), all(trained, PREFIXES))
          .view(queries.size(0), 2L * inBlocks, options.tokens(), width());
      var prefixes = new HashMap<Integer, VirtualTokens.Prefix>();
      for (int block = 0; block < inBlocks; block++) {
        prefixes.put(block, new VirtualTokens.Prefix(own.select(1, 2L * block), own.select(1, 2L * block + 1)));
      }
      return new VirtualTokens(null, prefixes, null);
    }

    @Override
    public Tensor outputLoss(Batch batch, Part part) {
      Tensor penalty = Tensors.zeros(1).sum();
      for (String kind : KINDS) {
        Tensor rows = all(part.trained(), kind);
        penalty = penalty.add(torch.mm(rows, rows.t()).sub(torch.eye(rows.size(0))).square().mean());
      }
      // The sum over rows of what does not depend on them.
      return penalty.mul(new Scalar(options.orthogonality() * part.positions().length));
    }
  }
}
