package dev.perennial.learn.subspace;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Sculpting Subspaces: Constrained Full Fine-Tuning in LLMs for Continual Learning (arXiv 2504.07097). Before each
 * experience every trained weight is taken apart, W = U S V', and its top r singular directions are protected:
 *
 *   I_l  = mean over rows of cos(input of the layer, output of the layer), divided by its mean over the layers
 *   r_l  = (least + I_l (most - least)) min(out, in)                  shares cut to 0 .. 1
 *   G'   = G - U_r U_r' G V_r V_r'
 *
 * so that U_r' W V_r stays what it was. An optimiser that scales every number by itself leaves the subspace again, so the
 * step is projected as well: with W* the weight at the beginning of the experience,
 *
 *   W <- W - U_r U_r' (W - W*) V_r V_r'
 *
 * Input and output of a layer are those of the block that it is in, pooled, as inner layers change the width. Where the
 * backbone is trained from scratch there is nothing to protect before the first experience, and all layers count alike.
 */
/** Fine-tunes whole weights, but for what they do between their top singular directions. */
@Technique(
    name = "sculpted-subspaces",
    title = "Sculpting Subspaces: Constrained Full Fine-Tuning in LLMs for Continual Learning",
    source = "arXiv 2504.07097",
    cost = "the steps of plain training and an SVD of each weight an experience; keeps the weights as it began, no sample")
public final class SculptedSubspaces implements Method<SculptedSubspaces.Options> {

  /**
   * The options.
   *
   * @param epochs passes over an experience, 1 to 1000; default 3
   * @param batch rows of a step, 1 to 4096; default 32
   * @param optimisation how the weights follow their gradients; default adamw at 0.0003
   * @param sites whose weights are tuned, a regular expression; default query and value
   * @param head which head is trained with them
   * @param least share of singular directions that is protected where nothing speaks for a layer, 0 to 1; default 0.1
   * @param most share that is protected in a layer of mean importance, least to 1; default 0.8
   * @param importanceRows rows of an experience that importance is measured on, 1 to 100000; default 64
   */
  public record Options(
      int epochs, int batch, OptimiserOptions optimisation, String sites, HeadOptions head, double least, double most,
      int importanceRows) {

    /** Checks the ranges. */
    public Options {
      if (!(least >= 0 && least <= 1)) {
        throw new UsageException("expected least between 0 and 1, got " + least);
      }
      if (!(most >= least && most <= 1)) {
        throw new UsageException("expected most between least, which is " + least + ", and 1, got " + most);
      }
      if (importanceRows < 1 || importanceRows > 100_000) {
        throw new UsageException("expected importanceRows between 1 and 100000, got " + importanceRows);
      }
      training(epochs, batch, optimisation, sites, head);
    }

    private GradientOptions training() {
      return training(epochs, batch, optimisation, sites, head);
    }

    private static GradientOptions training(
        int epochs, int batch, OptimiserOptions optimisation, String sites, HeadOptions head) {
      var shape = new LoraOptions(
          LoraOptions.DEFAULT.rank(), LoraOptions.DEFAULT.alpha(), LoraOptions.DEFAULT.dropout(), sites);
      return new GradientOptions(epochs, batch, optimisation, LoraOptions.DEFAULT, head)
          .withBrick(new BrickOptions("delta", shape));
    }
  }

