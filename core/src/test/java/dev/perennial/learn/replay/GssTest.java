package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class GssTest {

  private static Gss.Diversity diversity(int memory, long seed) {
    return new Gss.Diversity(new Gss.Options(TwinLoss.TRAINING, memory, 3), seed);
  }

  @Test
  void offer_fullMemory_exchangesByTheScores() {
    int runs = 20_000;
    int[] replaced = new int[2];
    for (int run = 0; run < runs; run++) {
      var objective = diversity(2, run);
      objective.offer(Example.of("a", "x"), 0.5f);
      objective.offer(Example.of("b", "x"), 1.5f);
      objective.offer(Example.of("alike", "x"), 1f);
      assertEquals(List.of(Example.of("a", "x"), Example.of("b", "x")), objective.memory().examples());
      objective.offer(Example.of("c", "y"), 0.25f);
      for (int place = 0; place < 2; place++) {
        replaced[place] += objective.memory().examples().get(place).label().equals("y") ? 1 : 0;
      }
    }
    // Drawn by the score, exchanged by what it is of both scores.
    double[] expected = {0.25 * 0.5 / 0.75, 0.75 * 1.5 / 1.75};
    for (int place = 0; place < 2; place++) {
      double deviation = Math.sqrt(expected[place] * (1 - expected[place]) / runs);
      assertEquals(expected[place], (double) replaced[place] / runs, 5 * deviation);
    }
  }

  @Test
  void step_everyRow_hasOneAndItsLargestCosineAsScore() {
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = diversity(100, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        Experience experience = world.experiences().getFirst();
        learner.step(experience, 0);
        assertEquals(List.of(1f, 1f, 1f, 1f), scores(objective));
        for (long step = 1; step < 4; step++) {
          List<Sample> others = objective.drawn(experience, step, 3, 1);
          int before = objective.memory().size();
          learner.step(experience, step);
          List<Example> kept = objective.memory().examples();
          for (int i = before; i < kept.size(); i++) {
            double[] own = gradient(learner, kept.get(i));
            double largest = -1;
            for (Sample other : others) {
              largest = Math.max(largest, cosine(own, gradient(learner, other.example())));
            }
            assertEquals(1 + largest, scores(objective).get(i), 1e-4);
          }
        }
        // Rows of the second epoch are not new.
        int after = objective.memory().size();
        learner.step(experience, 4);
        assertEquals(after, objective.memory().size());
        assertEquals(15, after);
        assertEquals(StoredExamples.bytes(objective.memory().examples()) + 4L * 15, objective.memoryBytes());
      }
    }
  }

  private static List<Float> scores(Gss.Diversity objective) {
    float[] scores = objective.state().getLast().tensor("scores").floats();
    assertTrue(scores.length > 0);
    var list = new ArrayList<Float>();
    for (float score : scores) {
      list.add(score);
    }
    return list;
  }

  private static double[] gradient(GradientLearner learner, Example row) {
    return Tensors.toDoubles(learner.taskGradient(List.of(row)));
  }

  private static double cosine(double[] a, double[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int i = 0; i < a.length; i++) {
      ab += a[i] * b[i];
      aa += a[i] * a[i];
      bb += b[i] * b[i];
    }
    return ab / Math.sqrt(aa * bb);
  }
}
