package dev.perennial.learn.replay;

import static dev.perennial.learn.replay.TwinLoss.row;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class DarkReplayTest {

  private static final double ALPHA = 0.7;
  private static final double BETA = 0.3;
  private static final List<Integer> ALL = List.of(0, 1, 2);

  @Test
  void taskLoss_knownLogits_isTheLossOfDer() {
    assertLoss(0);
  }

  @Test
  void taskLoss_knownLogits_isTheLossOfDerPlusPlus() {
    assertLoss(BETA);
  }

  /** Three rows are kept; two of them were stored when two classes were known, one when three were. */
  private static void assertLoss(double beta) {
    var memory = new Memory(3, Memory.Policy.RESERVOIR);
    float[][] stored = {{1, -1}, {0.5f, 2}, {-1, 0.25f, 3}};
    for (int i = 0; i < 3; i++) {
      memory.append(new Sample(row("kept " + i, i), stored[i]));
    }
    try (var world = World.tiny(1); TensorScope scope = TensorScope.inference()) {
      var objective = new DarkReplay(TwinLoss.TRAINING, 3, DrawOptions.NONE, ALPHA, beta, 1);
      objective.restore(Map.of("memory", StatePart.of("memory", Combine.UNION, memory.tensors())), List.of());
      Experience experience = world.experiences().getFirst();
      List<Example> replayed = objective.replayed(experience, 0);
      assertEquals(beta == 0 ? 3 : 6, replayed.size());
      var rows = new ArrayList<>(List.of(row("new 0", 2), row("new 1", 1)));
      rows.addAll(replayed);
      int[] positions = IntStream.range(0, rows.size()).toArray();
      long[] labels = new long[rows.size()];
      float[][] logits = new float[rows.size()][3];
      double[] gradient = new double[3 * rows.size()];
      double loss = 0;
      for (int i = 0; i < rows.size(); i++) {
        String label = rows.get(i).label();
        labels[i] = label.charAt(label.length() - 1) - '0';
        for (int c = 0; c < 3; c++) {
          logits[i][c] = (float) Math.sin(i + 2.5 * c);
        }
        if (i < 2) {
          loss += TwinLoss.crossEntropy(logits[i], (int) labels[i], ALL, 1 / 2.0, gradient, 3 * i);
        } else if (i < 5) {
          float[] old = stored[(int) labels[i]];
          for (int c = 0; c < old.length; c++) {
            double moved = logits[i][c] - old[c];
            loss += ALPHA / 3 * moved * moved / old.length;
            gradient[3 * i + c] += ALPHA / 3 * 2 * moved / old.length;
          }
        } else {
          loss += TwinLoss.crossEntropy(logits[i], (int) labels[i], ALL, beta / 3, gradient, 3 * i);
        }
      }
      var batch = new Batch(experience, 0, rows, 2);
      TwinLoss.Value value;
      try (var model = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        value = TwinLoss.of((all, part) -> objective.gradient(all, model, () -> objective.taskLoss(all, part)),
            batch, positions, labels, logits);
      }
      assertEquals(loss, value.loss(), 1e-5);
      assertArrayEquals(gradient, value.gradient(), 1e-6);
    }
  }

  @Test
  void step_everyRow_isStoredWithTheLogitsThatItHadBeforeTheStep() {
    try (var world = World.tiny(2); TensorScope scope = TensorScope.inference()) {
      var objective = new DarkReplay(TwinLoss.TRAINING, 100, DrawOptions.NONE, ALPHA, BETA, 1);
      try (var learner = new GradientLearner(TwinLoss.TRAINING, world.context(1), objective)) {
        int checked = 0;
        for (Experience experience : world.experiences()) {
          learner.step(experience, 0);
          for (long step = 1; step < learner.steps(experience); step++) {
            int before = objective.memory().size();
            int classes = learner.classes().size();
            float[] logits = Tensors.toFloats(learner.logits(experience.train()));
            var rowOf = new HashMap<Example, Integer>();
            for (int i = 0; i < experience.train().size(); i++) {
              rowOf.put(experience.train().get(i), i);
            }
            learner.step(experience, step);
            for (Sample sample : objective.memory().samples().subList(before, objective.memory().size())) {
              int row = rowOf.getOrDefault(sample.example(), -1);
              assertEquals(classes, sample.logits().length);
              for (int c = 0; c < classes; c++) {
                assertEquals(logits[row * classes + c], sample.logits()[c], 1e-5f);
              }
              checked++;
            }
          }
        }
        assertTrue(checked > 30, "rows checked: " + checked);
        long numbers = objective.memory().samples().stream().mapToLong(sample -> sample.logits().length).sum();
        assertEquals(StoredExamples.bytes(objective.memory().examples()) + 4 * numbers, objective.memoryBytes());
      }
    }
  }
}