  @Override
  public Options defaults() {
    return new Options(3, 32, OptimiserOptions.adamW(3e-4), LoraOptions.USUAL, HeadOptions.DEFAULT, 0.1, 0.8, 64);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new Protection(options, context));
  }

  static final class Protection implements Objective {

    private static final String PART = "subspaces";
    private static final String BEGINNING = "beginning";

    private final Options options;
    private final LearnerContext context;
    private final @Nullable Brick brick;
    private final TensorOwner kept = new TensorOwner();
    private TensorOwner bases = new TensorOwner();
    /** What the weights, or their differences, were when the experience began, flat. */
    private @Nullable Tensor beginning;
    private List<Subspace> subspaces = List.of();

    /**
     * What is protected of a weight.
     *
     * @param name of the parameter
     * @param left {@code [out, r]}
     * @param right {@code [in, r]}
     */
    record Subspace(String name, Tensor left, Tensor right) {

      /** The part of a change {@code [out, in]} that lies between protected directions. */
      Tensor within(Tensor change) {
        Tensor core = torch.mm(torch.mm(left.t(), change), right);
        return torch.mm(torch.mm(left, core), right.t());
      }
    }

    Protection(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.brick = context.backbone().sites().isEmpty() ? null : options.training().brick().on(context.backbone());
    }

    List<Subspace> subspaces() {
      return subspaces;
    }

    /** Parameters below the head. */
    private static long size(Parameters parameters) {
      List<String> names = parameters.names();
      return parameters.view(parameters.values(), names.getLast()).storage_offset();
    }

    /** Names of the weights: all below the head of two dimensions or more, with what a block that they are in is. */
    private List<Weight> weights(Parameters parameters) {
      var weights = new ArrayList<Weight>();
      if (brick != null) {
        List<String> names = parameters.names();
        for (int i = 0; i < brick.sites().size(); i++) {
          Site site = brick.sites().get(i);
          weights.add(new Weight(names.get(i), site.block(), context.backbone().frozen(site).weight()));
        }
        return weights;
      }
      List<String> names = parameters.names();
      for (String name : names.subList(0, names.size() - 1)) {
        if (parameters.view(parameters.values(), name).dim() > 1) {
          weights.add(new Weight(name, 0, null));
        }
      }
      return weights;
    }

    /** A parameter that is a weight, or what is added to a frozen one. */
    private record Weight(String name, int block, @Nullable Tensor frozen) {}

    private static Tensor matrix(Tensor weight) {
      return weight.reshape(weight.size(0), -1);
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      Parameters parameters = model.parameters();
      if (fresh) {
        Tensor now = parameters.values().narrow(0, 0, size(parameters)).clone();
        beginning = beginning == null ? kept.keep(now) : kept.replace(beginning, now);
      }
      bases.close();
      bases = new TensorOwner();
      subspaces = List.of();
      if (brick == null && experience.index() == 0) {
        return;
      }
      List<Weight> weights = weights(parameters);
      double[] importance = importance(experience, parameters);
      double mean = weights.stream().mapToDouble(weight -> importance[weight.block]).average().orElse(1);
      var found = new ArrayList<Subspace>();
      for (Weight weight : weights) {
        Tensor change = matrix(parameters.view(beginning(), weight.name));
        Tensor whole = weight.frozen == null ? change : change.add(matrix(weight.frozen.cpu()));
        double share = share(importance[weight.block] / mean);
        long rank = (long) (share * Math.min(whole.size(0), whole.size(1)));
        if (rank > 0) {
          var parts = torch.linalg_svd(whole, false, new StringViewOptional());
          found.add(new Subspace(weight.name,
              bases.keep(parts.get0().narrow(1, 0, rank).contiguous()),
              bases.keep(parts.get2().narrow(0, 0, rank).t().contiguous())));
        }
      }
      subspaces = found;
    }

    /** The share of singular directions that is protected in a layer of an importance whose mean is 1. */
    double share(double importance) {
      return Math.clamp(options.least() + importance * (options.most() - options.least()), 0, 1);
    }

    private Tensor beginning() {
      if (beginning == null) {
        throw new IllegalStateException("an experience begins first");
      }
      return beginning;
    }

    /** For each block the mean cosine of what goes in and what comes out, pooled, with the weights of the beginning. */
    double[] importance(Experience experience, Parameters parameters) {
      int blocks = context.backbone().blocks();
      double[] means = new double[blocks];
      if (brick == null) {
        Arrays.fill(means, 1);
        return means;
      }
      List<Example> rows =
          experience.train().subList(0, Math.min(options.importanceRows(), experience.train().size()));
      var views = new HashMap<String, Tensor>();
      for (String name : brick.shapes().keySet()) {
        views.put(name, parameters.view(beginning(), name));
      }
      Adaptation acting = brick.adaptation(views);
      Pass pass = context.backbone().pass(rows.stream().map(row -> context.cache().row(row.input())).toList());
      Tensor state = pass.start(acting);
      Tensor before = torch.normalize(pass.pool(state));
      for (int block = 0; block < blocks; block++) {
        state = pass.advance(state, block, block + 1, acting);
        Tensor after = torch.normalize(pass.pool(state));
        means[block] = before.mul(after).sum().item_double() / rows.size();
        before = after;
      }
      return means;
    }

    @Override
    public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
      Tensor gradient = atValues.get();
      for (Subspace subspace : subspaces) {
        Tensor own = matrix(model.parameters().view(gradient, subspace.name));
        own.sub_(subspace.within(own), new Scalar(1.0));
      }
      return gradient;
    }

    @Override
    public void stepped(Batch batch, Model model) {
      Parameters parameters = model.parameters();
      for (Subspace subspace : subspaces) {
        Tensor own = matrix(parameters.view(parameters.values(), subspace.name));
        Tensor start = matrix(parameters.view(beginning(), subspace.name));
        own.sub_(subspace.within(own.sub(start)), new Scalar(1.0));
      }
    }

    @Override
    public List<StatePart> state() {
      Tensor now = beginning;
      return now == null
          ? List.of()
          : List.of(StatePart.of(PART, Combine.LATEST, Map.of(BEGINNING, Tensors.view(now))));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      if (state.containsKey(PART)) {
        beginning = kept.keep(Tensors.copyOf(LearnerState.part(state, PART).tensor(BEGINNING)));
      }
    }

    @Override
    public long memoryBytes() {
      return beginning == null ? 0 : beginning.nbytes();
    }

    @Override
    public void close() {
      kept.close();
      bases.close();
    }
  }
}
