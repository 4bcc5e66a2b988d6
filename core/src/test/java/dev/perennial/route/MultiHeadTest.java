package dev.perennial.route;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class MultiHeadTest extends RouteFixture {

  private static final int SKILLS = 3;
  private static final int RANK = 2;
  private static final int TASKS = 4;

  private Parameters parameters = new Parameters();
  private List<Site> sites = List.of();

  @BeforeEach
  void pickSites() {
    parameters = new Parameters();
    sites = List.of(site("query"), site("intermediate.dense"));
  }

  @AfterEach
  void closeParameters() {
    parameters.close();
  }

  private MultiHead moved(int heads) {
    var options = new MultiHead.Options(SKILLS, heads, RANK, 3);
    MultiHead.initialise(options, sites, TASKS, parameters, CounterRandom.of(1));
    Tensors.addScaled(parameters.values(), Tensors.gaussians(CounterRandom.of(2), 0, parameters.size()), 0.7);
    return new MultiHead(options, sites, parameters.views());
  }

  private double[] values(String name) {
    return Tensors.toDoubles(parameters.view(parameters.values(), name));
  }

  /** w of one task, by head and skill; that of a task that is not known from the mean of Z. */
  private double[][] weights(int task, int heads) {
    double[] z = values(MultiHead.ROUTING);
    double[][] weights = new double[heads][SKILLS];
    for (int head = 0; head < heads; head++) {
      double sum = 0;
      for (int skill = 0; skill < SKILLS; skill++) {
        double logit = 0;
        for (int other = 0; other < TASKS; other++) {
          double share = task < TASKS ? (other == task ? 1 : 0) : 1.0 / TASKS;
          logit += share * z[(other * heads + head) * SKILLS + skill];
        }
        weights[head][skill] = 1 / (1 + Math.exp(-logit));
        sum += weights[head][skill];
      }
      for (int skill = 0; skill < SKILLS; skill++) {
        weights[head][skill] /= sum;
      }
    }
    return weights;
  }

  /** What a task adds to the output for an input, by the formula, number by number. */
  private double[] added(Site site, double[][] weights, double[] x) {
    int heads = weights.length;
    double[] a = values(MultiHead.nameOfA(site));
    double[] b = values(MultiHead.nameOfB(site));
    double[] low = new double[RANK];
    int in = site.in() / heads;
    for (int i = 0; i < site.in(); i++) {
      for (int r = 0; r < RANK; r++) {
        for (int skill = 0; skill < SKILLS; skill++) {
          low[r] += weights[i / in][skill] * a[((skill * heads + i / in) * in + i % in) * RANK + r] * x[i];
        }
      }
    }
    int out = site.out() / heads;
    double[] sum = new double[site.out()];
    for (int o = 0; o < site.out(); o++) {
      for (int r = 0; r < RANK; r++) {
        for (int skill = 0; skill < SKILLS; skill++) {
          sum[o] += 3.0 / RANK * weights[o / out][skill] * b[((skill * RANK + r) * heads + o / out) * out + o % out] * low[r];
        }
      }
    }
    return sum;
  }

  private void assertFormula(int heads) {
    MultiHead routing = moved(heads);
    int[] tasks = {2, 0, TASKS};
    for (Site site : sites) {
      Tensor input = normal(1, 6, site.in());
      Tensor output = normal(2, 6, site.out());
      double[][] expected = rows(output);
      for (int row = 0; row < 6; row++) {
        double[] more = added(site, weights(tasks[row / 2], heads), rows(input)[row]);
        for (int o = 0; o < more.length; o++) {
          expected[row][o] += more[o];
        }
      }
      assertRows(expected, Objects.requireNonNull(routing.adaptation(2, 0, -1).forPass().at(site.index())).apply(input, output), 1e-4);
    }
    double[] first = rows(routing.weights(Tensors.longs(new long[] {1}, 1)))[0];
    for (int i = 0; i < first.length; i++) {
      assertEquals(weights(1, heads)[i / SKILLS][i % SKILLS], first[i], 1e-5);
    }
  }

  @Test
  void poly_rowsOfThreeTasks_isTheFormula() {
    assertFormula(1);
  }

  @Test
  void multiHead_rowsOfThreeTasks_isTheFormula() {
    assertFormula(4);
  }

  @Test
  void initialised_anyTask_changesNothing() {
    var options = new MultiHead.Options(SKILLS, 2, RANK, 3);
    MultiHead.initialise(options, sites, TASKS, parameters, CounterRandom.of(1));
    Site site = sites.getFirst();
    Tensor output = normal(2, 2, site.out());
    var routing = new MultiHead(options, sites, parameters.views());
    assertRows(rows(output), Objects.requireNonNull(routing.adaptation(0, 1).forPass().at(site.index())).apply(normal(1, 2, site.in()), output), 0);
    for (double value : values(MultiHead.nameOfA(site))) {
      assertTrue(Math.abs(value) <= Math.sqrt(1.0 / 3 / site.in()));
    }
  }

  @Test
  void mean_ofSkills_isLoraThatUniformWeightsGive() {
    MultiHead routing = moved(2);
    var uniform = new TreeMap<String, Tensor>(parameters.views());
    uniform.put(MultiHead.ROUTING, Tensors.zeros(TASKS, 2 * SKILLS));
    var plain = new MultiHead(new MultiHead.Options(SKILLS, 2, RANK, 3), sites, uniform);
    var lora = new Lora(new LoraOptions(RANK, 3, 0, "layer.0.attention.self.query|layer.0.intermediate.dense"), backbone);
    assertEquals(sites, lora.sites());
    for (Site site : sites) {
      Tensor input = normal(1, 4, site.in());
      Tensor output = normal(2, 4, site.out());
      assertRows(rows(Objects.requireNonNull(plain.adaptation(0, 3).forPass().at(site.index())).apply(input, output)),
          Objects.requireNonNull(lora.adaptation(routing.mean()).at(site.index())).apply(input, output), 1e-4);
    }
  }

  @Test
  void brick_ofATask_isWhatTheTaskDoes() {
    MultiHead routing = moved(2);
    var lora = new Lora(new LoraOptions(RANK, 3, 0, "layer.0.attention.self.query|layer.0.intermediate.dense"), backbone);
    for (long task : new long[] {0, 3, -1}) {
      Map<String, Tensor> brick = routing.brick(task);
      for (Site site : sites) {
        Tensor input = normal(1, 4, site.in());
        Tensor output = normal(2, 4, site.out());
        assertRows(rows(Objects.requireNonNull(routing.adaptation(task).forPass().at(site.index())).apply(input, output)),
            Objects.requireNonNull(lora.adaptation(brick).at(site.index())).apply(input, output), 1e-4);
      }
    }
  }

  @Test
  void skills_ofUnlikeBricks_chosenAlone_areThoseBricks() {
    List<Mixture.Expert> experts =
        List.of(expert("lora", 2, "query", 1), expert("lora", 3, "query|intermediate.dense", 2));
    List<Site> all = backbone.sites().stream()
        .filter(site -> experts.stream().anyMatch(expert -> expert.brick().sites().contains(site))).toList();
    var options = new MultiHead.Options(2, 2, 3, 3);
    List<Adaptation> bricks =
        experts.stream().map(expert -> expert.brick().adaptation(expert.tensors()).forPass()).toList();
    Map<String, Tensor> tensors = MultiHead.skills(options, all, bricks);
    // The sigmoid of 40 is 1, that of -40 nothing: task 0 is the first brick, task 1 the second.
    tensors.put(MultiHead.ROUTING, Tensors.floats(new float[] {40, -40, 40, -40, -40, 40, -40, 40}, 2, 4));
    var routing = new MultiHead(options, all, tensors);
    for (Site site : all) {
      Tensor input = normal(1, 4, site.in());
      Tensor output = normal(2, 4, site.out());
      double[][] expected = rows(output);
      for (int row = 0; row < 4; row++) {
        var own = bricks.get(row / 2).at(site.index());
        expected[row] = own == null ? expected[row] : rows(own.apply(input, output))[row];
      }
      assertRows(expected, Objects.requireNonNull(routing.adaptation(0, 1).forPass().at(site.index())).apply(input, output), 1e-4);
    }
    var other = expert("adapter", 2, "query", 1);
    List<Adaptation> nonlinear = List.of(bricks.getFirst(), other.brick().adaptation(other.tensors()).forPass());
    assertThrows(UsageException.class, () -> MultiHead.skills(options, all, nonlinear));
  }

  @Test
  void trained_byWayOfAdapting_areTheTensorsOfThePaper() {
    Site site = sites.getFirst();
    List<Site> one = List.of(site);
    assertEquals(Set.of(MultiHead.nameOfA(site), MultiHead.nameOfB(site), MultiHead.ROUTING),
        MultiHead.trained(one, MultiHead.Adapting.ALL));
    assertEquals(Set.of(MultiHead.ROUTING), MultiHead.trained(one, MultiHead.Adapting.ROUTING_ONLY));
    assertEquals(Set.of(Lora.nameOfA(site), Lora.nameOfB(site)), MultiHead.trained(one, MultiHead.Adapting.MEAN));
  }

  @Test
  void gradient_ofRouting_isThatOfFiniteDifferences() {
    moved(2);
    Site site = sites.getFirst();
    Tensor input = normal(1, 2, site.in());
    Tensor wanted = normal(2, 2, site.out());
    float[] z = Tensors.toFloats(parameters.view(parameters.values(), MultiHead.ROUTING));
    float[] gradient;
    try (TensorScope scope = TensorScope.training()) {
      Tensor leaf = Tensors.floats(z, TASKS, 2 * SKILLS).set_requires_grad(true);
      value(leaf, site, input, wanted).backward();
      gradient = Tensors.toFloats(leaf.grad());
    }
    for (int i = 0; i < z.length; i++) {
      double[] sides = new double[2];
      for (int side = 0; side < 2; side++) {
        float[] other = z.clone();
        other[i] += side == 0 ? -1e-2f : 1e-2f;
        sides[side] = value(Tensors.floats(other, TASKS, 2 * SKILLS), site, input, wanted).item_double();
      }
      assertEquals((sides[1] - sides[0]) / 2e-2, gradient[i], 5e-3);
    }
  }

  private Tensor value(Tensor z, Site site, Tensor input, Tensor wanted) {
    Map<String, Tensor> tensors = parameters.views();
    tensors.put(MultiHead.ROUTING, z);
    var routing = new MultiHead(new MultiHead.Options(SKILLS, 2, RANK, 3), sites, tensors);
    return Objects.requireNonNull(routing.adaptation(1, -1).forPass().at(site.index())).apply(input, wanted).mul(wanted).sum();
  }

  @Test
  void heads_thatDoNotDivide_areRefused() {
    assertThrows(UsageException.class, () -> moved(3));
    assertThrows(UsageException.class, () -> new MultiHead.Options(0, 1, 1, 1));
  }
}
