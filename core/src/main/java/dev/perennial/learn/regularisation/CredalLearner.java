package dev.perennial.learn.regularisation;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
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
 * IBCL: Zero-shot Model Generation for Task Trade-offs in Continual Learning (arXiv 2305.14782):
 *   experience i:   every prior q_{i-1,j} becomes a posterior q_{i,j} by variational inference; it joins the extreme
 *                   points of the credal set, unless one that is there already is nearer than a threshold, which then
 *                   stands for it
 *   preference u:   q_u = combination of the q_{i,j} with weights u_i / (sum of u) / priors;
 *                   the models are those in the region of highest density of q_u
 */
/** A learner of a credal set of posteriors, which answers for any preference among the experiences without training. */
public final class CredalLearner implements Learner {

  private static final long PRIOR = 27;
  private static final long DRAWN = 28;
  private static final String PART = "credal-set";
  private static final String POINTS = "points";

  private final Ibcl.Options options;
  private final LearnerContext context;
  private final List<GradientLearner> learners = new ArrayList<>();
  private final List<Posterior> posteriors = new ArrayList<>();
  private final CredalSet set;
  /** The extreme point that stands for each posterior, prior after prior, experience after experience. */
  private final List<Integer> points = new ArrayList<>();
  private double[] preference;

  CredalLearner(Ibcl.Options options, LearnerContext context) {
    this.options = options;
    this.context = context;
    this.preference = options.preferences();
    this.set = new CredalSet(options.vcl().deviation());
    for (int j = 0; j < options.priors(); j++) {
      Vcl.Options vcl = options.vcl()
          .withPriorDeviation(options.vcl().priorDeviation() * Math.pow(options.priorSpread(), j));
      var posterior = new Posterior(vcl, CounterRandom.of(context.seed(), PRIOR).at(j));
      posteriors.add(posterior);
      learners.add(new GradientLearner(vcl.training(), context, posterior));
    }
  }

  static void requirePreference(double[] weights) {
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0) || Double.isInfinite(weight)) {
        throw new UsageException("expected a preference of at least 0 for each experience, got " + weight);
      }
      sum += weight;
    }
    if (sum == 0) {
      throw new UsageException("expected a preference above 0 for some experience, got none");
    }
  }

  /**
   * Answers for another preference from now on: nothing is trained.
   *
   * @param weights how much each experience matters; later ones matter nothing
   * @throws UsageException if one is negative, or none is above 0
   */
  public void prefer(double... weights) {
    requirePreference(weights);
    preference = weights.clone();
  }

  @Override
  public long steps(Experience experience) {
    return learners.stream().mapToLong(learner -> learner.steps(experience)).sum();
  }

  @Override
  public void step(Experience experience, long step) {
    long own = learners.getFirst().steps(experience);
    int prior = (int) (step / own);
    GradientLearner learner = learners.get(prior);
    learner.step(experience, step % own);
    if (step % own == own - 1) {
      long before = set.bytes();
      points.add(set.add(new CredalSet.Normal(
          learner.parameters().values(), posteriors.get(prior).logDeviations().exp()), options.distance()));
      context.charge(experience, "posteriors", 0, set.bytes() - before);
    }
  }

  /** The distribution of the parameters for the preference. */
  private CredalSet.Normal preferred() {
    int experiences = points.size() / options.priors();
    double[] weights = new double[experiences];
    System.arraycopy(preference, 0, weights, 0, Math.min(experiences, preference.length));
    double sum = Arrays.stream(weights).sum();
    if (sum == 0) {
      weights[experiences - 1] = 1;
      sum = 1;
    }
    double[] ofPoints = new double[set.size()];
    for (int i = 0; i < experiences * options.priors(); i++) {
      ofPoints[points.get(i)] += weights[i / options.priors()] / sum / options.priors();
    }
    return set.combined(ofPoints);
  }

  @Override
  public List<String> classNames() {
    return learners.getFirst().classNames();
  }

  @Override
  public Tensor scores(List<? extends Input> inputs) {
    GradientLearner model = learners.getFirst();
    if (points.size() < options.priors()) {
      return model.scores(inputs);
    }
    CredalSet.Normal preferred = preferred();
    Tensor values = model.parameters().values();
    Tensor before = values.clone();
    Tensor scores;
    if (options.models() == 0) {
      scores = logits(model, values, preferred.means(), inputs);
    } else {
      DensityRegion region = DensityRegion.of(preferred, options.level());
      Tensor sum = Tensors.zeros(inputs.size(), classNames().size());
      for (int i = 0; i < options.models(); i++) {
        Tensor drawn = region.draw(CounterRandom.of(context.seed(), DRAWN, i));
        sum.add_(torch.softmax(logits(model, values, drawn, inputs), 1));
      }
      scores = sum.div_(new Scalar((double) options.models())).log_();
    }
    values.copy_(before);
    return scores;
  }

  /** Logits with these parameters; parameters that came since are as they are. */
  private static Tensor logits(GradientLearner model, Tensor values, Tensor drawn, List<? extends Input> inputs) {
    values.narrow(0, 0, drawn.numel()).copy_(drawn);
    return model.logitsOf(model.features(inputs));
  }

  @Override
  public List<StatePart> state() {
    var parts = new ArrayList<StatePart>();
    for (int j = 0; j < learners.size(); j++) {
      parts.addAll(LearnerState.prefixed(prefix(j), learners.get(j).state()));
    }
    var kept = new HashMap<String, TensorData>(set.state());
    kept.put(POINTS, TensorData.of(points.stream().mapToLong(Integer::longValue).toArray(), points.size()));
    parts.add(StatePart.of(PART, Combine.UNION, kept));
    return parts;
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    for (int j = 0; j < learners.size(); j++) {
      learners.get(j).restore(LearnerState.under(prefix(j), state), past);
    }
    StatePart part = LearnerState.part(state, PART);
    set.restore(part);
    for (long point : part.tensor(POINTS).longs()) {
      points.add((int) point);
    }
  }

  private static String prefix(int prior) {
    return "prior-" + prior + "/";
  }

  @Override
  public Footprint footprint() {
    long trainable = 0;
    long added = 0;
    long memory = set.bytes();
    for (GradientLearner learner : learners) {
      trainable += learner.footprint().trainableParameters();
      added += learner.footprint().addedBytes();
      memory += learner.footprint().memoryBytes();
    }
    return new Footprint(trainable, added, memory);
  }

  @Override
  public List<BrickInfo> bricks() {
    var bricks = new ArrayList<BrickInfo>();
    for (int j = 0; j < learners.size(); j++) {
      for (BrickInfo brick : learners.get(j).bricks()) {
        bricks.add(new BrickInfo(
            prefix(j) + brick.name(), brick.kind(), brick.parameters(), brick.sites(), brick.provenance()));
      }
    }
    return bricks;
  }

  @Override
  public void close() {
    learners.forEach(GradientLearner::close);
    set.close();
  }
}
