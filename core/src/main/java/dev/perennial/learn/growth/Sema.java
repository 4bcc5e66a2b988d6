package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.grow.Evidence;
import dev.perennial.grow.ReconstructionError;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Self-Expansion of Pre-trained Models with Mixture of Adapters for Continual Learning (arXiv 2403.18886):
 *   expand     where max over stretches of  min over bricks k of  mean z_k(x)  >  threshold
 *              z_k the error of brick k's representation descriptor, see ReconstructionError
 *   mixture    y' = y + sum_k g_k B_k A_k x,  g = softmax(10 R x' ),  x' the frozen features, of length 1
 * A new brick is learned together with a new row of R; all others are frozen. Where nothing is new, only the head learns.
 * The paper decides and routes layer by layer, by the mean token there; here once, by the pooled features of the frozen
 * backbone, which do not move when bricks are added. The paper's router keeps to old tasks only as far as their rows are not
 * pushed away by the new one; here the new row also learns to leave the means of all classes to the bricks that learned them:
 *   loss = task + mean over classes c of  CE(10 R m_c, brick of c)
 * The paper's head is trained on each task's classes; here it is analytic, over frozen and routed features.
 */
/** Adds a brick where representation descriptors find a stretch of the stream new, and mixes bricks by a router. */
@Technique(
    name = "sema",
    title = "Self-Expansion of Pre-trained Models with Mixture of Adapters for Continual Learning",
    source = "arXiv 2403.18886",
    cost = "the steps of plain training where something is new, else one pass; keeps sums, class means and no sample")
