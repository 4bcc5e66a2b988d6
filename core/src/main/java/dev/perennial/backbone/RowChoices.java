package dev.perennial.backbone;

import dev.perennial.tensor.TensorOwner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * Bricks to choose from for each row of a batch, which goes through the backbone in one pass.
 *
 * <p>Where all that acts at a site is {@link LowRank}, the matrices of all choices are stacked once, in the open scope,
 * and a batch takes two gathers and two batched products a site, whatever its rows choose: O(rows * rank * (in + out)).
 * With {@link #keptBy} it serves batches beyond that scope, as for the bricks of a library.
 */
public final class RowChoices {

  private final List<VirtualTokens> tokens;
  private final Map<Integer, AtSite> bySite = new TreeMap<>();
  private final int choices;
  private final int lowestBlock;

  /**
   * What there is to choose from at a site.
   *
   * @param stack null where some of the functions are of another kind
   */
  private record AtSite(List<@Nullable SiteFunction> functions, PerRow.@Nullable Stack stack) {}

  /**
   * A choice among adaptations.
   *
   * @param choices {@link Adaptation#NONE} among them for rows with the backbone alone
   * @throws IllegalArgumentException if one of them stands in for weights
   */
  public RowChoices(List<Adaptation> choices) {
    this.choices = choices.size();
    var sites = new TreeSet<Integer>();
    int lowest = Integer.MAX_VALUE;
    for (Adaptation choice : choices) {
      choice.requireNoWeights();
      sites.addAll(choice.sites());
      lowest = Math.min(lowest, choice.lowestBlock());
    }
    for (int site : sites) {
      var functions = new ArrayList<@Nullable SiteFunction>();
      choices.forEach(choice -> functions.add(choice.at(site)));
      bySite.put(site, new AtSite(functions, PerRow.stack(functions)));
    }
    tokens = choices.stream().map(Adaptation::tokens).toList();
    lowestBlock = lowest;
  }

  /**
   * Has an owner keep the stacks; gradients to the bricks are cut off.
   *
   * @return this
   */
  public RowChoices keptBy(TensorOwner owner) {
    bySite.replaceAll((site, at) -> at.stack == null
        ? at
        : new AtSite(at.functions, new PerRow.Stack(owner.keep(at.stack.down()), owner.keep(at.stack.up()))));
    return this;
  }

  /**
   * What acts on one batch, in the open scope.
   *
   * @param rows for each row of the batch, in order, its place among the choices
   * @throws dev.perennial.UsageException if they have different numbers of virtual tokens
   * @throws IndexOutOfBoundsException if a row chooses none of them
   */
  public Adaptation of(int... rows) {
    int[] chosen = rows.clone();
    for (int row : chosen) {
      Objects.checkIndex(row, choices);
    }
    Tensor places = PerRow.places(chosen);
    var functions = new HashMap<Integer, SiteFunction>();
    bySite.forEach((site, at) -> functions.put(
        site, at.stack == null ? PerRow.grouped(at.functions, chosen) : at.stack.of(places)));
    return new Adaptation(functions, VirtualTokens.byRow(tokens, chosen), lowestBlock, true);
  }
}
