package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Brick;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Bricks that act together with the weights of a router:
 * {@code y = W x + sum over bricks e of w_e (f_e(x, W x) - W x)}, where {@code f_e} is the site with brick e alone.
 *
 * <p>Bricks that are {@link LowRank} are computed in two products: with all A under one another and all s B beside one
 * another it is {@code W x + B (w ∘ A x)}, each weight repeated over its brick's ranks. Bricks that no row has chosen are
 * left out.
 */
public final class Mixture {

  private Mixture() {}

  /**
   * A brick with its tensors by name, which must live as long as the mixture is used.
   *
   * @param brick must act at sites
   */
  public record Expert(Brick brick, Map<String, Tensor> tensors) {

    /** Checks the brick. */
    public Expert {
      if (brick.sites().isEmpty()) {
        throw new UsageException("expected bricks that act at sites to route among, got one of kind " + brick.kind()
            + ", which acts on tokens: choose another, such as lora");
      }
    }
  }

  /** The bricks with weights of their own for each token at each site; {@code experts} in the order of the router's. */
  public static Adaptation bySite(List<Expert> experts, SiteRouter router) {
    List<Expert> fixed = List.copyOf(experts);
    return made(fixed, () -> {
      Map<Site, Router> routers = router.pass();
      return functions(fixed, routers);
    });
  }

  /**
   * The bricks with the same weights everywhere, for each row of the batch.
   *
   * @param weights {@code [rows, experts]}, as {@link Router#weights} gave them
   */
  public static Adaptation byRow(List<Expert> experts, Tensor weights) {
    List<Expert> fixed = List.copyOf(experts);
    Router everywhere = inputs -> {
      long rows = weights.size(0);
      if (inputs.size(0) % rows != 0) {
        throw new IllegalArgumentException(
            "weights are of " + rows + " rows, and the batch has " + inputs.size(0) + " tokens, which do not divide");
      }
      return Device.beside(inputs, weights).unsqueeze(1).expand(rows, inputs.size(0) / rows, weights.size(1))
          .reshape(inputs.size(0), weights.size(1));
    };
    return made(fixed, () -> {
      var routers = new HashMap<Site, Router>();
      fixed.forEach(expert -> expert.brick.sites().forEach(site -> routers.put(site, everywhere)));
      return functions(fixed, routers);
    });
  }

  private static Adaptation made(List<Expert> experts, Supplier<Map<Site, SiteFunction>> functions) {
    int lowest = experts.stream().mapToInt(expert -> expert.brick.lowestBlock()).min().orElse(Integer.MAX_VALUE);
    return Adaptation.forEachPass(lowest, () -> Adaptation.ofSites(functions.get()));
  }

  private static Map<Site, SiteFunction> functions(List<Expert> experts, Map<Site, Router> routers) {
    List<Adaptation> alone =
        experts.stream().map(expert -> expert.brick.adaptation(expert.tensors).forPass()).toList();
    var functions = new HashMap<Site, SiteFunction>();
    for (Site site : new HashSet<>(routers.keySet())) {
      var choices = new ArrayList<@Nullable SiteFunction>();
      alone.forEach(adaptation -> choices.add(adaptation.at(site.index())));
      Router router = routers.get(site);
      if (router != null) {
        functions.put(site, choices.stream().allMatch(choice -> choice == null || choice instanceof LowRank)
            ? stacked(choices, router)
            : oneByOne(choices, router));
      }
    }
    return functions;
  }

  private static SiteFunction stacked(List<? extends @Nullable SiteFunction> choices, Router router) {
    return (input, output) -> {
      Tensor weights = router.weights(input);
      float[] used = Tensors.toFloats(torch.amax(weights, new long[] {0}, false));
      var downs = new ArrayList<Tensor>();
      var ups = new ArrayList<Tensor>();
      var columns = new ArrayList<Long>();
      for (int i = 0; i < used.length; i++) {
        if (used[i] > 0 && choices.get(i) instanceof LowRank(Tensor down, Tensor up, double scale)) {
          downs.add(Device.beside(input, down));
          ups.add(Device.beside(input, up).mul(new Scalar(scale)));
          for (long rank = 0; rank < down.size(0); rank++) {
            columns.add((long) i);
          }
        }
      }
      if (downs.isEmpty()) {
        return output;
      }
      Tensor places = Tensors.longs(columns.stream().mapToLong(Long::longValue).toArray(), columns.size());
      Tensor wide = weights.index_select(1, Device.beside(weights, places));
      Tensor low = torch.mm(input, Tensors.concat(0, downs.toArray(new Tensor[0])).t()).mul(wide);
      return torch.addmm(output, low, Tensors.concat(1, ups.toArray(new Tensor[0])).t());
    };
  }

  private static SiteFunction oneByOne(List<? extends @Nullable SiteFunction> choices, Router router) {
    return (input, output) -> {
      Tensor weights = router.weights(input);
      Tensor sum = output;
      for (int i = 0; i < choices.size(); i++) {
        SiteFunction choice = choices.get(i);
        if (choice != null) {
          sum = sum.add(choice.apply(input, output).sub(output).mul(weights.narrow(1, i, 1)));
        }
      }
      return sum;
    };
  }
}
