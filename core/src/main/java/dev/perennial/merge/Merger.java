package dev.perennial.merge;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.LowRank;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Makes one brick of several by a recipe.
 *
 * <p>What is merged is what bricks add to the weights of their sites, for LoRA the scaled products B A, never A and B
 * apart: the same change may be told by many A and B, and their means are another one. So bricks of unlike ranks, alphas
 * and kinds can be merged, at sites that not all of them have. Neither the backbone nor a parent is written.
 *
 * <p>O(models * sites * in * out) and, for the rank, O(sites * in * out * min(in, out)); pcb holds the changes of all
 * models at all sites at once, the others those at one site.
 */
public final class Merger {

  private final Recipe recipe;
  private final MergeMethod method;
  private final Backbone backbone;
  private final MergeOptions options;
  private final List<Parent> parents;
  private final @Nullable Parent base;
  private final List<Site> sites;

  private Merger(Recipe recipe, @Nullable Parent base, List<Parent> parents, Backbone backbone, MergeOptions options) {
    this.recipe = recipe;
    this.base = base;
    this.parents = parents;
    this.backbone = backbone;
    this.options = options;
    method = recipe.how();
    sites = backbone.sites().stream().filter(this::anyActsAt).toList();
  }

  /**
   * The merged brick. The same recipe, bricks and seed give the same bits.
   *
   * @param bricks those that {@link Recipe#bricks} names
   * @throws UsageException if a brick is of another backbone or no change of weights alone, or the recipe names sites that
   *     none of them has, or a base that the method does not take
   * @throws dev.perennial.FailureException if a brick has numbers that are not finite
   */
  public static Merged merge(
      Recipe recipe, Map<String, SavedBrick> bricks, Backbone backbone, MergeOptions options) {
    Function<String, Parent> parent = name -> {
      SavedBrick saved = bricks.get(name);
      if (saved == null) {
        throw new UsageException("expected bricks among " + String.join(", ", bricks.keySet()) + " to merge, got " + name);
      }
      return new Parent(name, saved, backbone);
    };
    Recipe inOrder = ordered(recipe, backbone);
    String basis = inOrder.base();
    List<Parent> parents = inOrder.models().stream().map(model -> parent.apply(model.name())).toList();
    Parent base = basis == null ? null : parent.apply(basis);
    var merger = new Merger(inOrder, base, parents, backbone, options);
    merger.requireFilters();
    return merger.merged(bricks, inOrder.bricks(backbone.name()).toArray(String[]::new));
  }

  /** The recipe with a base that is a brick, or none; of slerp the base first. */
  private static Recipe ordered(Recipe recipe, Backbone backbone) {
    String base = recipe.base();
    if (base == null || base.equals(backbone.name())) {
      return new Recipe(recipe.method(), null, recipe.models(), recipe.parameters());
    }
    List<Recipe.Model> others = recipe.models().stream().filter(model -> !model.name().equals(base)).toList();
    if (recipe.how().ofDifferences()) {
      return recipe.withModels(others);
    }
    if (!(recipe.how() instanceof Slerp) || others.size() == recipe.models().size()) {
      throw new UsageException("expected base_model " + backbone.name()
          + (recipe.how() instanceof Slerp ? ", or one of the two models," : "") + " for " + recipe.method() + ", got "
          + base);
    }
    var models = new ArrayList<>(recipe.models().stream().filter(model -> model.name().equals(base)).toList());
    models.addAll(others);
    return new Recipe(recipe.method(), null, models, recipe.parameters());
  }

  private boolean anyActsAt(Site site) {
    return base != null && base.actsAt(site) || parents.stream().anyMatch(parent -> parent.actsAt(site));
  }

  private void requireFilters() {
    for (String filter : recipe.filters()) {
      if (sites.stream().noneMatch(site -> site.name().contains(filter))) {
        throw new UsageException("expected filters that are part of a site's name, and " + filter
            + " is part of none: there are sites such as " + sites.getFirst().name());
      }
    }
  }

  private Merged merged(Map<String, SavedBrick> bricks, String[] names) {
    var layout = new MergedLayout(sites, options, parents);
    try (TensorScope all = TensorScope.inference()) {
      if (method.whole()) {
        Tensor whole = together(sites);
        long from = 0;
        for (Site site : sites) {
          long size = (long) site.out() * site.in();
          layout.add(site, whole.narrow(0, from, size).view(site.out(), site.in()), ranks(site));
          from += size;
        }
      } else {
        for (Site site : sites) {
          try (TensorScope one = TensorScope.inference()) {
            Optional<LowRank> product = product(site);
            if (product.isPresent()) {
              layout.add(site, product.get());
            } else {
              layout.add(site, together(List.of(site)).view(site.out(), site.in()), ranks(site));
            }
          }
        }
      }
    }
    return layout.merged(backbone, provenance().withParents(names).withRecipe(lineage(bricks, names)));
  }

  /** The numbers that it is merged by, and the digests of what is merged. */
  private SortedMap<String, String> lineage(Map<String, SavedBrick> bricks, String[] names) {
    SortedMap<String, String> lineage = recipe.texts();
    for (String name : names) {
      SavedBrick brick = bricks.get(name);
      if (brick != null) {
        lineage.put("digest of " + name, brick.digest());
      }
    }
    String start = recipe.base();
    if (start != null) {
      lineage.put("base", start);
    }
    if (options.rank() > 0) {
      lineage.put("rank", Integer.toString(options.rank()));
    }
    return lineage;
  }

  /** The change at sites, one after another, as one vector. */
  private Tensor together(List<Site> some) {
    Tensor[] rows = parents.stream().map(parent -> vector(parent, some)).toArray(Tensor[]::new);
    Tensor changes = torch.stack(new TensorVector(rows));
    Site first = some.getFirst();
    Numbers numbers = recipe.at(first, backbone.blocks());
    CounterRandom random = CounterRandom.of(options.seed(), first.index());
    if (base == null) {
      return method.merge(changes, numbers, random);
    }
    Tensor start = vector(base, some);
    return method.merge(changes.sub(start), numbers, random).add(start);
  }

  private static Tensor vector(Parent parent, List<Site> some) {
    return Tensors.concat(0, some.stream().map(site -> parent.change(site).reshape(-1)).toArray(Tensor[]::new));
  }

  private Optional<LowRank> product(Site site) {
    if (options.full() || base != null || !parents.stream().allMatch(Parent::isLora)) {
      return Optional.empty();
    }
    return method.mergeProducts(
        parents.stream().map(parent -> parent.product(site)).toList(), recipe.at(site, backbone.blocks()));
  }

  /** The sum of the parents' ranks at a site. */
  private int ranks(Site site) {
    int ranks = base == null ? 0 : base.rank(site);
    for (Parent parent : parents) {
      ranks += parent.rank(site);
    }
    return ranks;
  }

  /** What is the same of all parents; the software's version of the first. */
  private Provenance provenance() {
    Provenance first = parents.getFirst().saved().provenance();
    List<Provenance> all = parents.stream().map(parent -> parent.saved().provenance()).toList();
    return new Provenance(common(all, Provenance::stream), options.seed(), method.name(), first.version(), List.of(),
        backbone.digest(), common(all, Provenance::learnedOn));
  }

  private static String common(List<Provenance> all, Function<Provenance, String> part) {
    List<String> parts = all.stream().map(part).distinct().toList();
    return parts.size() == 1 ? parts.getFirst() : "";
  }
}
