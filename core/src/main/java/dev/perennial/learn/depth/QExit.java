package dev.perennial.learn.depth;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.budget.Placement;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * PALBERT: Teaching ALBERT to Ponder (arXiv 2204.03276). Behind each block i of a frozen network stand a classifier and a
 * number l_i in (0, 1), how likely a row is to leave there; l of the last block is 1:
 *
 *   l_i  = sigmoid(u_i h_i + b_i)                   h_i what block i gives, pooled
 *   p_i  = l_i prod over j < i of (1 - l_j)
 *   loss = sum_i p_i CE_i + divergence * KL(p || prior)        prior_i ~ g (1 - g)^(i-1), g = geometric
 *   Q-exit: a row leaves at the first block where p_1 + .. + p_i reaches `quantile`
 *
 * which needs no draw, unlike PonderNet's. The paper's l_i is a small network of h_i and h_i-1, and its encoder is tuned
 * with it; here the encoder is frozen, and l_i is linear.
 */
/** A classifier behind every block of a frozen network; a row leaves at the block where it is likely enough to have left. */
@Technique(
    name = "q-exit",
    title = "PALBERT: Teaching ALBERT to Ponder",
    source = "arXiv 2204.03276",
    cost = "epochs x rows through the heads, one pass of the frozen network; keeps a head for each block and no sample")
public final class QExit implements Method<QExit.Options> {

  /**
   * The options.
   *
   * @param epochs passes over an experience, 1 to 1000; default 30
   * @param batch rows of a step, 1 to 4096; default 32
   * @param optimisation how the heads follow their gradients; default adamw at 0.003
   * @param quantile how likely a row is to have left where it leaves, 0 to 1; at 1 all rows go through all blocks;
   *     default 0.5
   * @param geometric how likely a row is to leave at a block, before anything is known of it, above 0 to below 1;
   *     default 0.2
   * @param divergence strength of that belief, at least 0; default 0.01
   */
  public record Options(
      int epochs, int batch, OptimiserOptions optimisation, double quantile, double geometric, double divergence) {

    /** Checks the ranges. */
    public Options {
      if (!(quantile >= 0 && quantile <= 1)) {
        throw new UsageException("expected a quantile between 0 and 1, got " + quantile);
      }
      if (!(geometric > 0 && geometric < 1)) {
        throw new UsageException("expected geometric above 0 and below 1, got " + geometric);
      }
      if (!(divergence >= 0) || Double.isInfinite(divergence)) {
        throw new UsageException("expected a divergence of at least 0, got " + divergence);
      }
      training(epochs, batch, optimisation);
    }

    private GradientOptions training() {
      return training(epochs, batch, optimisation);
    }

    private static GradientOptions training(int epochs, int batch, OptimiserOptions optimisation) {
      return new GradientOptions(epochs, batch, optimisation, LoraOptions.DEFAULT, HeadOptions.DEFAULT);
    }
  }

  @Override
  public Options defaults() {
    return new Options(30, 32, OptimiserOptions.adamW(3e-3), 0.5, 0.2, 0.01);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new Exits(options, context).learner();
  }

  static final class Exits implements Objective {

    static final String LEAVING = "leaving";
    private static final String HEAD = "head.weight";
    private static final int ROWS = 32;

    private final Options options;
    private final LearnerContext context;
    private final LevelBackbone levels;
    private final int blocks;
    private final int width;

    /**
     * What became of a row.
     *
     * @param block that it left behind, from 0
     * @param logits for each class
     */
    record Left(int block, float[] logits) {}

    Exits(Options options, LearnerContext context) {
      this.options = options;
      this.context = context;
      this.blocks = context.backbone().blocks();
      this.width = context.backbone().width();
      this.levels = new LevelBackbone(
          context, 0, blocks - 1, parameters -> parameters.add(LEAVING, new float[blocks * (width + 1)], blocks, width + 1));
    }

    GradientLearner learner() {
      return new GradientLearner(options.training(), levels.context(), this);
    }

    /** How likely rows are to leave behind a block that have come to it, {@code [rows]}. */
    private Tensor leaving(Tensor features, int block, Map<String, Tensor> tensors) {
      Tensor own = named(tensors, LEAVING).select(0, block);
      return block == blocks - 1
          ? torch.ones(features.size(0))
          : torch.sigmoid(torch.mv(features, own.narrow(0, 0, width)).add(own.select(0, width)));
    }

    /** Logits behind a block, {@code [rows, outputs]}. */
    private Tensor logits(Tensor features, int block, Map<String, Tensor> tensors) {
      Tensor rows = named(tensors, HEAD);
      return torch.linear(features, rows.narrow(1, (long) block * width, width),
          new TensorOptional(rows.select(1, (long) blocks * width)));
    }

    private static Tensor named(Map<String, Tensor> tensors, String name) {
      Tensor tensor = tensors.get(name);
      if (tensor == null) {
        throw new IllegalArgumentException("expected a tensor " + name + " among the exits");
      }
      return tensor;
    }

