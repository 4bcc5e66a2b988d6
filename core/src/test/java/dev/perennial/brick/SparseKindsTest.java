package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class SparseKindsTest extends KindFixture {

  private static final String FIRST = "base_model.model.encoder.layer.0.attention.self.query.";

  @Test
  void sparse_whereItGrows_isWhereTheGradientOfTheWholeWeightIsLargest() {
    var sparse = (Adjusting) moved("sparse:density=0.25,interval=3,drop=0.5", "query");
    long[] before = places(sparse);
    float[] values = values(FIRST + "sparse_values");
    float[] gradient = wholeGradient(sparse);
    for (int step = 0; step < 3; step++) {
      sparse.beforeStep(step, 6);
      trained(sparse);
      Tensor kept = sparse.afterStep(step, 6, parameters);
      if (step < 2) {
        assertNull(kept);
        assertArrayEquals(before, places(sparse));
      } else {
        // A share of 0.5 * (1 - 2 / 6) of 16 places.
        assertRegrown(before, values, gradient, 5, sparse, Tensors.toFloats(
            parameters.view(assertNotNullTensor(kept), FIRST + "sparse_values")));
      }
    }
  }

  private static Tensor assertNotNullTensor(@Nullable Tensor tensor) {
    assertNotNull(tensor);
    return Objects.requireNonNull(tensor);
  }

  private void assertRegrown(
      long[] before, float[] values, float[] gradient, int count, Brick sparse, float[] kept) {
    List<Integer> bySize = IntStream.range(0, before.length).boxed()
        .sorted(Comparator.comparingDouble(slot -> Math.abs(values[slot]))).toList();
    Set<Long> stay = new TreeSet<>();
    bySize.subList(count, before.length).forEach(slot -> stay.add(before[slot]));
    Set<Long> expected = new TreeSet<>(stay);
    IntStream.range(0, gradient.length).boxed().filter(place -> !stay.contains((long) place))
        .sorted(Comparator.comparingDouble((Integer place) -> -Math.abs(gradient[place])))
        .limit(count).forEach(place -> expected.add((long) place));
    long[] after = places(sparse);
    assertEquals(expected, new TreeSet<>(Arrays.stream(after).boxed().toList()));
    float[] now = values(FIRST + "sparse_values");
    int renewed = 0;
    for (int slot = 0; slot < after.length; slot++) {
      boolean same = after[slot] == before[slot];
      assertEquals(same ? values[slot] : 0, now[slot]);
      assertEquals(same ? 1 : 0, kept[slot]);
      renewed += same ? 0 : 1;
    }
    assertTrue(renewed > 0);
  }

  @Test
  void sparse_restoredInTheMiddle_growsAtTheSamePlaces() {
    var straight = (Adjusting) moved("sparse:density=0.25,interval=2,drop=0.5", "query");
    run(straight, parameters, 0, 4);
    long[] expected = places(straight);
    float[] values = Tensors.toFloats(parameters.values());
    parameters.close();
    parameters = new Parameters();
    var first = (Adjusting) moved("sparse:density=0.25,interval=2,drop=0.5", "query");
    run(first, parameters, 0, 3);
    var second = (Adjusting) brick("sparse:density=0.25,interval=2,drop=0.5", "query");
    second.restore(first.fixed());
    run(second, parameters, 3, 4);
    assertArrayEquals(expected, places(second));
    assertArrayEquals(values, Tensors.toFloats(parameters.values()));
  }

  private void run(Adjusting brick, Parameters parameters, int from, int to) {
    for (int step = from; step < to; step++) {
      brick.beforeStep(step, 8);
      trained(brick);
      brick.afterStep(step, 8, parameters);
    }
  }

  @Test
  void sparse_placesThatDoNotBelong_areRefusedByName() {
    Brick sparse = brick("sparse:density=0.25", "query");
    String name = FIRST + "sparse_places";
    long[] places = Objects.requireNonNull(sparse.fixed().get(name)).longs();
    assertRefused(sparse, name, null, "found none of that name");
    assertRefused(sparse, name, new long[3], "to be I64 [16] in a brick, found I64 [3]");
    long[] beyond = places.clone();
    beyond[3] = 64;
    assertRefused(sparse, name, beyond, "places from 0 to 63");
    long[] twice = places.clone();
    twice[3] = twice[4];
    assertRefused(sparse, name, twice, "twice");
    var more = new HashMap<>(sparse.fixed());
    more.put("other", TensorData.of(places, places.length));
    assertThrows(FailureException.class, () -> sparse.restore(more));
    assertThrows(FailureException.class, () -> brick("lora", "query").restore(sparse.fixed()));
  }

  private static void assertRefused(Brick brick, String name, long @Nullable [] places, String part) {
    var fixed = new HashMap<>(brick.fixed());
    fixed.remove(name);
    if (places != null) {
      fixed.put(name, TensorData.of(places, places.length));
    }
    var refused = assertThrows(FailureException.class, () -> brick.restore(fixed));
    assertTrue(String.valueOf(refused.getMessage()).contains(part) && String.valueOf(refused.getMessage()).contains(name), refused.getMessage());
  }

  @Test
  void sara_places_areThoseOfTheSmallestNumbersOfAllSites() {
    Brick sara = brick("sara:density=0.2", "usual");
    var chosen = new ArrayList<Double>();
    var others = new ArrayList<Double>();
    for (Site site : sara.sites()) {
      float[] weight = Tensors.toFloats(backbone.frozen(site).weight());
      var places = new HashSet<Long>();
      for (long place : Objects.requireNonNull(
          sara.fixed().get("base_model.model." + site.name() + ".sara_places")).longs()) {
        places.add(place);
      }
      for (int i = 0; i < weight.length; i++) {
        (places.contains((long) i) ? chosen : others).add((double) Math.abs(weight[i]));
      }
    }
    double largest = chosen.stream().mapToDouble(Double::doubleValue).max().orElseThrow();
    assertTrue(others.stream().allMatch(number -> number > largest));
    assertEquals(0.2 * 256, chosen.size(), 6, "up to ties");
    assertEquals(chosen.size(), sara.parameters());
  }

  @Test
  void sara_nuclearNorm_pullsByItsGradient() {
    var sara = (Adjusting) moved("sara:density=0.5,nuclear=0.7", "query");
    Tensor gradient = Tensors.zeros(parameters.size());
    sara.addGradient(parameters, gradient);
    double step = 1e-3;
    for (int use = 0; use < 3; use++) {
      Tensor direction = Tensors.gaussians(CounterRandom.of(60 + use), 0, parameters.size());
      double expected = direction.dot(gradient).item_double();
      double found = (nuclear(sara, direction, step) - nuclear(sara, direction, -step)) / (2 * step);
      assertEquals(0.7 * found, expected, 0.02 * Math.max(1, Math.abs(expected)));
    }
  }

  private double nuclear(Brick brick, Tensor direction, double step) {
    Tensors.addScaled(parameters.values(), direction, step);
    double sum = 0;
    for (Site site : brick.sites()) {
      Tensor weight = Objects.requireNonNull(brick.delta(site, parameters.views())).weight();
      sum += torch.linalg_svdvals(weight).sum().item_double();
    }
    Tensors.addScaled(parameters.values(), direction, -step);
    return sum;
  }

  @Test
  void sara_numbersInUseByTheMiddle_stayAsTheyAre() {
    var sara = (Adjusting) brick("sara:density=0.5,nuclear=0", "query");
    sara.initialise(parameters, CounterRandom.of(1));
    Tensor values = parameters.view(parameters.values(), FIRST + "sara_values");
    values.narrow(0, 0, 4).add_(new Scalar(9.0));
    Tensor gradient = torch.ones_like(parameters.values());
    assertNull(sara.afterStep(0, 4, parameters));
    sara.addGradient(parameters, gradient);
    assertEquals(parameters.size(), gradient.sum().item_double(), "all move in the first half");
    Tensor kept = sara.afterStep(1, 4, parameters);
    assertEquals(parameters.size() - 4, assertNotNullTensor(kept).sum().item_double());
    sara.addGradient(parameters, gradient);
    float[] moving = Tensors.toFloats(parameters.view(gradient, FIRST + "sara_values"));
    for (int i = 0; i < moving.length; i++) {
      assertEquals(i < 4 ? 0 : 1, moving[i]);
    }
    var other = (Adjusting) brick("sara:density=0.5,nuclear=0", "query");
    other.restore(sara.fixed());
    Tensor again = torch.ones_like(parameters.values());
    other.addGradient(parameters, again);
    assertArrayEquals(Tensors.toFloats(gradient), Tensors.toFloats(again));
    sara.afterStep(3, 4, parameters);
    Tensor next = torch.ones_like(parameters.values());
    sara.addGradient(parameters, next);
    assertEquals(parameters.size(), next.sum().item_double(), "all move again in the next experience");
  }

  private long[] places(Brick brick) {
    return Objects.requireNonNull(brick.fixed().get(FIRST + "sparse_places")).longs();
  }

  /** The gradient of the whole weight of the first site, with what the brick adds. */
  private float[] wholeGradient(Brick brick) {
    Brick whole = brick("delta", "query");
    try (Parameters zeros = new Parameters(); TensorScope training = TensorScope.training()) {
      whole.initialise(zeros, CounterRandom.of(1));
      Map<String, Tensor> leaves = leaves(zeros);
      loss(Adaptation.together(List.of(brick.adaptation(parameters.views()), whole.adaptation(leaves)))).backward();
      return Tensors.toFloats(Objects.requireNonNull(leaves.get(FIRST + "delta.weight")).grad());
    }
  }

  private void trained(Brick brick) {
    try (TensorScope training = TensorScope.training()) {
      loss(brick.training(leaves(parameters), CounterRandom.of(5), 0)).backward();
    }
  }

  private Tensor loss(Adaptation adaptation) {
    Pass pass = backbone.pass(List.of(new Row.Tokens(new int[] {2, 4, 5, 3}), new Row.Tokens(new int[] {2, 6, 3})));
    return pass.pool(pass.advance(pass.start(adaptation), 0, 2, adaptation)).mul(normal(5, 2, 8)).sum();
  }
}
