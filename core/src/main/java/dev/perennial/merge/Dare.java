package dev.perennial.merge;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Drop and rescale: changes that lose most of their numbers by chance, and are merged then.
 *
 * <p>Source: Language Models are Super Mario: Absorbing Abilities from Homologous Models as a Free Lunch (arXiv
 * 2311.03099). Each number of change i is kept with probability {@code p_i}, its {@code density}, by itself:
 *
 * <pre>
 *   d_i' = m_i d_i / p_i,  m_i drawn of Bernoulli(p_i)
 * </pre>
 *
 * so that its mean stays. Then the changes are added up as task arithmetic does ({@code dare_linear}), or merged where
 * signs agree ({@code dare_ties}). Where mergekit rescales to the same L1 length, this divides by p as the paper does. The
 * seed decides what is drawn.
 */
final class Dare implements MergeMethod {

  static final Dare LINEAR = new Dare("dare_linear", false);
  static final Dare TIES = new Dare("dare_ties", true);

  private static final List<Setting> SETTINGS =
      List.of(Setting.WEIGHT, Setting.DENSITY, Setting.LAMBDA, Setting.normalize(false));

  private final String name;
  private final boolean elects;

  private Dare(String name, boolean elects) {
    this.name = name;
    this.elects = elects;
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    Tensor dropped = dropped(changes, numbers.each(Setting.DENSITY), random);
    return elects ? Ties.elect(dropped, numbers) : TaskArithmetic.scaledSum(dropped, numbers);
  }

  private static Tensor dropped(Tensor changes, double[] densities, CounterRandom random) {
    int size = Math.toIntExact(changes.size(1));
    Tensor dropped = changes.clone();
    for (int row = 0; row < densities.length; row++) {
      if (densities[row] == 0) {
        dropped.get(row).fill_(new Scalar(0.0));
        continue;
      }
      double[] factors = new double[size];
      for (int i = 0; i < size; i++) {
        factors[i] = random.uniform((long) row * size + i) < densities[row] ? 1 / densities[row] : 0;
      }
      dropped.get(row).mul_(Tensors.doubles(factors, size));
    }
    return dropped;
  }
}
