package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.grow.Evidence;
import dev.perennial.grow.PrototypeDistance;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Scalable Language Model with Generalized Continual Learning (arXiv 2404.07470):
 *   keys       of a task, where its distribution lies in a vector space that never changes: the means of its classes' frozen
 *              features
 *   retrieval  s_k = max over the keys m of brick k of  cos(f(x), m);   w = softmax of s / temperature over the best few (DTKR)
 *   weights    W + sum_k w_k B_k A_k  for this input (JARe)
 * The brick that learns is retrieved as it will be later, so it learns beside those that its rows find too. The paper learns
 * its keys, in a sentence encoder's space; class means need no training and no second encoder. Its model generates the answer;
 * here an analytic head over frozen and routed features names the class.
 */
/** Re-parameterises the backbone for each input by the bricks whose tasks lie nearest to it. */
@Technique(
    name = "slm",
    title = "Scalable Language Model with Generalized Continual Learning",
    source = "arXiv 2404.07470",
    cost = "the steps of plain training; one pass for each input; keeps bricks, sums, class means and no sample")
public final class Slm implements Method<Slm.Options> {

  /**
   * The options.
   *
   * @param growth how bricks train and how many are held
   * @param top bricks that an input retrieves at most, 1 to 1000; default 4
   * @param retrievalTemperature the cosine is divided by, above 0; default 0.05
   * @param novelty mean distance to the nearest key, 0 to 2, up to which an experience makes no brick of its own; default 0:
   *     each makes one
   */
  public record Options(GrowthOptions growth, int top, double retrievalTemperature, double novelty) {

    /** Checks the ranges. */
    public Options {
      if (top < 1 || top > 1000) {
        throw new UsageException("expected top between 1 and 1000 bricks, got " + top);
      }
      if (!(retrievalTemperature > 0) || Double.isInfinite(retrievalTemperature)) {
        throw new UsageException("expected a retrievalTemperature above 0, got " + retrievalTemperature);
      }
      if (!(novelty >= 0 && novelty <= 2)) {
        throw new UsageException("expected a novelty between 0 and 2, got " + novelty);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GrowthOptions.DEFAULT, 4, 0.05, 0);
  }

  @Override
  public SearchSpace searchSpace() {
    return SearchSpace.of("top", "1", "4");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GrowingLearner(options.growth(), context, new Retrieval(options));
  }

  record Retrieval(Options options) implements Growth {

    @Override
    public Evidence evidence(Rows rows, Model model) {
      int nearest = 0;
      double least = Double.POSITIVE_INFINITY;
      for (int brick = 0; brick < model.shelf().size(); brick++) {
        if (model.keys().classesOf(brick).length > 0) {
          double distance = PrototypeDistance.mean(rows.frozen(), model.keys().prototypes(brick));
          if (distance < least) {
            least = distance;
            nearest = brick;
          }
        }
      }
      double value = Math.min(2, least);
      // At 0 even an experience that lies on the keys makes a brick.
      double limit = options.novelty == 0 ? -1 : options.novelty;
      return new Evidence("distance to the nearest key", value, limit, limit, nearest);
    }

    @Override
    public boolean alone() {
      return false;
    }

    @Override
    public Tensor gates(Tensor frozen, Map<String, Tensor> trained, Model model) {
      Tensor likeness = model.keys().likeness(frozen, model.shelf().size());
      int few = Math.min(options.top, model.shelf().size());
      Tensor least = torch.topk(likeness, few).get0().narrow(1, few - 1, 1);
      Tensor far = likeness.lt(least);
      Tensor scaled = likeness.div(new Scalar(options.retrievalTemperature));
      return torch.softmax(scaled.masked_fill(far, new Scalar(Double.NEGATIVE_INFINITY)), 1);
    }
  }
}
