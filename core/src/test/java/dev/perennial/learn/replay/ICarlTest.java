package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class ICarlTest {

  private World world;
  private TensorScope scope;
  private ICarl.Exemplars objective;
  private GradientLearner learner;

  @BeforeEach
  void open() {
    world = World.tiny(1);
    scope = TensorScope.inference();
    objective = new ICarl.Exemplars(new ICarl.Options(TwinLoss.TRAINING, 10));
    learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective);
  }

  @AfterEach
  void close() {
    learner.close();
    scope.close();
    world.close();
  }

  private void learn(Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }

  @Test
  void taskLoss_secondExperience_isTheBinaryCrossEntropyWithOldAnswersAndNewLabels() {
    Experience second = world.experiences().get(1);
    learn(world.experiences().getFirst());
    List<Example> union = new ArrayList<>(second.train());
    union.addAll(objective.rows(second).subList(second.train().size(), objective.rows(second).size()));
    assertEquals(second.train().size() + 10, union.size());
    float[] teacher = Tensors.toFloats(learner.logits(union));
    learner.step(second, 0);
    // A new row and an exemplar of an old class.
    int exemplar = second.train().size() + 3;
    List<Example> rows = List.of(union.getFirst(), union.get(exemplar));
    long[] labels = learner.classes().indicesOf(rows);
    float[][] logits = {{0.5f, -1, 2, 0}, {1, 0, -0.5f, 0.25f}};
    double[] gradient = new double[8];
    double loss = 0;
    for (int i = 0; i < 2; i++) {
      for (int c = 0; c < 4; c++) {
        double target = c < 2
            ? 1 / (1 + Math.exp(-teacher[(i == 0 ? 0 : exemplar) * 2 + c]))
            : c == labels[i] ? 1 : 0;
        double given = 1 / (1 + Math.exp(-logits[i][c]));
        loss -= (target * Math.log(given) + (1 - target) * Math.log(1 - given)) / 2;
        gradient[4 * i + c] = (given - target) / 2;
      }
    }
    TwinLoss.Value value = TwinLoss.of(
        objective::taskLoss, new Batch(second, 1, rows, 2), new int[] {0, 1}, labels, logits);
    assertEquals(loss, value.loss(), 1e-5);
    assertArrayEquals(gradient, value.gradient(), 1e-6);
    assertEquals(StoredExamples.bytes(union.subList(second.train().size(), union.size())) + 4L * teacher.length,
        objective.memoryBytes());
  }

  @Test
  void scores_afterAnExperience_areNearnessToTheMeansOfExemplars() {
    learn(world.experiences().getFirst());
    learn(world.experiences().get(1));
    List<Example> asked = world.experiences().get(1).train();
    Tensor scores = objective.scores(asked.stream().map(Example::input).toList(), learner);
    assertNotNull(scores);
    double[] given = Tensors.toDoubles(scores);
    List<Example> exemplars = objective.rows(world.experiences().get(2));
    exemplars = exemplars.subList(world.experiences().get(2).train().size(), exemplars.size());
    double[][] means = new double[4][];
    for (int c = 0; c < 4; c++) {
      String name = learner.classNames().get(c);
      List<double[]> own = units(exemplars.stream().filter(example -> example.label().equals(name)).toList());
      assertTrue(own.size() == 2 || own.size() == 3);
      double[] mean = new double[own.getFirst().length];
      own.forEach(row -> {
        for (int f = 0; f < mean.length; f++) {
          mean[f] += row[f];
        }
      });
      means[c] = unit(mean);
    }
    List<double[]> rows = units(asked);
    for (int row = 0; row < rows.size(); row++) {
      for (int c = 0; c < 4; c++) {
        double distance = 0;
        for (int f = 0; f < means[c].length; f++) {
          distance += (rows.get(row)[f] - means[c][f]) * (rows.get(row)[f] - means[c][f]);
        }
        assertEquals(-distance, given[row * 4 + c], 1e-5);
      }
    }
  }

  @Test
  void scores_whileClassesAreFirstLearned_areTheHeads() {
    learner.step(world.experiences().getFirst(), 0);
    assertNull(objective.scores(List.of(), learner));
  }

  private List<double[]> units(List<Example> rows) {
    double[] features = Tensors.toDoubles(learner.features(rows.stream().map(Example::input).toList()));
    int width = features.length / rows.size();
    var units = new ArrayList<double[]>();
    for (int row = 0; row < rows.size(); row++) {
      units.add(unit(Arrays.copyOfRange(features, row * width, (row + 1) * width)));
    }
    return units;
  }

  private static double[] unit(double[] row) {
    double length = 0;
    for (double value : row) {
      length += value * value;
    }
    double[] unit = new double[row.length];
    for (int f = 0; f < unit.length; f++) {
      unit[f] = row[f] / Math.sqrt(length);
    }
    return unit;
  }
}
