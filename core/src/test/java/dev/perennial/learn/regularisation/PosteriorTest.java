package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class PosteriorTest {

  private static final double STRENGTH = 3;
  private static final double PRIOR = 0.5;
  private static final double DEVIATION = 0.1;
  private static final int ROWS = 12;

  private TensorScope scope;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
  }

  private static Posterior posterior(int samples, double strength) {
    return new Posterior(new Vcl.Options(GradientOptions.DEFAULT, samples, PRIOR, DEVIATION, 0.05, strength, 0), 1);
  }

  private static Batch batch(int experience) {
    List<Example> rows = IntStream.range(0, ROWS).mapToObj(i -> Example.of("row " + i, "class")).toList();
    return new Batch(new Experience(experience, "e", List.of("class"), rows, List.of()), 0, rows.subList(0, 4), 4);
  }

  /** KL of one normal from another, each of independent parameters. */
  private static double divergence(double[] means, double[] logs, double[] priorMeans, double[] priorLogs) {
    double sum = 0;
    for (int i = 0; i < means.length; i++) {
      double variance = Math.exp(2 * logs[i]);
      double prior = Math.exp(2 * priorLogs[i]);
      sum += priorLogs[i] - logs[i] + (variance + Math.pow(means[i] - priorMeans[i], 2)) / (2 * prior) - 0.5;
    }
    return sum;
  }

  @Test
  void addWeightGradient_noGradientOfTheTask_isTheSlopeOfTheDivergence() {
    try (var model = new FlatModel(0.3f, -1, 2); var posterior = posterior(1, STRENGTH)) {
      double[] priorMeans = new double[3];
      double[] priorLogs = {Math.log(PRIOR), Math.log(PRIOR), Math.log(PRIOR)};
      Batch batch = batch(0);
      posterior.begin(batch.experience(), model, true);
      requireSlopes(posterior, model, batch, priorMeans, priorLogs);
      // The first posterior is the prior of the second experience, whose parameters and deviations then move on.
      double[] means = Tensors.toDoubles(model.parameters().values());
      double[] logs = Tensors.toDoubles(posterior.logDeviations());
      posterior.end(batch.experience(), model);
      posterior.begin(batch(1).experience(), model, true);
      model.parameters().values().mul_(new Scalar(1.5));
      posterior.logDeviations().add_(new Scalar(0.25));
      requireSlopes(posterior, model, batch(1), means, logs);
    }
  }

  private static void requireSlopes(
      Posterior posterior, FlatModel model, Batch batch, double[] priorMeans, double[] priorLogs) {
    Tensor values = model.parameters().values();
    Tensor gradient = posterior.gradient(batch, model, () -> Tensors.zeros(3));
    posterior.addWeightGradient(values, gradient);
    double[] means = Tensors.toDoubles(values);
    double[] logs = Tensors.toDoubles(posterior.logDeviations());
    double[] ofMeans = Tensors.toDoubles(gradient);
    double[] ofLogs = Tensors.toDoubles(posterior.deviationGradient());
    double step = 1e-5;
    for (int i = 0; i < 3; i++) {
      double slope = (divergence(moved(means, i, step), logs, priorMeans, priorLogs)
          - divergence(moved(means, i, -step), logs, priorMeans, priorLogs)) / (2 * step);
      assertEquals(STRENGTH / ROWS * slope, ofMeans[i], 1e-4 * Math.max(1, Math.abs(ofMeans[i])));
      slope = (divergence(means, moved(logs, i, step), priorMeans, priorLogs)
          - divergence(means, moved(logs, i, -step), priorMeans, priorLogs)) / (2 * step);
      assertEquals(STRENGTH / ROWS * slope, ofLogs[i], 1e-4);
    }
  }

  private static double[] moved(double[] values, int i, double by) {
    double[] moved = values.clone();
    moved[i] += by;
    return moved;
  }

  @Test
  void gradient_quadraticLoss_isThatOfItsExpectation() {
    // E_q of sum a (w - t)² / 2 is sum a ((m - t)² + s²) / 2: slopes a (m - t) and a s².
    float[] curvature = {2, 0.5f, 4};
    float[] target = {1, 0, -2};
    int samples = 100;
    try (var model = new FlatModel(0.3f, -1, 2); var posterior = posterior(samples, 0)) {
      Tensor values = model.parameters().values();
      Batch batch = batch(0);
      posterior.begin(batch.experience(), model, true);
      double[] ofMeans = new double[3];
      double[] ofLogs = new double[3];
      int batches = 200;
      for (int step = 0; step < batches; step++) {
        var other = new Batch(batch.experience(), step, batch.rows(), 4);
        double[] gradient = Tensors.toDoubles(posterior.gradient(
            other, model, () -> values.sub(Tensors.floats(target, 3)).mul_(Tensors.floats(curvature, 3))));
        double[] logs = Tensors.toDoubles(posterior.deviationGradient());
        for (int i = 0; i < 3; i++) {
          ofMeans[i] += gradient[i] / batches;
          ofLogs[i] += logs[i] / batches;
        }
      }
      assertArrayEquals(new float[] {0.3f, -1, 2}, Tensors.toFloats(values), "the means are set back");
      double[] means = {0.3, -1, 2};
      double draws = Math.sqrt(samples * batches);
      for (int i = 0; i < 3; i++) {
        double slope = curvature[i] * (means[i] - target[i]);
        assertEquals(slope, ofMeans[i], 5 * curvature[i] * DEVIATION / draws);
        double spread = Math.abs(slope) * DEVIATION + 2 * curvature[i] * DEVIATION * DEVIATION;
        assertEquals(curvature[i] * DEVIATION * DEVIATION, ofLogs[i], 5 * spread / draws);
      }
    }
  }

  @Test
  void gradient_oneSample_isThatAtTheDrawnWeights() {
    try (var model = new FlatModel(0.3f, -1, 2); var posterior = posterior(1, 0)) {
      Tensor values = model.parameters().values();
      Batch batch = batch(0);
      posterior.begin(batch.experience(), model, true);
      double[] noise = Tensors.toDoubles(Tensors.gaussians(CounterRandom.of(1, 23, 0, 0), 0, 3));
      double[] expected = {0.3 + DEVIATION * noise[0], -1 + DEVIATION * noise[1], 2 + DEVIATION * noise[2]};
      assertArrayEquals(expected, Tensors.toDoubles(posterior.gradient(batch, model, values::clone)), 1e-6);
      double[] ofLogs = Tensors.toDoubles(posterior.deviationGradient());
      for (int i = 0; i < 3; i++) {
        assertEquals(expected[i] * DEVIATION * noise[i], ofLogs[i], 1e-6);
      }
    }
  }

  @Test
  void memoryBytes_threeNumbersAParameterWhileItLearns_oneAfter() {
    try (var model = new FlatModel(0.3f, -1, 2); var posterior = posterior(1, 1)) {
      posterior.begin(batch(0).experience(), model, true);
      assertEquals(3 * 3 * Float.BYTES, posterior.memoryBytes());
      posterior.end(batch(0).experience(), model);
      assertEquals(3 * Float.BYTES, posterior.memoryBytes());
    }
  }

  @Test
  void options_outOfRange_areRefused() {
    assertEquals("expected samples between 1 and 100, got 0",
        assertThrows(UsageException.class, () -> posterior(0, 1)).getMessage());
    assertThrows(UsageException.class, () -> posterior(1, -1));
  }
}
