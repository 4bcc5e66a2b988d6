package dev.perennial.merge;

import dev.perennial.backbone.LowRank;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The weighted sum of products as one product, exactly:
 *
 * <pre>
 *   sum_i w_i s_i B_i A_i = [w_1 s_1 B_1 ... w_n s_n B_n] [A_1; ...; A_n]
 * </pre>
 *
 * of rank {@code sum_i r_i} over the parents whose weight is not 0, where {@code s_i} is alpha / r, or alpha / √r for a
 * rank-stabilised parent. Parents that are no LoRA are multiplied out.
 *
 * <p>Source: LoRA (arXiv 2106.09685), as PEFT's {@code cat}; cut to a lower rank, its {@code svd}.
 */
final class Concatenation implements MergeMethod {

  private static final List<Setting> SETTINGS = List.of(Setting.WEIGHT);

  @Override
  public String name() {
    return "concatenate";
  }

  @Override
  public List<Setting> settings() {
    return SETTINGS;
  }

  @Override
  public boolean ofDifferences() {
    return false;
  }

  @Override
  public Tensor merge(Tensor changes, Numbers numbers, CounterRandom random) {
    return TaskArithmetic.sum(changes, numbers.each(Setting.WEIGHT), false);
  }

  @Override
  public Optional<LowRank> mergeProducts(List<LowRank> products, Numbers numbers) {
    var down = new ArrayList<Tensor>();
    var up = new ArrayList<Tensor>();
    for (int i = 0; i < products.size(); i++) {
      LowRank product = products.get(i);
      double weight = numbers.each(Setting.WEIGHT)[i];
      if (weight != 0 && product.down().size(0) > 0) {
        down.add(product.down());
        up.add(product.up().mul(new Scalar(weight * product.scale())));
      }
    }
    if (down.isEmpty()) {
      down.add(Tensors.doubleZeros(1, products.getFirst().down().size(1)));
      up.add(Tensors.doubleZeros(products.getFirst().up().size(0), 1));
    }
    return Optional.of(new LowRank(
        Tensors.concat(0, down.toArray(Tensor[]::new)), Tensors.concat(1, up.toArray(Tensor[]::new)), 1));
  }
}
