package dev.perennial.learn.growth;

import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Lora;
import dev.perennial.tensor.Tensors;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The bricks of a shelf as they act on rows: each on every row by as much as its gate says, the one that learns as it is
 * trained, and by itself where the technique has it so.
 *
 * @param growth the technique, which says what acts at a site
 * @param model whose shelf it is
 * @param frozen features of the backbone alone, {@code [rows, width]}; for gates that are told of them
 * @param gates {@code [rows, bricks]}; null where the technique tells them of what is trained
 * @param learning the number of the brick that learns; -1 where none does
 */
record GatedBricks(Growth growth, Growth.Model model, Tensor frozen, @Nullable Tensor gates, int learning)
    implements GatedNetwork.Acting {

  @Override
  public Function<Site, SiteFunction> on(Map<String, Tensor> tensors, long[] positions) {
    if (learning >= 0 && growth.alone()) {
      Tensor open = torch.ones(new long[] {positions.length, 1});
      return site -> alone(site, tensors, open);
    }
    Tensor of = gates == null
        ? growth.gates(Tensors.rows(frozen, positions), tensors, model)
        : Tensors.rows(gates, positions);
    return site -> together(site, of, tensors);
  }

  private SiteFunction alone(Site site, Map<String, Tensor> tensors, Tensor open) {
    Tensor down = Objects.requireNonNull(tensors.get(Lora.nameOfA(site)));
    Tensor up = Objects.requireNonNull(tensors.get(Lora.nameOfB(site)));
    return growth.at(site, down, up, open.expand(open.size(0), down.size(0)), model);
  }

  private SiteFunction together(Site site, Tensor gates, Map<String, Tensor> tensors) {
    Shelf shelf = model.shelf();
    long[] owners = shelf.owners(site);
    Tensor each = torch.index_select(gates, 1, Tensors.longs(owners, owners.length));
    return growth.at(site, shelf.down(site, learning, tensors), shelf.up(site, learning, tensors), each, model);
  }
}
