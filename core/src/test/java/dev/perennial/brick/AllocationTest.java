package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Ranks that are dealt out while a brick is trained. */
final class AllocationTest extends KindFixture {

  private static AdaLora.Settings settings(double warm, double last) {
    return new AdaLora.Settings(0, "", 1, warm, last, 10, 0.1);
  }

  @Test
  void budget_overTheSteps_isThePapersCubic() {
    AdaLora.Settings settings = settings(0.1, 0.3);
    assertEquals(96, AdaLora.budget(settings, 96, 64, 99, 1000));
    assertEquals(96, AdaLora.budget(settings, 96, 64, 100, 1000));
    for (int step = 100; step < 700; step += 37) {
      double left = 1 - (step - 100) / 600.0;
      assertEquals(64 + (int) (32 * left * left * left), AdaLora.budget(settings, 96, 64, step, 1000));
    }
    assertEquals(64, AdaLora.budget(settings, 96, 64, 700, 1000));
    assertEquals(64, AdaLora.budget(settings, 96, 64, 999, 1000));
  }

  @Test
  void importance_ofThreeSteps_isThePapersProduct() {
    var importance = new Importance(2);
    double s = 0;
    double u = 0;
    for (int step = 1; step <= 3; step++) {
      importance.observe(new float[] {99, 99}, new float[] {99, 99});
      importance.observe(new float[] {step, 0}, new float[] {-0.5f, 4});
      importance.step();
      double now = 0.5 * step;
      s = 0.85 * s + 0.15 * now;
      u = 0.85 * u + 0.15 * Math.abs(now - s);
    }
    assertEquals(s * u, importance.score(0), 1e-7);
    assertEquals(0, importance.score(1));
    var other = new Importance(2);
    other.restore(importance.state());
    assertEquals(importance.score(0), other.score(0));
  }

  @Test
  void addGradient_ofAdaLora_isThatOfThePenalty() {
    Brick brick = moved("adalora:orthogonality=0.7", "usual");
    Tensor gradient = Tensors.zeros(parameters.size());
    ((Adjusting) brick).addGradient(parameters, gradient);
    for (int use = 0; use < 3; use++) {
      Tensor direction = Tensors.gaussians(CounterRandom.of(50 + use), 0, parameters.size());
      double expected = (penaltyAt(brick, direction, 1e-3) - penaltyAt(brick, direction, -1e-3)) / 2e-3;
      assertEquals(expected, direction.dot(gradient).item_double(), 0.02 * Math.max(1, Math.abs(expected)));
    }
  }

  private double penaltyAt(Brick brick, Tensor direction, double step) {
    Tensors.addScaled(parameters.values(), direction, step);
    double sum = 0;
    for (Site site : brick.sites()) {
      sum += off(values(site, "lora_A"), 2, site.in(), true) + off(values(site, "lora_B"), 2, site.out(), false);
    }
    Tensors.addScaled(parameters.values(), direction, -step);
    return 0.7 * sum / (2 * brick.sites().size());
  }

  /** |M M' - I|_F of rank rows that lie row by row, or column by column. */
  private static double off(float[] numbers, int rank, int length, boolean rows) {
    double sum = 0;
    for (int i = 0; i < rank; i++) {
      for (int j = 0; j < rank; j++) {
        double product = i == j ? -1 : 0;
        for (int k = 0; k < length; k++) {
          product += rows
              ? numbers[i * length + k] * numbers[j * length + k]
              : numbers[k * rank + i] * numbers[k * rank + j];
        }
        sum += product * product;
      }
    }
    return Math.sqrt(sum);
  }

  /** Steps along random gradients that are large at one site. */
  private List<Adjusting.Move> train(Adjusting brick, Site loud, long steps) {
    var moves = new ArrayList<Adjusting.Move>();
    for (long step = 0; step < steps; step++) {
      try (TensorScope inner = TensorScope.inference()) {
        Tensor gradient = Tensors.gaussians(CounterRandom.of(70, step), 0, parameters.size()).mul(
            Tensors.zeros(1).add(new org.bytedeco.pytorch.Scalar(0.01)));
        for (String name : parameters.names()) {
          if (name.contains(loud.name())) {
            parameters.view(gradient, name).mul_(new org.bytedeco.pytorch.Scalar(100));
          }
        }
        brick.addGradient(parameters, gradient);
        Tensors.addScaled(parameters.values(), gradient, -0.05);
        brick.afterStep(step, steps, parameters);
      }
      moves.addAll(brick.moves());
    }
    return moves;
  }

