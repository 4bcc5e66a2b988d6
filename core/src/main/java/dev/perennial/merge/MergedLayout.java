package dev.perennial.merge;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.FullDelta;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.bytedeco.pytorch.Tensor;

/** Merged changes site by site, until all are known and LoRA or a full difference of weights is made of them. */
final class MergedLayout {

  private static final int MOST = 1024;

  private final List<Site> sites;
  private final MergeOptions options;
  private final List<Parent> parents;
  private final Map<Site, TensorData> downs = new HashMap<>();
  private final Map<Site, TensorData> ups = new HashMap<>();
  private final Map<Site, TensorData> weights = new HashMap<>();
  private boolean low;
  private double lost;
  private double length;

  MergedLayout(List<Site> sites, MergeOptions options, List<Parent> parents) {
    this.sites = sites;
    this.options = options;
    this.parents = parents;
    low = !options.full();
  }

  /**
   * Takes the change at a site.
   *
   * @param ranks sum of the parents' ranks there
   */
  void add(Site site, Tensor weight, int ranks) {
    if (!weight.isfinite().all().item_bool()) {
      throw new FailureException("expected finite numbers in a merged brick, got others at " + site.name()
          + ": choose smaller weights");
    }
    if (low) {
      Truncation cut = Truncation.of(weight, options.rank());
      if (options.rank() > 0 || cut.rank() <= Math.min(ranks, MOST)) {
        keep(site, cut.factors());
        lost = Math.hypot(lost, cut.lost());
        length = Math.hypot(length, cut.length());
      } else {
        low = false;
        lost = 0;
      }
    }
    if (options.rank() == 0) {
      weights.put(site, data(weight));
    }
  }

  /** Takes a product, which stays as it is where no rank is asked for. */
  void add(Site site, LowRank product) {
    if (options.rank() == 0) {
      keep(site, product);
      return;
    }
    Truncation cut = Truncation.of(product, options.rank());
    keep(site, cut.factors());
    lost = Math.hypot(lost, cut.lost());
    length = Math.hypot(length, cut.length());
  }

  private void keep(Site site, LowRank product) {
    downs.put(site, data(product.down()));
    ups.put(site, data(product.up()));
  }

  private static TensorData data(Tensor matrix) {
    return TensorData.of(Tensors.toFloats(matrix), matrix.size(0), matrix.size(1));
  }

  /** The brick. */
  Merged merged(Backbone backbone, Provenance provenance) {
    var tensors = new HashMap<String, TensorData>();
    if (!low) {
      sites.forEach(site -> tensors.put("base_model.model." + site.name() + ".delta.weight", given(weights, site)));
      var layout = new BrickOptions(
          new FullDelta().name(), new LoraOptions(LoraOptions.DEFAULT.rank(), 1, 0, expression(backbone)));
      return new Merged(SavedBrick.of(layout, tensors, Map.of(), null, provenance), 0);
    }
    for (Site site : sites) {
      tensors.put(Lora.nameOfA(site), given(downs, site));
      tensors.put(Lora.nameOfB(site), given(ups, site));
    }
    int usual = sites.stream().mapToInt(this::rank).max().orElse(1);
    if (usual > MOST) {
      throw new UsageException("expected a merged brick of rank 1024 at most, got " + usual
          + ": choose a lower rank, or a full difference");
    }
    String others = sites.stream().filter(site -> rank(site) != usual)
        .map(site -> exact(site) + ":" + rank(site)).collect(Collectors.joining(" "));
    var kind = new BrickKinds.Choice<>(new Lora.Kind(), new Lora.Settings(false, others, others));
    var layout = new BrickOptions(kind.text(), new LoraOptions(usual, usual, 0, expression(backbone)));
    return new Merged(
        SavedBrick.of(layout, tensors, Map.of(), null, provenance), length == 0 ? 0 : lost / length);
  }

  private int rank(Site site) {
    return Math.toIntExact(given(downs, site).shape().getFirst());
  }

  private static TensorData given(Map<Site, TensorData> data, Site site) {
    TensorData found = data.get(site);
    if (found == null) {
      throw new IllegalStateException("nothing was merged at " + site.name());
    }
    return found;
  }

  /** An expression for the sites: a parent's own where it names the same. */
  private String expression(Backbone backbone) {
    var candidates = new ArrayList<>(parents.stream().map(Parent::sites).toList());
    candidates.removeIf(candidate -> !fits(candidate, backbone));
    return candidates.isEmpty()
        ? sites.stream().map(MergedLayout::exact).collect(Collectors.joining("|"))
        : candidates.getFirst();
  }

  private boolean fits(String expression, Backbone backbone) {
    try {
      return new LoraOptions(1, 1, 0, expression).select(backbone.sites()).equals(sites);
    } catch (UsageException e) {
      return false;
    }
  }

  private static String exact(Site site) {
    return site.name().replaceAll("[^A-Za-z0-9_]", "\\\\$0");
  }
}
