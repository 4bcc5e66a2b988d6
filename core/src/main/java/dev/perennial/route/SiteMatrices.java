package dev.perennial.route;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Sgemm;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/** The vectors of all bricks as one native matrix a site. */
final class SiteMatrices implements AutoCloseable {

  private final TensorOwner owner = new TensorOwner();
  private final Map<Site, AtSite> bySite = new LinkedHashMap<>();

  /**
   * Those of one site.
   *
   * @param columns {@code [in, bricks]}, zeros for a brick that does not act there; in columns, as a product of few rows then
   *     brings nothing into an order of its own (docs/decisions/0003)
   * @param absent {@code [1, bricks]}: 0, and minus infinity for a brick that does not act there; null where all do
   */
  private record AtSite(Tensor columns, @Nullable Tensor absent) {}

  /**
   * Copies the vectors of the sites at which any brick has one.
   *
   * @param prepared what is done to the vectors of a site, {@code [bricks, in]}, before they are compared
   * @throws UsageException if no brick has a vector
   * @throws FailureException if one has another length than its site
   */
  SiteMatrices(SiteVectors vectors, List<Site> sites, UnaryOperator<Tensor> prepared) {
    List<String> bricks = vectors.bricks();
    for (Site site : sites) {
      float[] flat = new float[bricks.size() * site.in()];
      float[] absent = new float[bricks.size()];
      int acting = 0;
      for (int row = 0; row < absent.length; row++) {
        float[] vector = vectors.byBrick().getOrDefault(bricks.get(row), Map.of()).get(site.name());
        if (vector == null) {
          absent[row] = Float.NEGATIVE_INFINITY;
          continue;
        }
        if (vector.length != site.in()) {
          throw new FailureException("expected " + site.in() + " numbers in the routing vector of " + bricks.get(row)
              + " at " + site.name() + ", got " + vector.length + ": it is of another backbone");
        }
        System.arraycopy(vector, 0, flat, row * site.in(), site.in());
        acting++;
      }
      if (acting > 0) {
        try (TensorScope scope = TensorScope.inference()) {
          bySite.put(site, new AtSite(
              owner.keep(prepared.apply(Tensors.floats(flat, bricks.size(), site.in())).t().contiguous()),
              acting == absent.length ? null : owner.keep(Tensors.floats(absent, 1, bricks.size()))));
        }
      }
    }
    if (bySite.isEmpty()) {
      throw new UsageException("expected a brick that acts at a site of the backbone and has a vector to route by, got"
          + " none among " + bricks.size() + ": add one, such as a LoRA brick");
    }
  }

  List<Site> sites() {
    return List.copyOf(bySite.keySet());
  }

  /** The inner products of inputs, {@code [rows, in]}, with the vectors: {@code [rows, bricks]}. */
  Tensor products(Site site, Tensor inputs) {
    Tensor columns = Device.beside(inputs, at(site).columns);
    if (!inputs.is_cpu() || inputs.requires_grad()) {
      return torch.mm(inputs, columns);
    }
    long rows = inputs.size(0);
    Tensor products = torch.empty(rows, columns.size(1));
    Sgemm.multiply(inputs.contiguous(), false, columns, false, rows, columns.size(1), columns.size(0), 0, products);
    return products;
  }

  /** The logits, with minus infinity for bricks that do not act at the site. */
  Tensor present(Site site, Tensor logits) {
    Tensor absent = at(site).absent;
    return absent == null ? logits : logits.add(Device.beside(logits, absent));
  }

  private AtSite at(Site site) {
    AtSite found = bySite.get(site);
    if (found == null) {
      throw new IllegalArgumentException("no brick is routed to at " + site.name());
    }
    return found;
  }

  @Override
  public void close() {
    owner.close();
  }
}