  private int used(Site site) {
    int used = 0;
    for (float size : values(site, "lora_E")) {
      used += size == 0 ? 0 : 1;
    }
    return used;
  }

  @Test
  void afterStep_ofAdaLora_leavesTheBudgetAndKeepsWhatMatters() {
    var brick = (Adjusting) moved("adalora:targetRank=1,interval=1", "usual");
    Site loud = brick.sites().get(2);
    List<Adjusting.Move> moves = train(brick, loud, 40);
    assertEquals(4, brick.sites().stream().mapToInt(this::used).sum());
    assertEquals(2, used(loud));
    Map<String, Integer> told = new HashMap<>();
    moves.forEach(move -> told.put(move.site(), move.rank()));
    for (Site site : brick.sites()) {
      assertEquals(used(site), told.get(site.name()), site.name());
    }
    assertEquals("laid out", moves.getFirst().why());
    assertTrue(moves.stream().anyMatch(move -> move.why().startsWith("pruned")), moves.toString());
  }

  @Test
  void settled_adaLora_doesTheSameWithTheTripletsThatAreLeft() {
    var brick = (Adjusting) moved("adalora:targetRank=1,interval=1", "usual");
    train(brick, brick.sites().get(2), 40);
    checkSettled(brick, "adalora:targetRank=1,interval=1", 4);
  }

  private void checkSettled(Adjusting brick, String kind, int ranks) {
    var tensors = new HashMap<String, dev.perennial.tensor.TensorData>();
    parameters.views().forEach((name, view) ->
        tensors.put(name, dev.perennial.tensor.TensorData.of(Tensors.toFloats(view), view.shape())));
    var options = new BrickOptions(kind, new LoraOptions(2, 3, 0, "usual"));
    SavedBrick settled = brick.settled(SavedBrick.of(
        options, tensors, brick.fixed(), null, Provenance.of("s", 1, "t", "0", backbone)));
    Brick small = settled.on(backbone);
    assertEquals(17L * ranks, small.parameters());
    var own = new HashMap<String, Tensor>();
    settled.tensors().forEach((name, data) -> own.put(name, Tensors.copyOf(data)));
    for (Site site : brick.sites()) {
      Brick.Delta delta = small.delta(site, own);
      assertArrayEquals(delta(brick, site), Tensors.toFloats(java.util.Objects.requireNonNull(delta).weight()), 1e-5f);
    }
  }

  @Test
  void afterStep_ofIncreLora_growsToTheMeanRankWhereItMattersAndChangesNothingByItself() {
    var brick = (Adjusting) brick("increlora:rounds=4", "usual");
    brick.initialise(parameters, CounterRandom.of(1));
    Site loud = brick.sites().get(1);
    for (Site site : brick.sites()) {
      float[] sizes = values(site, "lora_E");
      assertEquals(0, sizes[0]);
      assertEquals(1e-5f, sizes[1]);
      assertEquals(0, sizes[2]);
    }
    List<Adjusting.Move> moves = train(brick, loud, 40);
    Map<String, Integer> told = new HashMap<>();
    moves.forEach(move -> told.put(move.site(), move.rank()));
    assertEquals(8, told.values().stream().mapToInt(Integer::intValue).sum());
    assertEquals(8, brick.sites().stream().mapToInt(this::used).sum());
    assertTrue(told.getOrDefault(loud.name(), 0) > 2, told.toString());
    assertTrue(moves.stream().anyMatch(move -> move.why().startsWith("grew")));
    checkSettled(brick, "increlora:rounds=4", 8);
  }

  @Test
  void brick_budgetThatTakesNothingAway_isRefused() {
    assertThrows(UsageException.class, () -> brick("adalora:targetRank=2", "usual"));
    assertThrows(UsageException.class, () -> brick("increlora:warm=0.6", "usual"));
  }
}
