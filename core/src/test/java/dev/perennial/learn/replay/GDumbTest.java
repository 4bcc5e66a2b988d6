package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

final class GDumbTest {

  private static final GDumb.Options OPTIONS = new GDumb.Options(TwinLoss.TRAINING, 12, 5);

  @Test
  void rows_everyExperience_areAnEvenMemoryOfAllClasses() {
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = new GDumb.Anew(OPTIONS, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        for (Experience experience : world.experiences()) {
          List<Example> asked = objective.rows(experience);
          assertEquals(asked, objective.rows(experience));
          for (long step = 0; step < learner.steps(experience); step++) {
            learner.step(experience, step);
            assertEquals(asked, objective.rows(experience), "what an epoch goes over stays");
          }
        }
        var counts = new TreeMap<String, Integer>();
        objective.rows(world.experiences().get(2)).forEach(row -> counts.merge(row.label(), 1, Integer::sum));
        assertEquals(List.of(2, 2, 2, 2, 2, 2), List.copyOf(counts.values()));
        assertEquals(StoredExamples.bytes(objective.rows(world.experiences().get(2))), objective.memoryBytes());
      }
    }
  }

  @Test
  void learner_afterItsStream_isTheOneTrainedFromNothingOnTheMemory() {
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = new GDumb.Anew(OPTIONS, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        for (Experience experience : world.experiences().subList(0, 2)) {
          for (long step = 0; step < learner.steps(experience); step++) {
            learner.step(experience, step);
          }
        }
        Experience third = world.experiences().get(2);
        learner.step(third, 0);
        // Restarted: one step of 0.05 from rows of zeros moves the head by no more than the features' length.
        float[] head = Tensors.toFloats(learner.parameters().view(learner.parameters().values(), "head.weight"));
        double largest = 0;
        for (float value : head) {
          largest = Math.max(largest, Math.abs(value));
        }
        assertTrue(largest <= 0.05 + 1e-6, "head " + largest);
      }
    }
  }
}
