package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * An adapter whose matrices are sums of Kronecker products with thin ones.
 *
 * <p>Source: Compacter: Efficient Low-Rank Hypercomplex Adapter Layers (arXiv 2106.04647): {@code y' = y + gelu(y D + c) U
 * + d} with
 *
 * <pre>
 *   D = sum over i &lt; n of S_i ⊗ (s_i t_i')        S_i [n, n] shared by all sites, s_i [out / n], t_i [rank / n]
 * </pre>
 *
 * <p>and U likewise, with shared matrices of its own. S is drawn normally with deviation 0.01, s and t uniformly as Glorot
 * did with gain √2, biases are 0. Alpha is not used.
 */
public final class Compacter implements BrickKind<Compacter.Settings> {

  private static final double RULE_DEVIATION = 0.01;

  /**
   * What Compacter is asked beside what kinds share.
   *
   * @param factors n, 1 to 64, a divisor of the rank and of all sites' outputs; default 4
   */
  public record Settings(int factors) {

    /** Checks the range. */
    public Settings {
      if (factors < 1 || factors > 64) {
        throw new UsageException("expected factors between 1 and 64, got " + factors);
      }
    }
  }

  @Override
  public String name() {
    return "compacter";
  }

  @Override
  public Settings defaults() {
    return new Settings(4);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings.factors(), backbone);
  }

  private static final class OnSites extends SiteBrick {

    private final int rank;
    private final int factors;

    private OnSites(String kind, LoraOptions shape, int factors, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Adapter.USUAL_SITES), shape.dropout());
      this.rank = shape.rank();
      this.factors = factors;
      for (Site site : sites()) {
        if (rank % factors != 0 || site.out() % factors != 0) {
          throw new UsageException("expected factors that divide the rank, " + rank + ", and the outputs of " + site.name()
              + ", " + site.out() + ", got " + factors);
        }
      }
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      var shapes = new LinkedHashMap<String, List<Long>>();
      long n = factors;
      shapes.put("compacter.down_rule", List.of(n, n, n));
      shapes.put("compacter.up_rule", List.of(n, n, n));
      sites().forEach(site -> shapesAt(site, shapes));
      return shapes;
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      long n = factors;
      long out = site.out();
      shapes.put(name(site, "compacter_down.left"), List.of(n, out / n, 1L));
      shapes.put(name(site, "compacter_down.right"), List.of(n, 1L, rank / n));
      shapes.put(name(site, "compacter_down.bias"), List.of((long) rank));
      shapes.put(name(site, "compacter_up.left"), List.of(n, rank / n, 1L));
      shapes.put(name(site, "compacter_up.right"), List.of(n, 1L, out / n));
      shapes.put(name(site, "compacter_up.bias"), List.of(out));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      shapes().forEach((name, shape) -> {
        long count = shape.stream().reduce(1L, Math::multiplyExact);
        float[] values = name.endsWith("_rule")
            ? draws.normal(count, RULE_DEVIATION)
            : name.endsWith(".bias")
                ? new float[Math.toIntExact(count)]
                : draws.uniform(count, Math.sqrt(2) * Math.sqrt(6.0 / (shape.get(1) + shape.get(2))));
        parameters.add(name, values, shape.stream().mapToLong(Long::longValue).toArray());
      });
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      Tensor down = matrix(site, tensors, "down");
      Tensor up = matrix(site, tensors, "up");
      return (input, output) -> {
        Tensor low = torch.addmm(Device.beside(output, named(tensors, site, "compacter_down.bias")),
            drop.of(site, output), Device.beside(output, down));
        return output.add(torch.addmm(Device.beside(output, named(tensors, site, "compacter_up.bias")),
            torch.gelu(low), Device.beside(output, up)));
      };
    }

    private Tensor matrix(Site site, Map<String, Tensor> tensors, String which) {
      Tensor rule = named(tensors, "compacter." + which + "_rule");
      Tensor thin = torch.bmm(
          named(tensors, site, "compacter_" + which + ".left"), named(tensors, site, "compacter_" + which + ".right"));
      Tensor sum = torch.kron(rule.select(0, 0), thin.select(0, 0));
      for (int i = 1; i < factors; i++) {
        sum = sum.add(torch.kron(rule.select(0, i), thin.select(0, i)));
      }
      return sum;
    }
  }
}
