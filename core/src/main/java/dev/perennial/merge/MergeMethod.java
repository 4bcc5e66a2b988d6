package dev.perennial.merge;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.LowRank;
import dev.perennial.tensor.CounterRandom;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/** A way to make one change of weights of several. Each is one file, under mergekit's name where mergekit has it. */
interface MergeMethod {

  /** All of them. */
  List<MergeMethod> ALL = List.of(new Average(), new Linear(), new Slerp(), new TaskArithmetic(), new Ties(), Dare.LINEAR,
      Dare.TIES, new MagnitudePruning(), Breadcrumbs.LINEAR, Breadcrumbs.TIES, new Pcb(), new Concatenation(), new Ema());

  /** What recipes call it. */
  String name();

  /** The numbers that it takes. */
  List<Setting> settings();

  /** The most models that it can merge. */
  default int most() {
    return Integer.MAX_VALUE;
  }

  /** The fewest models that it can merge. */
  default int fewest() {
    return 1;
  }

  /** Whether what it merges are differences from a base: that of the recipe, where it names a brick, or the backbone. */
  default boolean ofDifferences() {
    return true;
  }

  /** Whether it compares the numbers of whole bricks, and not those of each site by themselves. */
  default boolean whole() {
    return false;
  }

  /**
   * The merged change.
   *
   * @param changes float64, {@code [models, numbers]}: the change of a weight by each model, one vector each
   * @param numbers the recipe's
   * @param random decides what is drawn, for this site alone
   * @return float64, {@code [numbers]}, in the open scope
   */
  Tensor merge(Tensor changes, Numbers numbers, CounterRandom random);

  /**
   * The merged change as a product, where the method can tell it of products without multiplying them out.
   *
   * @param products float64, one for each model; of rank 0 where a model does not act
   */
  default Optional<LowRank> mergeProducts(List<LowRank> products, Numbers numbers) {
    return Optional.empty();
  }

  /** The setting of that name. */
  default Optional<Setting> setting(String setting) {
    return settings().stream().filter(candidate -> candidate.name().equals(setting)).findFirst();
  }

  /** The names of all. */
  static List<String> names() {
    return ALL.stream().map(MergeMethod::name).sorted().toList();
  }

  /**
   * The method of a name.
   *
   * @throws UsageException if there is none
   */
  static MergeMethod of(String name) {
    return ALL.stream().filter(method -> method.name().equals(name)).findFirst()
        .orElseThrow(() -> new UsageException("expected a merge method among " + String.join(", ", names()) + ", got "
            + name + Spelling.suggestion(name, names())));
  }
}
