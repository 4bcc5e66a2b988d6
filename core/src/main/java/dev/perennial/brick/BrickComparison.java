package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * How two bricks differ at a site.
 *
 * @param site its name
 * @param first length of what the first adds to the site's weight, as one vector; 0 where it does not act there
 * @param second the same of the second
 * @param cosine of the angle between them; 0 where one is 0
 * @param difference length of their difference
 */
public record BrickComparison(String site, double first, double second, double cosine, double difference) {

  /**
   * Compares bricks by what they do to weights, not by how they are laid out: LoRA of unlike ranks, or LoRA and a full
   * difference. O(sites * out * in).
   *
   * @return a row for each site of either, in the backbone's order
   * @throws FailureException if one of them is no change of weights, such as a prompt
   */
  public static List<BrickComparison> of(SavedBrick first, SavedBrick second, Backbone backbone) {
    Brick one = first.on(backbone);
    Brick other = second.on(backbone);
    var rows = new ArrayList<BrickComparison>();
    for (Site site : backbone.sites()) {
      if (!one.sites().contains(site) && !other.sites().contains(site)) {
        continue;
      }
      try (TensorScope scope = TensorScope.inference()) {
        Tensor a = weight(one, first, site);
        Tensor b = weight(other, second, site);
        double lengthA = length(a);
        double lengthB = length(b);
        double product = lengthA * lengthB;
        double cosine = product == 0 ? 0 : a.mul(b).sum().item_double() / product;
        rows.add(new BrickComparison(site.name(), lengthA, lengthB, cosine, length(a.sub(b))));
      }
    }
    if (rows.isEmpty()) {
      throw new FailureException("expected bricks that act on weights, got " + one.kind() + " and " + other.kind()
          + ", which act on tokens");
    }
    return rows;
  }

  private static double length(Tensor weight) {
    return Math.sqrt(weight.square().sum().item_double());
  }

  private static Tensor weight(Brick brick, SavedBrick saved, Site site) {
    if (!brick.sites().contains(site) && !brick.sites().isEmpty()) {
      return Tensors.zeros(site.out(), site.in());
    }
    Map<String, Tensor> tensors = new HashMap<>();
    for (Map.Entry<String, TensorData> entry : saved.tensors().entrySet()) {
      tensors.put(entry.getKey(), Tensors.copyOf(entry.getValue()));
    }
    return Optional.ofNullable(brick.sites().isEmpty() ? null : brick.delta(site, tensors)).map(Brick.Delta::weight)
        .orElseThrow(() -> new FailureException("expected a brick that is a change of weights, got one of kind "
            + brick.kind() + ", which cannot be compared in that way"));
  }
}
