package dev.perennial.learn.regularisation;

import dev.perennial.data.Input;
import dev.perennial.learn.Batch;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Optimiser;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Variational Continual Learning (arXiv 1710.10628), mean-field: q = N(m, diag s²), s = exp(r), prior p = N(m0, diag s0²):
 *   loss = E_q[mean CE(w)] + strength / rows * KL(q, p)
 *   KL = sum_i  log(s0 / s) + (s² + (m - m0)²) / (2 s0²) - 1/2
 * By the reparameterisation w = m + s e, e ~ N(0, 1), with g the gradient of the mean CE at w:
 *   d/dm = mean over samples of g            + strength / rows * (m - m0) / s0²
 *   d/dr = mean over samples of g e s        + strength / rows * (s² / s0² - 1)
 * The prior of an experience is the q that the one before ended with; parameters that are new to it have the first
 * prior.
 */
/** A normal distribution of every parameter: the learner's parameters are the means, the deviations are here. */
final class Posterior implements Objective {

  private static final long SAMPLED = 23;
  private static final long PREDICTED = 24;
  private static final String PART = "posterior";
  private static final String MOMENTS = "posterior.optimiser";
  private static final String STEPS = "steps";
  private static final String LOG_DEVIATIONS = "log_deviations";
  private static final String PRIOR_MEANS = "prior.means";
  private static final String PRIOR_LOG_DEVIATIONS = "prior.log_deviations";

  private final Vcl.Options options;
  private final OptimiserOptions optimisation;
  private final long seed;
  private final TensorOwner owner = new TensorOwner();
  private final TensorOwner gradients = new TensorOwner();
  private @Nullable Tensor logDeviations;
  private @Nullable Tensor priorMeans;
  private @Nullable Tensor priorLogDeviations;
  private @Nullable Tensor ascent;
  private @Nullable Optimiser optimiser;
  private double share;

  Posterior(Vcl.Options options, long seed) {
    this.options = options;
    // A rate of 0 leaves the deviations alone, and needs no optimiser that follows it.
    this.optimisation = OptimiserOptions.adamW(options.deviationRate() == 0 ? 1 : options.deviationRate());
    this.seed = seed;
  }

  @Override
  public void begin(Experience experience, Model model, boolean fresh) {
    Tensor means = model.parameters().values();
    share = options.strength() / experience.train().size();
    if (fresh) {
      Tensor old = logDeviations;
      long known = old == null ? 0 : old.numel();
      Tensor none = Tensors.zeros(means.numel() - known);
      Tensor start = none.add(new Scalar(Math.log(options.deviation())));
      Tensor first = none.add(new Scalar(Math.log(options.priorDeviation())));
      priorMeans = owner.keep(Tensors.concat(0, means.narrow(0, 0, known), none));
      priorLogDeviations = owner.keep(old == null ? first : Tensors.concat(0, old, first));
      logDeviations = old == null ? owner.keep(start) : owner.replace(old, Tensors.concat(0, old, start));
      optimiser = optimisation.of(means.numel());
    }
    ascent = gradients.keep(Tensors.zeros(means.numel()));
  }

  /** The logarithms of the deviations, flat as the parameters are. */
  Tensor logDeviations() {
    return begun(logDeviations);
  }

  @Override
  public Tensor gradient(Batch batch, Model model, Supplier<Tensor> atValues) {
    Tensor values = model.parameters().values();
    Tensor means = values.clone();
    Tensor deviations = logDeviations().exp();
    var random = CounterRandom.of(seed, SAMPLED, batch.experience().index(), batch.step());
    Tensor ofLogs = begun(ascent).zero_();
    Tensor sum = Tensors.zeros(values.numel());
    Tensor gradient = sum;
    for (int sample = 0; sample < options.samples(); sample++) {
      Tensor away = Tensors.gaussians(random, sample, values.numel()).mul_(deviations);
      values.copy_(means).add_(away);
      gradient = atValues.get();
      sum.add_(gradient);
      ofLogs.addcmul_(gradient, away, new Scalar(1.0 / options.samples()));
    }
    values.copy_(means);
    return gradient.copy_(sum.div_(new Scalar((double) options.samples())));
  }

