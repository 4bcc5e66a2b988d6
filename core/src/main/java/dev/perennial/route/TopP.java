package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.Device;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Top-p routing: at each site a token goes to as many bricks as it takes until the router is sure enough, few for an easy
 * token and more for a hard one.
 *
 * <p>Source: "Harder Tasks Need More Experts: Dynamic Routing in MoE Models" (arXiv 2403.07652).
 */
public final class TopP implements SiteRouter {

  /*
   *   P = softmax(G x)                       G [bricks, in] is learned, one a site
   *   P sorted downwards; kept is the shortest beginning whose sum exceeds p, all where none does
   *   w = P for those that are kept, as they are, 0 for the others
   *
   * and for each token batch the loss grows by
   *
   *   entropy * mean over tokens of ( - sum over bricks of P log P )        or the router grows flat to get more bricks
   *   + balance * bricks * sum over bricks e of f_e Q_e                     f: share of tokens that keep e, Q: mean of P_e
   */

  private final Map<Site, Tensor> gates;
  private final List<Site> sites;
  private final Options options;

  /**
   * How it decides and what it costs.
   *
   * @param p how sure it has to be, above 0; from 1 on all bricks act; default 0.4
   * @param entropy what the entropy is multiplied by in the loss, 0 or more; default 1e-4
   * @param balance what the imbalance is multiplied by in the loss, 0 or more; default 1e-2
   */
  public record Options(double p, double entropy, double balance) {

    /** As in the paper. */
    public static final Options DEFAULT = new Options(0.4, 1e-4, 1e-2);

    /** Checks the ranges. */
    public Options {
      if (!(p > 0) || !(entropy >= 0) || !(balance >= 0)) {
        throw new UsageException("expected p above 0, entropy and balance of 0 or more, got p=" + p + ", entropy="
            + entropy + ", balance=" + balance);
      }
    }
  }

  /**
   * A router with these gates.
   *
   * @param gates {@code [bricks, in]} for each site where it routes; they must live as long as the router is used
   * @throws IllegalArgumentException if one is of another width than its site
   */
  public TopP(Map<Site, Tensor> gates, Options options) {
    this.gates = new HashMap<>(gates);
    this.options = options;
    var ordered = new ArrayList<>(gates.keySet());
    ordered.sort(Comparator.comparingInt(Site::index));
    this.sites = List.copyOf(ordered);
    gates.forEach((site, gate) -> {
      if (gate.dim() != 2 || gate.size(1) != site.in()) {
        throw new IllegalArgumentException("expected a gate [bricks, " + site.in() + "] at " + site.name());
      }
    });
  }

  @Override
  public List<Site> sites() {
    return sites;
  }

  @Override
  public Map<Site, Router> pass() {
    var routers = new HashMap<Site, Router>();
    gates.forEach((site, gate) -> routers.put(site, inputs -> kept(probabilities(inputs, gate))));
    return routers;
  }

  /** P at a site, {@code [rows, bricks]}, for {@link #loss}. */
  public Tensor probabilities(Site site, Tensor inputs) {
    Tensor gate = gates.get(site);
    if (gate == null) {
      throw new IllegalArgumentException("no brick is routed to at " + site.name());
    }
    return probabilities(inputs, gate);
  }

  private static Tensor probabilities(Tensor inputs, Tensor gate) {
    return torch.softmax(torch.mm(inputs, Device.beside(inputs, gate).t()), 1);
  }

  /** The probabilities of the bricks that are kept, 0 for the others; gradients go through those that are kept. */
  Tensor kept(Tensor probabilities) {
    if (options.p >= 1) {
      return probabilities;
    }
    var sorted = probabilities.sort(1, true);
    Tensor before = torch.cumsum(sorted.get0(), 1).sub(sorted.get0());
    Tensor mask = before.gt(new Scalar(options.p)).logical_not().to(torch.ScalarType.Float);
    return probabilities.mul(torch.zeros_like(probabilities).scatter(1, sorted.get1(), mask));
  }

  /**
   * What the tokens of a site add to the loss, a scalar.
   *
   * @param probabilities {@code [rows, bricks]}
   */
  public Tensor loss(Tensor probabilities) {
    Tensor entropy = torch.xlogy(probabilities, probabilities).sum().neg().div(new Scalar((double) probabilities.size(0)));
    Tensor share = kept(probabilities).gt(new Scalar(0)).to(torch.ScalarType.Float).mean(0);
    Tensor imbalance = share.mul(probabilities.mean(0)).sum().mul(new Scalar((double) probabilities.size(1)));
    return entropy.mul(new Scalar(options.entropy)).add(imbalance, new Scalar(options.balance));
  }
}
