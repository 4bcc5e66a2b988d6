package dev.perennial.merge;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each method against closed forms and twins in plain Java. */
final class MergeMethodsTest {

  private static final int SIZE = 400;
  private static final double[] WEIGHTS = {0.5, 1.25, -0.3};
  private static final double[] DENSITIES = {0.2, 0.5, 0.85};

  private TensorScope scope;

  @BeforeEach
  void open() {
    LibTorch.load();
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  static double[][] changes(int models, int size) {
    double[][] changes = new double[models][size];
    for (int i = 0; i < models; i++) {
      var random = CounterRandom.of(11, i);
      for (int k = 0; k < size; k++) {
        changes[i][k] = random.gaussian(k);
      }
    }
    return changes;
  }

  /** The usual numbers of a method, but for those that are given. */
  static Numbers numbers(MergeMethod method, int models, Map<String, double[]> ofModels, Map<String, Double> ofAll) {
    var each = new HashMap<String, double[]>();
    var all = new HashMap<String, Double>();
    for (Setting setting : method.settings()) {
      all.put(setting.name(), setting.usual());
      if (setting.ofModel()) {
        each.put(setting.name(), IntStream.range(0, models).mapToDouble(i -> setting.usual()).toArray());
      }
    }
    each.putAll(ofModels);
    all.putAll(ofAll);
    return new Numbers(each, all);
  }

  static double[] merged(String method, double[][] changes, Map<String, double[]> ofModels, Map<String, Double> ofAll) {
    return merged(method, changes, ofModels, ofAll, 1);
  }

  private static double[] merged(
      String method, double[][] changes, Map<String, double[]> ofModels, Map<String, Double> ofAll, long seed) {
    MergeMethod how = MergeMethod.of(method);
    double[] flat = Arrays.stream(changes).flatMapToDouble(Arrays::stream).toArray();
    return Tensors.toDoubles(how.merge(Tensors.doubles(flat, changes.length, changes[0].length),
        numbers(how, changes.length, ofModels, ofAll), CounterRandom.of(seed)));
  }

  private static double[] sum(double[][] changes, double[] weights, double factor) {
    double[] sum = new double[changes[0].length];
    for (int k = 0; k < sum.length; k++) {
      for (int i = 0; i < changes.length; i++) {
        sum[k] += factor * weights[i] * changes[i][k];
      }
    }
    return sum;
  }

  /** The places of a vector's numbers, the largest magnitude first. */
  private static Integer[] byMagnitude(double[] vector) {
    var order = IntStream.range(0, vector.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble((Integer k) -> -Math.abs(vector[k])));
    return order;
  }

  /** What is left between two places in the order of magnitudes. */
  private static double[] left(double[] vector, int from, int to) {
    double[] left = new double[vector.length];
    Integer[] order = byMagnitude(vector);
    for (int place = from; place < to; place++) {
      left[order[place]] = vector[order[place]];
    }
    return left;
  }

  private static double[][] trimmed(double[][] changes) {
    return IntStream.range(0, changes.length)
        .mapToObj(i -> left(changes[i], 0, (int) Math.round(DENSITIES[i] * SIZE))).toArray(double[][]::new);
  }

  private static double[] elected(double[][] changes, double[] weights, double lambda, boolean normalise) {
    double[] merged = new double[changes[0].length];
    for (int k = 0; k < merged.length; k++) {
      double all = 0;
      for (int i = 0; i < changes.length; i++) {
        all += weights[i] * changes[i][k];
      }
      double agreeing = 0;
      double total = 0;
      for (int i = 0; i < changes.length; i++) {
        if (weights[i] * changes[i][k] * all > 0) {
          agreeing += weights[i] * changes[i][k];
          total += weights[i];
        }
      }
      merged[k] = total == 0 ? 0 : lambda * agreeing / (normalise ? total : 1);
    }
    return merged;
  }

  @Test
  void average_threeChanges_isTheirMean() {
    double[][] changes = changes(3, SIZE);
    double third = 1.0 / 3;
    assertArrayEquals(
        sum(changes, new double[] {third, third, third}, 1), merged("average", changes, Map.of(), Map.of()), 1e-12);
  }

  @Test
  void linear_weights_areDividedByTheirSumWhereThatIsAskedFor() {
    double[][] changes = changes(3, SIZE);
    assertArrayEquals(sum(changes, WEIGHTS, 1 / 1.45),
        merged("linear", changes, Map.of("weight", WEIGHTS), Map.of()), 1e-12);
    assertArrayEquals(sum(changes, WEIGHTS, 1),
        merged("linear", changes, Map.of("weight", WEIGHTS), Map.of("normalize", 0.0)), 1e-12);
    var refusal = assertThrows(UsageException.class,
        () -> merged("linear", changes, Map.of("weight", new double[] {1, 1, -2}), Map.of()));
    assertTrue(Objects.requireNonNull(refusal.getMessage()).contains("sum is not 0"));
  }

  @Test
  void taskArithmetic_weightsAndLambda_isTheScaledSum() {
    double[][] changes = changes(3, SIZE);
    assertArrayEquals(sum(changes, WEIGHTS, 0.7),
        merged("task_arithmetic", changes, Map.of("weight", WEIGHTS), Map.of("lambda", 0.7)), 1e-12);
    // What was learned is taken away again.
    assertArrayEquals(new double[SIZE], merged("task_arithmetic", new double[][] {changes[0], changes[0]},
        Map.of("weight", new double[] {1, -1}), Map.of()), 1e-12);
  }

  @Test
  void concatenate_changesThatAreNoProducts_areAddedUp() {
    double[][] changes = changes(3, SIZE);
    assertArrayEquals(sum(changes, WEIGHTS, 1),
        merged("concatenate", changes, Map.of("weight", WEIGHTS), Map.of()), 1e-12);
  }

  @Test
  void slerp_twoDirections_goesAlongTheArc() {
    double[][] axes = {{2, 0, 0}, {0, 2, 0}};
    for (double t : new double[] {0, 0.25, 0.5, 1}) {
      double angle = t * Math.PI / 2;
      assertArrayEquals(new double[] {2 * Math.cos(angle), 2 * Math.sin(angle), 0},
          merged("slerp", axes, Map.of(), Map.of("t", t)), 1e-12);
    }
    double[][] changes = changes(2, SIZE);
    double[] half = merged("slerp", changes, Map.of(), Map.of("t", 0.5));
    double dot = IntStream.range(0, SIZE).mapToDouble(k -> changes[0][k] * changes[1][k]).sum();
    double theta = Math.acos(dot / length(changes[0]) / length(changes[1]));
    double share = Math.sin(theta / 2) / Math.sin(theta);
    assertArrayEquals(sum(changes, new double[] {share, share}, 1), half, 1e-12);
  }

  @Test
  void slerp_oneLineOrNothing_goesStraight() {
    double[] line = changes(1, SIZE)[0];
    double[] twice = Arrays.stream(line).map(value -> 2 * value).toArray();
    assertArrayEquals(Arrays.stream(line).map(value -> 1.25 * value).toArray(),
        merged("slerp", new double[][] {line, twice}, Map.of(), Map.of("t", 0.25)), 1e-12);
    assertArrayEquals(Arrays.stream(line).map(value -> 0.25 * value).toArray(),
        merged("slerp", new double[][] {new double[SIZE], line}, Map.of(), Map.of("t", 0.25)), 1e-12);
  }

  private static double length(double[] vector) {
    return Math.sqrt(Arrays.stream(vector).map(value -> value * value).sum());
  }

  @Test
  void ties_byHand_trimsElectsAndTakesTheMeanOfThoseThatAgree() {
    double[][] changes = {{4, -1, 3, 0.5}, {-2, -3, 1, 0.1}, {3, 2, -0.5, 0.2}};
    // Half of each is left: {4, 0, 3, 0}, {-2, -3, 0, 0}, {3, 2, 0, 0}; signs: +, -, +, none.
    assertArrayEquals(new double[] {3.5, -3, 3, 0},
        merged("ties", changes, Map.of("density", new double[] {0.5, 0.5, 0.5}), Map.of()), 1e-12);
  }

  @Test
  void ties_equalMagnitudes_keepsTheFirst() {
    assertArrayEquals(new double[] {1, -1, 0, 0},
        merged("ties", new double[][] {{1, -1, 1, 1}}, Map.of("density", new double[] {0.5}), Map.of()), 0);
  }

  @Test
  void ties_weightsAndDensities_isTheTwin() {
    double[][] changes = changes(3, SIZE);
    var ofModels = Map.of("weight", WEIGHTS, "density", DENSITIES);
    assertArrayEquals(elected(trimmed(changes), WEIGHTS, 1.3, true),
        merged("ties", changes, ofModels, Map.of("lambda", 1.3)), 1e-9);
    assertArrayEquals(elected(trimmed(changes), WEIGHTS, 1.3, false),
        merged("ties", changes, ofModels, Map.of("lambda", 1.3, "normalize", 0.0)), 1e-9);
  }

  @Test
  void magnitudePrune_weightsAndDensities_isTheSumOfWhatIsLeft() {
    double[][] changes = changes(3, SIZE);
    double[] merged = merged("magnitude_prune", changes, Map.of("weight", WEIGHTS, "density", DENSITIES), Map.of());
    assertArrayEquals(sum(trimmed(changes), WEIGHTS, 1), merged, 1e-12);
    double[] alone = merged("magnitude_prune", new double[][] {changes[0]}, Map.of("density", new double[] {0.1}), Map.of());
    assertEquals(SIZE / 10, Arrays.stream(alone).filter(value -> value != 0).count());
  }

  @ParameterizedTest
  @ValueSource(strings = {"breadcrumbs", "breadcrumbs_ties"})
  void breadcrumbs_gammaAndDensity_leavesTheMiddle(String method) {
    double[][] changes = changes(3, SIZE);
    double[] gammas = {0.05, 0.1, 0.3};
    double[][] middle = new double[3][];
    for (int i = 0; i < 3; i++) {
      int keep = (int) Math.round(DENSITIES[i] * SIZE);
      int largest = Math.min((int) Math.round(gammas[i] * SIZE), SIZE - keep);
      middle[i] = left(changes[i], largest, largest + keep);
      assertEquals(keep, Arrays.stream(middle[i]).filter(value -> value != 0).count());
    }
    double[] expected = method.equals("breadcrumbs") ? sum(middle, WEIGHTS, 0.8) : elected(middle, WEIGHTS, 0.8, false);
    assertArrayEquals(expected, merged(method, changes,
        Map.of("weight", WEIGHTS, "density", DENSITIES, "gamma", gammas), Map.of("lambda", 0.8)), 1e-9);
  }

  @ParameterizedTest
  @ValueSource(strings = {"breadcrumbs", "magnitude_prune", "dare_linear"})
  void density_whole_losesNothing(String method) {
    double[][] changes = changes(3, SIZE);
    assertArrayEquals(sum(changes, WEIGHTS, 1), merged(method, changes, Map.of("weight", WEIGHTS), Map.of()), 1e-12);
  }

  @Test
  void dareLinear_oneChange_keepsItsShareScaledAndItsMean() {
    int size = 20_000;
    double density = 0.25;
    double[] ones = new double[size];
    Arrays.fill(ones, 1);
    double[] merged = merged("dare_linear", new double[][] {ones}, Map.of("density", new double[] {density}), Map.of());
    long kept = Arrays.stream(merged).filter(value -> value != 0).count();
    assertTrue(Arrays.stream(merged).allMatch(value -> value == 0 || value == 4));
    assertEquals(size * density, kept, 5 * Math.sqrt(size * density * (1 - density)));
    assertArrayEquals(new double[size],
        merged("dare_linear", new double[][] {ones}, Map.of("density", new double[] {0}), Map.of()), 0);
  }

  @Test
  void dare_seeds_decideWhatIsDroppedOfEachModelByItself() {
    double[][] changes = changes(2, SIZE);
    var half = Map.of("density", new double[] {0.5, 0.5});
    double[] first = merged("dare_linear", changes, half, Map.of(), 3);
    assertArrayEquals(first, merged("dare_linear", changes, half, Map.of(), 3), 0);
    assertFalse(Arrays.equals(first, merged("dare_linear", changes, half, Map.of(), 4)));
    // Were the same places dropped of both, a change and its opposite would leave nothing.
    double[] opposite = Arrays.stream(changes[0]).map(value -> -value).toArray();
    double[] rest = merged("dare_linear", new double[][] {changes[0], opposite}, half, Map.of(), 3);
    assertEquals(SIZE / 2.0, Arrays.stream(rest).filter(value -> value != 0).count(), 60);
  }

  @Test
  void dareTies_sameDrops_electsAmongThem() {
    double[][] changes = changes(2, SIZE);
    var half = Map.of("density", new double[] {0.5, 0.5});
    double[] one = merged("dare_linear", new double[][] {changes[0], new double[SIZE]}, half, Map.of());
    double[] other = merged("dare_linear", new double[][] {new double[SIZE], changes[1]}, half, Map.of());
    assertArrayEquals(elected(new double[][] {one, other}, new double[] {1, 1}, 1, false),
        merged("dare_ties", changes, half, Map.of()), 1e-12);
  }

  @Test
  void pcb_threeChanges_isTheTwin() {
    double[][] changes = changes(3, SIZE);
    double ratio = 0.2;
    double[] top = new double[SIZE];
    double[] bottom = new double[SIZE];
    for (double[] change : changes) {
      double[] magnitudes = cut(Arrays.stream(change).map(Math::abs).toArray(), 1e-4, 1e-4);
      double[] intra = Arrays.stream(scaled(magnitudes)).map(value -> Math.exp(3 * value * value)).toArray();
      double[] score = new double[SIZE];
      for (int k = 0; k < SIZE; k++) {
        score[k] = intra[k] * Math.tanh(change[k] * (changes[0][k] + changes[1][k] + changes[2][k]));
      }
      double[] balance = scaled(cut(score, 1 - ratio, 0));
      for (int k = 0; k < SIZE; k++) {
        top[k] += balance[k] * Math.signum(change[k]) * magnitudes[k];
        bottom[k] += balance[k];
      }
    }
    double[] expected = new double[SIZE];
    for (int k = 0; k < SIZE; k++) {
      expected[k] = 1.2 * top[k] / Math.max(bottom[k], 1e-12);
    }
    assertArrayEquals(expected, merged("pcb", changes, Map.of(), Map.of("ratio", ratio, "lambda", 1.2)), 1e-9);
    assertTrue(Arrays.stream(expected).filter(value -> value == 0).count() > SIZE / 3);
  }

  private static double[] cut(double[] row, double smallest, double largest) {
    double[] sorted = row.clone();
    Arrays.sort(sorted);
    double low = sorted[Math.min(row.length - 1, (int) (row.length * smallest))];
    double high = sorted[Math.max(0, (int) (row.length * (1 - largest)) - 1)];
    return Arrays.stream(row).map(value -> Math.min(high, Math.max(low, value))).toArray();
  }

  private static double[] scaled(double[] row) {
    double low = Arrays.stream(row).min().orElseThrow();
    double high = Arrays.stream(row).max().orElseThrow();
    return Arrays.stream(row).map(value -> (value - low) / (high - low)).toArray();
  }

  @Test
  void pcb_nothingLearned_staysNothing() {
    assertArrayEquals(new double[SIZE], merged("pcb", new double[2][SIZE], Map.of(), Map.of()), 0);
  }

  @Test
  void ema_threeChanges_weighsTheOldestWithAllDecays() {
    double[][] changes = changes(3, SIZE);
    assertArrayEquals(sum(changes, new double[] {0.64, 0.16, 0.2}, 1),
        merged("ema", changes, Map.of(), Map.of("decay", 0.8)), 1e-12);
  }

  @Test
  void of_unknownMethod_namesThoseThatThereAre() {
    var refusal = assertThrows(UsageException.class, () -> MergeMethod.of("tiess"));
    assertTrue(Objects.requireNonNull(refusal.getMessage()).contains("did you mean ties?"), refusal.getMessage());
    assertEquals(List.of("average", "breadcrumbs", "breadcrumbs_ties", "concatenate", "dare_linear", "dare_ties", "ema",
        "linear", "magnitude_prune", "pcb", "slerp", "task_arithmetic", "ties"), MergeMethod.names());
  }
}