  @Override
  public void addWeightGradient(Tensor values, Tensor gradient) {
    Tensor priorLogs = begun(priorLogDeviations);
    Tensor precision = priorLogs.mul(new Scalar(-2)).exp_();
    gradient.addcmul_(precision, values.sub(begun(priorMeans)), new Scalar(share));
    Tensor ratio = logDeviations().sub(priorLogs).mul_(new Scalar(2)).exp_();
    Tensors.addScaled(begun(ascent), ratio.sub_(new Scalar(1)), share);
  }

  /** The gradient of the loss by the logarithms of the deviations, as of the last step. */
  Tensor deviationGradient() {
    return begun(ascent);
  }

  @Override
  public void stepped(Batch batch, Model model) {
    if (options.deviationRate() > 0) {
      begun(optimiser).step(logDeviations(), begun(ascent), options.deviationRate());
    }
  }

  @Override
  public void end(Experience experience, Model model) {
    owner.release(begun(priorMeans));
    owner.release(begun(priorLogDeviations));
    priorMeans = null;
    priorLogDeviations = null;
    ascent = null;
    gradients.close();
    closeOptimiser();
  }

  private void closeOptimiser() {
    if (optimiser != null) {
      optimiser.close();
      optimiser = null;
    }
  }

  private static <T> T begun(@Nullable T held) {
    if (held == null) {
      throw new IllegalStateException("an experience is begun before a step is taken");
    }
    return held;
  }

  /** The logarithm of the mean of the probabilities that samples of the weights give; null where the means do. */
  @Override
  public @Nullable Tensor scores(List<? extends Input> inputs, Model model) {
    Tensor logs = logDeviations;
    // Rows of the head that were just added have no deviation before the first step of their experience.
    if (options.predictionSamples() == 0 || logs == null || logs.numel() != model.parameters().size()) {
      return null;
    }
    Tensor values = model.parameters().values();
    Tensor means = values.clone();
    Tensor deviations = logs.exp();
    var random = CounterRandom.of(seed, PREDICTED);
    Tensor sum = Tensors.zeros(inputs.size(), model.classes().size());
    for (int sample = 0; sample < options.predictionSamples(); sample++) {
      values.copy_(means).addcmul_(deviations, Tensors.gaussians(random, sample, values.numel()), new Scalar(1));
      sum.add_(torch.softmax(model.logitsOf(model.features(inputs)), 1));
    }
    values.copy_(means);
    return sum.div_(new Scalar((double) options.predictionSamples())).log_();
  }

  @Override
  public List<StatePart> state() {
    var kept = new HashMap<String, TensorData>();
    put(kept, LOG_DEVIATIONS, logDeviations);
    put(kept, PRIOR_MEANS, priorMeans);
    put(kept, PRIOR_LOG_DEVIATIONS, priorLogDeviations);
    var moments = new HashMap<String, TensorData>();
    Optimiser current = optimiser;
    if (current != null) {
      moments.putAll(current.state());
      moments.put(STEPS, TensorData.of(new long[] {current.steps()}, 1));
    }
    return List.of(
        StatePart.of(PART, Combine.WEIGHTED_MEAN, kept), StatePart.of(MOMENTS, Combine.LATEST, moments));
  }

  private static void put(Map<String, TensorData> kept, String name, @Nullable Tensor tensor) {
    if (tensor != null) {
      kept.put(name, Tensors.view(tensor));
    }
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    StatePart part = LearnerState.part(state, PART);
    StatePart moments = LearnerState.part(state, MOMENTS);
    try (TensorScope scope = TensorScope.inference()) {
      logDeviations = kept(part, LOG_DEVIATIONS);
      priorMeans = kept(part, PRIOR_MEANS);
      priorLogDeviations = kept(part, PRIOR_LOG_DEVIATIONS);
      if (logDeviations != null && !moments.tensors().isEmpty()) {
        optimiser = optimisation.of(logDeviations.numel(), moments, moments.tensor(STEPS).longs()[0]);
      }
    }
  }

  private @Nullable Tensor kept(StatePart part, String name) {
    TensorData data = part.tensors().get(name);
    return data == null ? null : owner.keep(Tensors.copyOf(data));
  }

  @Override
  public long memoryBytes() {
    return owner.bytes();
  }

  @Override
  public void close() {
    owner.close();
    gradients.close();
    closeOptimiser();
  }
}
