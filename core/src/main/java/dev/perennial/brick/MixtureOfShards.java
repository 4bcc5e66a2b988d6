package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * LoRA whose vectors are put together from shards of pools that all sites share.
 *
 * <p>Source: MoS: Unleashing Parameter Efficiency of Low-Rank Adaptation with Mixture of Shards (arXiv 2410.00938):
 * {@code y = W x + b + (alpha / rank) B A x}, where each row of A and column of B is {@code shards} shards side by side.
 * Sites with equally many features share a pool, one for A and one for B, as large as LoRA of rank {@code pool} at each of
 * them would be. Of the vectors of a site {@code privates} are its own and no other's (shard privatization); the shards
 * of the others are picked at random once and for all (subset selection, vector sharding), for A and for B apart (pair
 * dissociation). Shards of A are drawn uniformly from ±1/√in, those of B are zeros.
 */
public final class MixtureOfShards implements BrickKind<MixtureOfShards.Settings> {

  /**
   * What a mixture of shards is asked beside what kinds share.
   *
   * @param pool vectors of the pools for each site, 1 to the rank; default 2
   * @param shards of a vector, 1 or more, a divisor of all sites' features; default 4
   * @param privates vectors of a site that are its own, 0 to below {@code pool}; default 1
   * @param pickSeed of what is picked; default 0
   */
  public record Settings(int pool, int shards, int privates, long pickSeed) {

    /** Checks the ranges. */
    public Settings {
      if (pool < 1 || pool > 1024) {
        throw new UsageException("expected a pool between 1 and 1024 vectors for each site, got " + pool);
      }
      if (shards < 1) {
        throw new UsageException("expected 1 or more shards of a vector, got " + shards);
      }
      if (privates < 0 || privates >= pool) {
        throw new UsageException("expected privates from 0 to below the pool of " + pool + ", got " + privates);
      }
    }
  }

  @Override
  public String name() {
    return "mos";
  }

  @Override
  public Settings defaults() {
    return new Settings(2, 4, 1, 0);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends SiteBrick {

    private final int rank;
    private final double scale;
    private final Settings settings;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      this.rank = shape.rank();
      this.scale = shape.alpha() / rank;
      this.settings = settings;
      if (settings.pool() > rank) {
        throw new UsageException(
            "expected a pool of at most the rank, " + rank + ", got " + settings.pool() + ": raise the rank");
      }
      for (Site site : sites()) {
        if (site.in() % settings.shards() != 0 || site.out() % settings.shards() != 0) {
          throw new UsageException("expected shards that divide the features of " + site.name() + ", " + site.in() + " and "
              + site.out() + ", got " + settings.shards());
        }
      }
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      throw new IllegalStateException("the pools belong to all sites");
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      var shapes = new LinkedHashMap<String, List<Long>>();
      sharing(true).forEach((in, sites) -> shapes.put(nameOfPool(true, in), shape(in, sites)));
      sharing(false).forEach((out, sites) -> shapes.put(nameOfPool(false, out), shape(out, sites)));
      return shapes;
    }

    private List<Long> shape(int features, List<Site> sites) {
      return List.of((long) sites.size() * settings.pool() * settings.shards(), (long) features / settings.shards());
    }

    private TreeMap<Integer, List<Site>> sharing(boolean ofA) {
      var groups = new TreeMap<Integer, List<Site>>();
      for (Site site : sites()) {
        groups.computeIfAbsent(ofA ? site.in() : site.out(), features -> new ArrayList<>()).add(site);
      }
      return groups;
    }

    private static String nameOfPool(boolean ofA, int features) {
      return "mos.pool_" + (ofA ? "A." : "B.") + features;
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      var draws = new Draws(random);
      shapes().forEach((name, shape) -> {
        long count = shape.getFirst() * shape.getLast();
        double bound = 1 / Math.sqrt(shape.getLast() * (double) settings.shards());
        parameters.add(name, name.startsWith("mos.pool_A") ? draws.uniform(count, bound) : new float[Math.toIntExact(count)],
            shape.getFirst(), shape.getLast());
      });
    }

    /** The shards of a site's vectors, {@code [rank * shards]}: its own first, then those picked from what is shared. */
    private long[] picked(Site site, boolean ofA) {
      List<Site> sites = sharing(ofA).getOrDefault(ofA ? site.in() : site.out(), List.of());
      int own = settings.privates() * settings.shards();
      int shared = sites.size() * (settings.pool() - settings.privates()) * settings.shards();
      int first = shared + sites.indexOf(site) * own;
      var random = CounterRandom.of(settings.pickSeed(), site.index(), ofA ? 0 : 1);
      int[] order = random.permutation(shared);
      long[] picked = new long[rank * settings.shards()];
      for (int i = 0; i < picked.length; i++) {
        // Without repetition as long as there are shards that were not picked.
        picked[i] = i < own ? first + i : order[(i - own) % shared];
      }
      return picked;
    }

    private LowRank product(Site site, Map<String, Tensor> tensors) {
      Tensor a = Tensors.rows(named(tensors, nameOfPool(true, site.in())), picked(site, true)).view(rank, site.in());
      Tensor b = Tensors.rows(named(tensors, nameOfPool(false, site.out())), picked(site, false)).view(rank, site.out());
      return new LowRank(a, b.t(), scale);
    }

    @Override
    SiteFunction at(Site site, Map<String, Tensor> tensors, Dropout drop) {
      LowRank product = product(site, tensors);
      return drop == Dropout.NONE ? product : (input, output) -> product.add(output, drop.of(site, input));
    }

    @Override
    public Delta delta(Site site, Map<String, Tensor> tensors) {
      LowRank product = product(site, tensors);
      return new Delta(torch.mm(product.up(), product.down()).mul(new Scalar(product.scale())), null);
    }
  }
}
