package dev.perennial.learn.regularisation;

import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * The extreme points q_k = N(m_k, diag s_k²) span the set. A combination with weights b_k, at least 0 and of sum 1, is
 *   q_b = N(sum_k b_k m_k, diag (sum_k b_k s_k)²)
 * which among all distributions has the least sum_k b_k W(q_k, q)², with the 2-Wasserstein distance between such normals
 *   W(p, q)² = |m_p - m_q|² + |s_p - s_q|²
 */
/** A finitely generated set of normal distributions of the parameters: what its extreme points span. */
final class CredalSet implements AutoCloseable {

  private static final String MEANS = "means";
  private static final String DEVIATIONS = "deviations";

  private final double missingDeviation;
  private final TensorOwner owner = new TensorOwner();
  private @Nullable Tensor means;
  private @Nullable Tensor deviations;

  /**
   * A distribution of the parameters.
   *
   * @param means flat
   * @param deviations flat
   */
  record Normal(Tensor means, Tensor deviations) {

    /** Its 2-Wasserstein distance from another. */
    double distance(Normal other) {
      return Math.sqrt(means.sub(other.means).square_().sum().item_double()
          + deviations.sub(other.deviations).square_().sum().item_double());
    }
  }

  /**
   * The set of nothing.
   *
   * @param missingDeviation of parameters that came after an extreme point, around 0
   */
  CredalSet(double missingDeviation) {
    this.missingDeviation = missingDeviation;
  }

  /** How many extreme points there are. */
  int size() {
    return means == null ? 0 : (int) means.size(0);
  }

  /** How many parameters the distributions are of. */
  long parameters() {
    return means == null ? 0 : means.size(1);
  }

  /**
   * The number of the extreme point that stands for {@code normal}: one that is nearer than {@code threshold}, else a
   * new one. O(size x parameters).
   */
  int add(Normal normal, double threshold) {
    lift(normal.means.numel());
    int nearest = -1;
    double least = threshold;
    for (int k = 0; k < size(); k++) {
      double distance = normal.distance(point(k));
      if (distance < least) {
        nearest = k;
        least = distance;
      }
    }
    if (nearest >= 0) {
      return nearest;
    }
    means = joined(means, 0, normal.means.unsqueeze(0));
    deviations = joined(deviations, 0, normal.deviations.unsqueeze(0));
    return size() - 1;
  }

  private void lift(long parameters) {
    long missing = parameters - parameters();
    if (size() > 0 && missing > 0) {
      Tensor none = Tensors.zeros(size(), missing);
      means = joined(means, 1, none);
      deviations = joined(deviations, 1, none.add(new Scalar(missingDeviation)));
    }
  }

  private Tensor joined(@Nullable Tensor old, long dimension, Tensor more) {
    return old == null ? owner.keep(more.clone()) : owner.replace(old, Tensors.concat(dimension, old, more));
  }

  /** An extreme point. */
  Normal point(int k) {
    return new Normal(held(means).select(0, k), held(deviations).select(0, k));
  }

  private static Tensor held(@Nullable Tensor points) {
    if (points == null) {
      throw new IllegalStateException("the set has no extreme point yet");
    }
    return points;
  }

  /**
   * The combination of the extreme points with these weights.
   *
   * @throws IllegalArgumentException if there is not a weight for each, one is negative, or they do not sum to 1
   */
  Normal combined(double... weights) {
    double sum = 0;
    for (double weight : weights) {
      if (!(weight >= 0)) {
        throw new IllegalArgumentException("a weight of a combination is at least 0, not " + weight);
      }
      sum += weight;
    }
    if (weights.length != size() || Math.abs(sum - 1) > 1e-9) {
      throw new IllegalArgumentException(
          "a combination takes " + size() + " weights of sum 1, not " + weights.length + " of sum " + sum);
    }
    Tensor mean = Tensors.zeros(parameters());
    Tensor deviation = Tensors.zeros(parameters());
    for (int k = 0; k < weights.length; k++) {
      Tensors.addScaled(mean, point(k).means, weights[k]);
      Tensors.addScaled(deviation, point(k).deviations, weights[k]);
    }
    return new Normal(mean, deviation);
  }

  /** What must be kept. */
  Map<String, TensorData> state() {
    var state = new HashMap<String, TensorData>();
    if (means != null && deviations != null) {
      state.put(MEANS, Tensors.view(means));
      state.put(DEVIATIONS, Tensors.view(deviations));
    }
    return state;
  }

  /** Takes over what {@link #state} gave. */
  void restore(StatePart part) {
    if (part.tensors().containsKey(MEANS)) {
      try (TensorScope scope = TensorScope.inference()) {
        means = owner.keep(Tensors.copyOf(part.tensor(MEANS)));
        deviations = owner.keep(Tensors.copyOf(part.tensor(DEVIATIONS)));
      }
    }
  }

  /** Bytes of the extreme points. */
  long bytes() {
    return owner.bytes();
  }

  @Override
  public void close() {
    owner.close();
  }
}
