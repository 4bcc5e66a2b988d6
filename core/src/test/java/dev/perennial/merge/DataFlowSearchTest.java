package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which of three bricks act in the two blocks of a tiny encoder. */
final class DataFlowSearchTest {

  private static final List<String> NAMES = List.of("a", "b", "c");
  private static final MergeOptions OPTIONS = new MergeOptions(0, true, 3);

  private final Map<String, SavedBrick> bricks = new HashMap<>();
  private final Map<String, Map<Site, double[]>> changes = new HashMap<>();
  private Backbone backbone;
  private TensorScope scope;
  private List<Site> sites;

  @BeforeEach
  void open() {
    backbone = TinyBert.backbone();
    scope = TensorScope.inference();
    sites = backbone.sites().stream().filter(site -> site.name().endsWith("query")).toList();
    for (int i = 0; i < NAMES.size(); i++) {
      var random = CounterRandom.of(5, i);
      var numbers = new HashMap<Site, double[]>();
      for (Site site : sites) {
        double[] values = new double[site.out() * site.in()];
        for (int k = 0; k < values.length; k++) {
          values[k] = (float) random.gaussian(site.block() * 1000L + k);
        }
        numbers.put(site, values);
      }
      changes.put(NAMES.get(i), numbers);
      bricks.put(NAMES.get(i), MergeFixture.delta(backbone, "query", numbers, null));
    }
  }

  @AfterEach
  void close() {
    scope.close();
    backbone.close();
  }

  /** What a flow adds at a site, by loops. */
  private double[] flow(Site site, double[][] weights) {
    double[] sum = new double[site.out() * site.in()];
    for (int i = 0; i < NAMES.size(); i++) {
      double[] own = changes.getOrDefault(NAMES.get(i), Map.of()).getOrDefault(site, new double[0]);
      for (int k = 0; k < sum.length; k++) {
        sum[k] += weights[i][site.block()] * own[k];
      }
    }
    return sum;
  }

  private double off(SavedBrick merged, double[][] weights) {
    double off = 0;
    for (Site site : sites) {
      double[] wanted = flow(site, weights);
      double[] found = MergeFixture.change(backbone, merged, site);
      for (int k = 0; k < wanted.length; k++) {
        off += (wanted[k] - found[k]) * (wanted[k] - found[k]);
      }
    }
    return off;
  }

  private RecipeSearch.Trial search(int trials, double[][] wanted, SearchListener listener) {
    return DataFlowSearch.best(
        NAMES, bricks, backbone, OPTIONS, trials, merged -> -off(merged, wanted), listener);
  }

  @Test
  void best_oneBrickInTheFirstBlockAndTwoInTheSecond_isFound() {
    double[][] wanted = {{0.6, 0}, {0, 0.3}, {0, 0.3}};
    RecipeSearch.Trial best = search(600, wanted, SearchListener.NONE);
    for (Site site : sites) {
      double[] weights = best.recipe().at(site, 2).each(Setting.WEIGHT);
      for (int i = 0; i < NAMES.size(); i++) {
        assertEquals(wanted[i][site.block()], weights[i], 0.02, NAMES.get(i) + " in block " + site.block());
        assertEquals(wanted[i][site.block()] == 0, weights[i] == 0);
      }
    }
    // The recipe is what others would merge by, and does the same.
    SavedBrick again = Merger.merge(best.recipe(), bricks, backbone, OPTIONS).brick();
    assertEquals(best.merged().brick(), again);
    assertEquals(best.score(), -off(again, wanted));
    assertTrue(String.valueOf(again.provenance().recipe().get("weight of a")).endsWith(" 0 over the depth"));
  }

  @Test
  void best_oneTrial_isTheMeanOfAll() {
    double third = 1.0 / 3;
    var tried = new ArrayList<Integer>();
    double[][] mean = {{third, third}, {third, third}, {third, third}};
    SearchListener listener = (number, of, score, best) -> tried.add(number);
    assertEquals(0, off(search(1, mean, listener).merged().brick(), mean), 1e-9);
    assertEquals(List.of(1), tried);
    search(25, mean, listener);
    assertEquals(26, tried.size());
  }

  @Test
  void weights_genes_indicatorsFromHalfOnTakeTheScaleOfTheirBlock() {
    double[][] weights = DataFlowSearch.weights(new double[] {1, 0.5, 0.49, 0, 0, 1}, 2, 2);
    assertArrayEquals(new double[] {1, 0}, weights[0], 1e-12);
    assertArrayEquals(new double[] {0, 0.001}, weights[1], 1e-12);
  }

  @Test
  void best_oneBrick_isRefusedInOneLine() {
    var refusal = assertThrows(UsageException.class,
        () -> DataFlowSearch.best(List.of("a"), bricks, backbone, OPTIONS, 5, merged -> 0, SearchListener.NONE));
    assertTrue(String.valueOf(refusal.getMessage()).contains("at least 2 bricks"));
    assertThrows(UsageException.class, () -> search(0, new double[3][2], SearchListener.NONE));
  }
}
