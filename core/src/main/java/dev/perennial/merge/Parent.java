package dev.perennial.merge;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.Lora;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** A brick that is merged, as what it adds to the weights of its sites. */
final class Parent {

  private final String name;
  private final SavedBrick saved;
  private final Brick brick;

  /**
   * A brick on a backbone.
   *
   * @throws UsageException if it is of another backbone, or no change of weights
   */
  Parent(String name, SavedBrick saved, Backbone backbone) {
    String base = saved.provenance().base();
    if (!base.equals(backbone.digest())) {
      throw new UsageException("expected bricks of the backbone " + backbone.name() + " of digest " + backbone.digest()
          + " to merge, got " + name + " of the backbone of digest " + base);
    }
    this.name = name;
    this.saved = saved;
    brick = saved.on(backbone);
    if (brick.sites().isEmpty()) {
      throw noWeights();
    }
  }

  private UsageException noWeights() {
    return new UsageException("expected bricks that change weights alone to merge, got " + name + " of kind " + brick.kind()
        + ", which does something else: choose others");
  }

  boolean actsAt(Site site) {
    return brick.sites().contains(site);
  }

  /** Whether it is plain LoRA, a product at each of its sites. */
  boolean isLora() {
    return brick instanceof Lora;
  }

  /** The rank of its change at a site: that of LoRA is its layout's, that of others is measured. */
  int rank(Site site) {
    if (!actsAt(site)) {
      return 0;
    }
    return brick instanceof Lora lora ? lora.rank(site) : Truncation.of(change(site), 0).rank();
  }

  /** The expression for the sites that it was made with. */
  String sites() {
    return saved.options().lora().sites();
  }

  SavedBrick saved() {
    return saved;
  }

  /**
   * B, A and the scale of a LoRA brick, float64; of rank 0 where it does not act.
   *
   * @throws FailureException if a number is not finite
   */
  LowRank product(Site site) {
    if (!(brick instanceof Lora lora) || !actsAt(site)) {
      return new LowRank(Tensors.doubleZeros(0, site.in()), Tensors.doubleZeros(site.out(), 0), 1);
    }
    return new LowRank(
        finite(tensor(Lora.nameOfA(site)), site), finite(tensor(Lora.nameOfB(site)), site), lora.scale(site));
  }

  private @Nullable Tensor tensor(String tensor) {
    TensorData data = saved.tensors().get(tensor);
    return data == null ? null : Tensors.copyOf(data);
  }

  /**
   * What it adds to a site's weight, float64, {@code [out, in]}: of LoRA the scaled product.
   *
   * @throws FailureException if a number is not finite
   */
  Tensor change(Site site) {
    if (!actsAt(site)) {
      return Tensors.doubleZeros(site.out(), site.in());
    }
    if (isLora()) {
      LowRank product = product(site);
      return torch.mm(product.up(), product.down()).mul(new Scalar(product.scale()));
    }
    Brick.Delta delta = brick.delta(site, tensors());
    if (delta == null || delta.bias() != null) {
      throw noWeights();
    }
    return finite(delta.weight(), site);
  }

  private Map<String, Tensor> tensors() {
    var tensors = new HashMap<String, Tensor>();
    for (Map.Entry<String, TensorData> tensor : saved.tensors().entrySet()) {
      tensors.put(tensor.getKey(), Tensors.copyOf(tensor.getValue()));
    }
    return tensors;
  }

  private Tensor finite(@Nullable Tensor tensor, Site site) {
    if (tensor == null || !tensor.isfinite().all().item_bool()) {
      throw new FailureException("expected finite numbers in the brick " + name + ", found others at " + site.name()
          + ": it was learned badly, leave it out");
    }
    return tensor.to(torch.ScalarType.Double);
  }
}
