package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Lora;
import dev.perennial.grow.Evidence;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Little By Little: Continual Learning via Self-Activated Sparse Mixture-of-Rank Adaptive Learning (arXiv 2506.21035). Every
 * rank i of every brick is an expert, b_i a_i^T, whose key is a_i itself. For each token x at each site:
 *   s_i = |a_i . x| / (|a_i| |x|)                  how far the rank recognises the token: no router
 *   w   = softmax of s / temperature over the `active` largest s, 0 for the others
 *   y'  = y + scale * active * sum_i w_i b_i (a_i . x)
 * New ranks learn; those of former experiences are frozen. After an experience the new ranks whose change |a_i| |b_i| is below a
 * share of the largest at their site are dropped, at least one being kept. Times `active`, so that equal weights give what LoRA
 * gives. The paper normalises and prunes within its training loop; here pruning is done once, by the size of the change.
 */
/** Makes every rank an expert of its own, which activates itself where its own key knows the token. */
@Technique(
    name = "mora",
    title = "Little By Little: Continual Learning via Self-Activated Sparse Mixture-of-Rank Adaptive Learning",
    source = "arXiv 2506.21035",
    cost = "the steps of plain training, products of all ranks held; keeps bricks, sums, class means and no sample")
public final class Mora implements Method<Mora.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held; rank is that of new experts at a site
   * @param active ranks that act on a token at most, 1 to 1024; default 8
   * @param activationTemperature the recognition is divided by, above 0; default 0.1
   * @param prune share of the largest change at a site below which a new rank is dropped, 0 to 1; default 0.1
   */
  public record Options(GrowthOptions growth, int active, double activationTemperature, double prune) {

    /** Checks the ranges. */
    public Options {
      if (active < 1 || active > 1024) {
        throw new UsageException("expected active between 1 and 1024 ranks, got " + active);
      }
      if (!(activationTemperature > 0) || Double.isInfinite(activationTemperature)) {
        throw new UsageException("expected an activationTemperature above 0, got " + activationTemperature);
      }
      if (!(prune >= 0 && prune <= 1)) {
        throw new UsageException("expected prune between 0 and 1, got " + prune);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, 8, 0.1, 0.1);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("active", "4", "8", "16");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(options.growth(), context, new Ranks(options));
  }

  /** What self-activated ranks do at a site. */
  record SelfActivated(Tensor down, Tensor up, int active, double temperature, double scale) implements SiteFunction {

    @Override
    public Tensor apply(Tensor input, Tensor output) {
      Tensor keys = Device.beside(input, down);
      Tensor low = torch.mm(input, keys.t());
      Tensor known = torch.mm(torch.normalize(input), torch.normalize(keys).t()).abs();
      int few = (int) Math.min(active, down.size(0));
      Tensor least = torch.topk(known.detach(), few).get0().narrow(1, few - 1, 1);
      Tensor weights = torch.softmax(known.div(new Scalar(temperature))
          .masked_fill(known.detach().lt(least), new Scalar(Double.NEGATIVE_INFINITY)), 1);
      Tensor let = low.mul(weights).mul(new Scalar((double) few));
      return torch.addmm(output, let, Device.beside(input, up).t(), new Scalar(1.0), new Scalar(scale));
    }
  }

  static final class Ranks implements Growth {

    private final Options options;

    Ranks(Options options) {
      this.options = options;
    }

    @Override
    public Evidence evidence(Rows rows, Model model) {
      return new Evidence("an experience of its own", 1, 0, 0, model.shelf().size() - 1);
    }

    @Override
    public boolean alone() {
      return false;
    }

    /** Every rank asks for itself. */
    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      return torch.ones(new long[] {frozen.size(0), model.shelf().size()});
    }

    @Override
    public SiteFunction at(Site site, Tensor down, Tensor up, Tensor gates, Model model) {
      return new SelfActivated(
          down, up, options.active, options.activationTemperature, model.options().scale());
    }

    @Override
    public void ended(Experience experience, Model model) {
      int newest = model.shelf().size() - 1;
      if (newest >= 0) {
        prune(model, newest);
      }
    }

    private void prune(Model model, int brick) {
      try (TensorScope scope = TensorScope.inference()) {
        Map<String, Tensor> tensors = model.shelf().of(brick);
        var kept = new LinkedHashMap<String, Tensor>();
        for (Site site : model.network().sites()) {
          Tensor down = named(tensors, Lora.nameOfA(site));
          Tensor up = named(tensors, Lora.nameOfB(site));
          long[] ranks = worth(down, up, options.prune);
          kept.put(Lora.nameOfA(site), Tensors.rows(down, ranks));
          kept.put(Lora.nameOfB(site), torch.index_select(up, 1, Tensors.longs(ranks, ranks.length)).contiguous());
        }
        model.shelf().put(brick, kept, 0);
      }
    }

    private static Tensor named(Map<String, Tensor> tensors, String name) {
      Tensor tensor = tensors.get(name);
      if (tensor == null) {
        throw new IllegalStateException("a brick has a tensor " + name);
      }
      return tensor;
    }

    /** The ranks that are kept: at least the largest. */
    static long[] worth(Tensor down, Tensor up, double share) {
      double[] sizes = Tensors.toDoubles(
          down.mul(down).sum(1).mul(up.mul(up).sum(0)).sqrt());
      int largest = 0;
      for (int i = 1; i < sizes.length; i++) {
        largest = sizes[i] > sizes[largest] ? i : largest;
      }
      int most = largest;
      return LongStream.range(0, sizes.length)
          .filter(i -> i == most || sizes[(int) i] >= share * sizes[most]).toArray();
    }
  }
}