public final class Sema implements Method<Sema.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held
   * @param threshold of z above which a brick is added, -100 to 1000; default 2.5
   * @param codes of a descriptor, 1 to 1024; default 32
   * @param stretch rows that are judged together, 1 to 1 million; default 128
   */
  public record Options(GrowthOptions growth, double threshold, int codes, int stretch) {

    /** Checks the ranges. */
    public Options {
      if (!(threshold >= -100 && threshold <= 1000)) {
        throw new UsageException("expected a threshold between -100 and 1000, got " + threshold);
      }
      if (codes < 1 || codes > 1024) {
        throw new UsageException("expected codes between 1 and 1024, got " + codes);
      }
      if (stretch < 1 || stretch > 1_000_000) {
        throw new UsageException("expected a stretch between 1 and 1000000 rows, got " + stretch);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, 2.5, 32, 128);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("threshold", "1.5", "2.5", "4");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(options.growth(), context, new Expansion(options, context.backbone().width()));
  }

  static final class Expansion implements Growth {

    private static final double SHARPNESS = 10;
    private static final String ROW = "router.row";

    private final Options options;
    private final int width;
    private final List<ReconstructionError> descriptors = new ArrayList<>();
    private final List<float[]> router = new ArrayList<>();
    private int live = -1;

    Expansion(Options options, int width) {
      this.options = options;
      this.width = width;
    }

    @Override
    public Evidence evidence(Rows rows, Model model) {
      double newest = Double.NEGATIVE_INFINITY;
      long count = rows.frozen().size(0);
      for (long start = 0; start < count; start += options.stretch) {
        double[] scores = scores(rows.frozen().narrow(0, start, Math.min(options.stretch, count - start)));
        newest = Math.max(newest, scores[least(scores)]);
      }
      int nearest = least(scores(rows.frozen()));
      return new Evidence("descriptor z", newest, options.threshold, options.threshold, nearest);
    }

    private double[] scores(Tensor stretch) {
      return descriptors.stream().mapToDouble(descriptor -> descriptor.score(stretch)).toArray();
    }

    private static int least(double[] scores) {
      return IntStream.range(0, scores.length).reduce(0, (best, i) -> scores[i] < scores[best] ? i : best);
    }

    @Override
    public void begin(Rows rows, Model model, int learns, boolean fresh) {
      live = learns;
      if (fresh) {
        descriptors.add(ReconstructionError.of(rows.frozen(), options.codes));
        Tensor mean = torch.normalize(rows.frozen()).mean(0);
        router.add(Tensors.toFloats(mean));
      }
    }

    @Override
    public boolean alone() {
      return false;
    }

    @Override
    public void addTo(Parameters parameters, Model model) {
      // The brick that learns is the only one whose row does.
      parameters.add(ROW, router.getLast(), 1, width);
    }

    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      return torch.softmax(logits(frozen, trained), 1);
    }

    private Tensor logits(Tensor frozen, Map<String, Tensor> trained) {
      Tensor row = trained.get(ROW);
      Tensor[] rows = new Tensor[router.size()];
      for (int brick = 0; brick < rows.length; brick++) {
        rows[brick] = row != null && brick == live ? row : Tensors.floats(router.get(brick), 1, width);
      }
      return torch.mm(torch.normalize(frozen), Tensors.concat(0, rows).t()).mul(new Scalar(SHARPNESS));
    }

    @Override
    public @Nullable Tensor loss(Rows batch, Map<String, Tensor> trained, Model model) {
      long[] brickOf = model.keys().brickOf();
      long[] served = IntStream.range(0, brickOf.length).filter(c -> brickOf[c] >= 0).asLongStream().toArray();
      if (router.size() < 2 || served.length == 0) {
        return null;
      }
      long[] targets = new long[served.length];
      for (int i = 0; i < targets.length; i++) {
        targets[i] = brickOf[(int) served[i]];
      }
      Tensor means = Tensors.rows(model.keys().sums(), served).to(torch.ScalarType.Float);
      return torch.cross_entropy_loss(
          logits(means, trained), Tensors.longs(targets, targets.length), new TensorOptional(), 1, -100, 0);
    }

    @Override
    public void learned(Experience experience, Parameters parameters, int brick, long[] classes, Model model) {
      router.set(brick, Tensors.toFloats(parameters.view(parameters.values(), ROW)));
      live = -1;
    }

    /** The row goes half way; the descriptor stays that of the one that takes in the other. */
    @Override
    public void merged(int kept, int gone) {
      float[] other = router.remove(gone);
      float[] one = router.get(kept).clone();
      for (int i = 0; i < width; i++) {
        one[i] = (one[i] + other[i]) / 2;
      }
      router.set(kept, one);
      descriptors.remove(gone);
    }

    @Override
    public long newNumbers(int classes) {
      return width;
    }

    @Override
    public long newBytes(long brickNumbers) {
      return (options.codes + 1L) * width * Float.BYTES + 2 * Double.BYTES;
    }

    @Override
    public long parameters() {
      return (long) router.size() * width;
    }

    @Override
    public long memoryBytes() {
      return descriptors.stream().mapToLong(ReconstructionError::bytes).sum();
    }

    @Override
    public Map<String, TensorData> state() {
      var tensors = new HashMap<String, TensorData>();
      tensors.put("live", TensorData.of(new long[] {live, router.size()}, 2));
      for (int brick = 0; brick < router.size(); brick++) {
        ReconstructionError descriptor = descriptors.get(brick);
        tensors.put("router." + brick, TensorData.of(router.get(brick), width));
        tensors.put("centre." + brick, TensorData.of(descriptor.centre(), width));
        tensors.put("codes." + brick, TensorData.of(descriptor.codes(), descriptor.codes().length / width, width));
        tensors.put("errors." + brick, TensorData.of(new double[] {descriptor.mean(), descriptor.deviation()}, 2));
      }
      return tensors;
    }

    @Override
    public void restore(StatePart part) {
      long[] numbers = part.tensor("live").longs();
      live = (int) numbers[0];
      for (int brick = 0; brick < numbers[1]; brick++) {
        router.add(part.tensor("router." + brick).floats());
        double[] errors = part.tensor("errors." + brick).doubles();
        descriptors.add(new ReconstructionError(width, part.tensor("centre." + brick).floats(),
            part.tensor("codes." + brick).floats(), errors[0], errors[1]));
      }
    }
  }
}