    /** The belief before anything is known of a row: geometric, cut off behind the last block. */
    double[] prior() {
      double[] prior = new double[blocks];
      double sum = 0;
      for (int block = 0; block < blocks; block++) {
        prior[block] = options.geometric() * Math.pow(1 - options.geometric(), block);
        sum += prior[block];
      }
      for (int block = 0; block < blocks; block++) {
        prior[block] /= sum;
      }
      return prior;
    }

    @Override
    public Tensor taskLoss(Batch batch, Part part) {
      double[] prior = prior();
      Tensor staying = torch.ones(part.positions().length);
      Tensor loss = Tensors.zeros(part.positions().length);
      for (int block = 0; block < blocks; block++) {
        Tensor features = part.features().narrow(1, (long) block * width, width);
        Tensor leaving = leaving(features, block, part.trained());
        Tensor here = staying.mul(leaving);
        staying = staying.mul(leaving.neg().add(new Scalar(1.0)));
        Tensor error = torch.cross_entropy_loss(
            logits(features, block, part.trained()), part.targets(), new TensorOptional(), 0, -100, 0);
        Tensor divergence = torch.log(here.clamp_min(new Scalar(1e-12))).sub(new Scalar(Math.log(prior[block])))
            .mul(new Scalar(options.divergence()));
        loss = loss.add(here.mul(error.add(divergence)));
      }
      return loss.sum();
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      context.register(experience);
    }

    /** Writes down where the rows of an experience leave: the shares are what is saved of the blocks behind. */
    @Override
    public void end(Experience experience, Model model) {
      List<Example> rows = experience.train();
      int[] counts = new int[blocks];
      for (Left left : left(rows.stream().map(Example::input).toList(), model)) {
        counts[left.block]++;
      }
      for (int block = 0; block < blocks; block++) {
        double share = (double) counts[block] / rows.size();
        context.ledger().place(new Placement("block." + block, 0, width + 1L, share, experience.index(), 0,
            "share of rows that leave here"));
      }
    }

    @Override
    public Tensor scores(List<? extends Input> inputs, Model model) {
      int classes = model.classes().size();
      float[] all = new float[inputs.size() * classes];
      List<Left> left = left(inputs, model);
      for (int row = 0; row < left.size(); row++) {
        System.arraycopy(left.get(row).logits, 0, all, row * classes, classes);
      }
      return Tensors.floats(all, inputs.size(), classes);
    }

    /** Sends rows through the blocks until they leave; blocks behind are not computed. */
    List<Left> left(List<? extends Input> inputs, Model model) {
      context.cache().register(inputs);
      List<Row> rows = inputs.stream().map(context.cache()::row).toList();
      var order = new ArrayList<Integer>();
      for (int row = 0; row < rows.size(); row++) {
        order.add(row);
      }
      order.sort(Comparator.comparingInt(row -> rows.get(row).length()));
      Parameters parameters = model.parameters();
      int classes = model.classes().size();
      var left = new Left[rows.size()];
      var tasks = new ArrayList<Callable<Integer>>();
      for (int start = 0; start < order.size(); start += ROWS) {
        List<Integer> batch = order.subList(start, Math.min(start + ROWS, order.size()));
        tasks.add(() -> {
          try (TensorScope scope = TensorScope.inference()) {
            Left[] own = left(batch.stream().map(rows::get).toList(), parameters.views(), classes);
            for (int i = 0; i < own.length; i++) {
              left[batch.get(i)] = own[i];
            }
            return own.length;
          }
        });
      }
      context.workers().run(tasks);
      return Arrays.asList(left);
    }

    private Left[] left(List<Row> batch, Map<String, Tensor> tensors, int classes) {
      Backbone backbone = context.backbone();
      var left = new Left[batch.size()];
      int[] there = IntStream.range(0, left.length).toArray();
      double[] staying = new double[left.length];
      Arrays.fill(staying, 1);
      Pass pass = backbone.pass(batch);
      Tensor state = pass.start();
      for (int block = 0; block < blocks && there.length > 0; block++) {
        state = pass.advance(state, block, block + 1, Adaptation.NONE);
        Tensor features = pass.pool(state);
        float[] leaving = Tensors.toFloats(leaving(features, block, tensors));
        float[] logits = Tensors.toFloats(logits(features, block, tensors).narrow(1, 0, classes));
        var rest = new ArrayList<Integer>();
        for (int i = 0; i < there.length; i++) {
          int row = there[i];
          staying[row] *= 1 - leaving[i];
          if (block == blocks - 1 || 1 - staying[row] >= options.quantile()) {
            left[row] = new Left(block, Arrays.copyOfRange(logits, i * classes, (i + 1) * classes));
          } else {
            rest.add(i);
          }
        }
        if (rest.size() < there.length && !rest.isEmpty()) {
          float[] all = Tensors.toFloats(state);
          float[][] states = new float[rest.size()][];
          int[] before = there;
          for (int i = 0; i < states.length; i++) {
            states[i] = pass.cut(all, rest.get(i));
          }
          there = rest.stream().mapToInt(i -> before[i]).toArray();
          pass = backbone.pass(Arrays.stream(there).mapToObj(batch::get).toList());
          state = pass.join(states);
        } else if (rest.isEmpty()) {
          there = new int[0];
        }
      }
      return left;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(context::register);
    }
  }
}
