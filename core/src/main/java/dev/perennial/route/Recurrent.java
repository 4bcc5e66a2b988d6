package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The layerwise recurrent router of RMoE: at each site a token goes to the bricks that a recurrent cell chooses, which has
 * seen what the token was at the sites before.
 *
 * <p>Source: "Layerwise Recurrent Router for Mixture-of-Experts" (arXiv 2408.06793).
 */
public final class Recurrent implements SiteRouter {

  /*
   * For sites i in their order, with h_0 = 0 and one cell for all sites:
   *
   *   u   = P_i x                                              P_i [hidden, in]
   *   r   = sigmoid(W_ir u + b_ir + W_hr h + b_hr)             z likewise
   *   n   = tanh(W_in u + b_in + r (W_hn h + b_hn))
   *   h_i = (1 - z) n + z h_{i-1}
   *   w   = the largest few of softmax(G_i h_i), divided by their sum, 0 for the others       G_i [bricks, hidden]
   *
   * The cell's matrices stand under one another in the order r, z, n.
   */

  private static final List<String> CELL = List.of("cell.weight_ih", "cell.weight_hh", "cell.bias_ih", "cell.bias_hh");

  private final Options options;
  private final List<Site> sites;
  private final Map<String, Tensor> tensors;

  /**
   * How it is laid out.
   *
   * @param hidden width of the cell, at least 1; default 256
   * @param top how many bricks act on a token at most, at least 1; default 2
   */
  public record Options(int hidden, int top) {

    /** As in the authors' code. */
    public static final Options DEFAULT = new Options(256, 2);

    /** Checks the ranges. */
    public Options {
      if (hidden < 1) {
        throw new UsageException("expected a hidden width of at least 1, got " + hidden);
      }
      Ranges.require(top, 1);
    }
  }

  /**
   * A router with these tensors.
   *
   * @param sites in the backbone's order
   * @param tensors as {@link #initialise} laid them out, which must live as long as the router is used
   */
  public Recurrent(Options options, List<Site> sites, Map<String, Tensor> tensors) {
    this.options = options;
    this.sites = List.copyOf(sites);
    this.tensors = Map.copyOf(tensors);
  }

  /** The name of P at a site, {@code [hidden, in]}. */
  public static String nameOfProjection(Site site) {
    return site.name() + ".projection";
  }

  /** The name of G at a site, {@code [bricks, hidden]}. */
  public static String nameOfGate(Site site) {
    return site.name() + ".gate";
  }

  /** Adds all tensors, uniform in (-1, 1) / sqrt(their last dimension), the cell's in (-1, 1) / sqrt(hidden). */
  public static void initialise(
      Options options, List<Site> sites, int bricks, Parameters parameters, CounterRandom random) {
    int hidden = options.hidden;
    var shapes = new LinkedHashMap<String, long[]>();
    for (Site site : sites) {
      shapes.put(nameOfProjection(site), new long[] {hidden, site.in()});
      shapes.put(nameOfGate(site), new long[] {bricks, hidden});
    }
    shapes.put(CELL.get(0), new long[] {3L * hidden, hidden});
    shapes.put(CELL.get(1), new long[] {3L * hidden, hidden});
    shapes.put(CELL.get(2), new long[] {3L * hidden});
    shapes.put(CELL.get(3), new long[] {3L * hidden});
    long index = 0;
    for (Map.Entry<String, long[]> entry : shapes.entrySet()) {
      long[] shape = entry.getValue();
      double bound = 1 / Math.sqrt(shape.length == 1 ? hidden : shape[1]);
      float[] values = new float[Math.toIntExact(shape.length == 1 ? shape[0] : shape[0] * shape[1])];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) ((2 * random.uniform(index++) - 1) * bound);
      }
      parameters.add(entry.getKey(), values, shape);
    }
  }

  @Override
  public List<Site> sites() {
    return sites;
  }

  @Override
  public Map<Site, Router> pass() {
    var memory = new Memory();
    var routers = new LinkedHashMap<Site, Router>();
    for (int place = 0; place < sites.size(); place++) {
      int own = place;
      routers.put(sites.get(place), inputs -> weights(own, inputs, memory));
    }
    return routers;
  }

  /** What the sites before have left in one pass; it outlives the scopes of the blocks that they are in. */
  private static final class Memory {

    private final UnaryOperator<Tensor> kept = TensorScope.intoOpen();
    private int next;
    private @Nullable Tensor hidden;
  }

  private Tensor weights(int place, Tensor inputs, Memory memory) {
    Site site = sites.get(place);
    if (memory.next != place) {
      throw new IllegalStateException("the router was asked at " + site.name() + " out of turn");
    }
    Tensor seen = torch.mm(inputs, named(nameOfProjection(site), inputs).t());
    Tensor before = memory.hidden == null ? torch.zeros_like(seen) : memory.hidden;
    Tensor hidden = torch.gru_cell(seen, before, named(CELL.get(0), inputs), named(CELL.get(1), inputs),
        new TensorOptional(named(CELL.get(2), inputs)), new TensorOptional(named(CELL.get(3), inputs)));
    memory.hidden = memory.kept.apply(hidden);
    memory.next = place + 1;
    Tensor logits = torch.mm(hidden, named(nameOfGate(site), inputs).t());
    return Best.shares(torch.softmax(logits, 1), options.top, 0);
  }

  private Tensor named(String name, Tensor beside) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalArgumentException("expected a tensor " + name + " in a recurrent router");
    }
    return Device.beside(beside, tensor);
  }
}
