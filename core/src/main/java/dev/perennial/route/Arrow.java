package dev.perennial.route;

import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Brick;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Arrow routing: at each site a token goes to the bricks that change it most, told by the direction of the site's input
 * that a brick's weight change amplifies most. Nothing is learned, no data is needed.
 *
 * <p>Source: "Towards Modular LLMs by Building and Reusing a Library of LoRAs" (arXiv 2405.11157).
 */
public final class Arrow implements SiteRouter, AutoCloseable {

  /*
   *   delta W_e = s B A,   its singular value decomposition U S V',   v_e = the first column of V
   *   logit_e   = | x . v_e | / temperature          a singular vector has no sign of its own
   *   w         = softmax over the best few, 0 for the others
   *
   * With B = Q_B R_B and A' = Q_A R_A the product is Q_B (R_B R_A') Q_A', so the decomposition of a matrix of rank x rank
   * is enough: v = Q_A v', where v' is the first right singular vector of R_B R_A'.
   */

  private final SiteMatrices matrices;
  private final Options options;

  /**
   * How it decides.
   *
   * @param top how many bricks act on a token at most, at least 1; default 3
   * @param temperature the logits are divided by, above 0; default 1
   */
  public record Options(int top, double temperature) {

    /** As in PEFT. */
    public static final Options DEFAULT = new Options(3, 1.0);

    /** Checks the ranges. */
    public Options {
      Ranges.require(top, temperature);
    }
  }

  /**
   * A router over the bricks of {@code vectors}.
   *
   * @param vectors as {@link #vectors} made them
   * @param sites of the backbone
   * @throws dev.perennial.UsageException if no brick has a vector
   */
  public Arrow(SiteVectors vectors, List<Site> sites, Options options) {
    this.matrices = new SiteMatrices(vectors, sites, UnaryOperator.identity());
    this.options = options;
  }

  /**
   * The arrows of a brick by the names of its sites, each of length 1, or 0 where the brick changes nothing yet.
   * O(sites * rank² * (in + out)) for LoRA and its like, O(sites * in² * out) for other changes of weights.
   *
   * @param tensors of the brick, by name
   * @return empty where the brick is no change of weights, as a prompt or an adapter with a nonlinearity
   */
  public static Map<String, float[]> vectors(Brick brick, Map<String, Tensor> tensors) {
    var vectors = new HashMap<String, float[]>();
    for (Site site : brick.sites()) {
      try (TensorScope scope = TensorScope.inference()) {
        Tensor arrow = arrow(brick, site, tensors);
        if (arrow == null) {
          return Map.of();
        }
        vectors.put(site.name(), Tensors.toFloats(arrow));
      }
    }
    return vectors;
  }

  private static @Nullable Tensor arrow(Brick brick, Site site, Map<String, Tensor> tensors) {
    SiteFunction function = brick.adaptation(tensors).forPass().at(site.index());
    if (function instanceof LowRank(Tensor down, Tensor up, double _)) {
      var a = torch.linalg_qr(down.t().to(torch.ScalarType.Double));
      var b = torch.linalg_qr(up.to(torch.ScalarType.Double));
      Tensor small = first(torch.mm(b.get1(), a.get1().t()));
      return signed(torch.matmul(a.get0(), small));
    }
    Brick.Delta delta = brick.delta(site, tensors);
    return delta == null ? null : signed(first(delta.weight().to(torch.ScalarType.Double)));
  }

  /** The first right singular vector; zeros for a matrix of zeros. */
  private static Tensor first(Tensor matrix) {
    var parts = torch.linalg_svd(matrix, false, new StringViewOptional());
    Tensor right = parts.get2().select(0, 0);
    return parts.get1().select(0, 0).item_double() > 0 ? right : torch.zeros_like(right);
  }

  /** With the number of largest magnitude positive, so that a brick has one arrow and not two. */
  private static Tensor signed(Tensor vector) {
    Tensor largest = vector.index_select(0, vector.abs().argmax().view(1));
    return vector.mul(largest.lt(new Scalar(0)).to(torch.ScalarType.Double).mul(new Scalar(-2)).add(new Scalar(1)));
  }

  @Override
  public List<Site> sites() {
    return matrices.sites();
  }

  @Override
  public Map<Site, Router> pass() {
    var routers = new HashMap<Site, Router>();
    for (Site site : sites()) {
      routers.put(site, inputs -> weights(site, inputs));
    }
    return routers;
  }

  private Tensor weights(Site site, Tensor inputs) {
    Tensor logits = matrices.products(site, inputs).abs_().div_(new Scalar(options.temperature));
    return Best.softmax(matrices.present(site, logits), options.top);
  }

  @Override
  public void close() {
    matrices.close();
  }
}
