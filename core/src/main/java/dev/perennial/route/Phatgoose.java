package dev.perennial.route;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Brick;
import dev.perennial.tensor.Device;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * PHATGOOSE: post-hoc routing by token and site. After a brick is learned, a gate is learned for it at each site, the
 * brick and all else frozen; the gates of all bricks together are the router.
 *
 * <p>Source: "Learning to Route Among Specialized Experts for Zero-Shot Generalization" (arXiv 2402.05859).
 */
public final class Phatgoose implements SiteRouter, AutoCloseable {

  /*
   * The gate of a brick at a site, begun at 0, is learned with   y = W x + delta W (sigmoid(v . x) x)
   *
   *   p_e = softmax over all bricks e of   LN(v_e) . LN(x) / sqrt(in)       LN: layer norm without weight and bias
   *   w   = p / (sum of the best few + 1e-6) for the best few, 0 for the others
   *
   * sigmoid(v . x) is not applied any more when routing.
   */

  private static final double EPSILON = 1e-6;

  private final SiteMatrices matrices;
  private final Options options;

  /**
   * How it decides.
   *
   * @param top how many bricks act on a token at most, at least 1; default 2
   */
  public record Options(int top) {

    /** As in the paper. */
    public static final Options DEFAULT = new Options(2);

    /** Checks the range. */
    public Options {
      Ranges.require(top, 1);
    }
  }

  /**
   * A router over the bricks of {@code gates}.
   *
   * @param gates what was learned with {@link #gated}
   * @param sites of the backbone
   * @throws dev.perennial.UsageException if no brick has a gate
   */
  public Phatgoose(SiteVectors gates, List<Site> sites, Options options) {
    this.matrices = new SiteMatrices(gates, sites, Phatgoose::normalised);
    this.options = options;
  }

  /**
   * A brick behind gates, to learn them: the brick is given its input times the sigmoid of the gate's product with it.
   *
   * @param tensors of the brick, frozen
   * @param gates a vector for each of its sites, {@code [in]}, by the site's name; 0 to begin with
   */
  public static Adaptation gated(Brick brick, Map<String, Tensor> tensors, Map<String, Tensor> gates) {
    Adaptation plain = brick.adaptation(tensors).forPass();
    var functions = new HashMap<Site, SiteFunction>();
    for (Site site : brick.sites()) {
      SiteFunction function = plain.at(site.index());
      Tensor gate = gates.get(site.name());
      if (function == null || gate == null) {
        throw new IllegalArgumentException("expected a brick and a gate at " + site.name());
      }
      functions.put(site, (input, output) -> {
        Tensor open = torch.sigmoid(torch.mm(input, Device.beside(input, gate).view(-1, 1)));
        return function.apply(input.mul(open), output);
      });
    }
    return Adaptation.ofSites(functions);
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
    Tensor scores = matrices.products(site, normalised(inputs)).div(new Scalar(Math.sqrt(site.in())));
    return Best.shares(torch.softmax(matrices.present(site, scores), 1), options.top, EPSILON);
  }

  private static Tensor normalised(Tensor rows) {
    return torch.layer_norm(rows, rows.size(1));
  }

  @Override
  public void close() {
    matrices.close();
  }
}
