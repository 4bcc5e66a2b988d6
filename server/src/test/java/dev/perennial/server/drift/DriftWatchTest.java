package dev.perennial.server.drift;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.server.drift.Signal.Change;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Detectors side by side over one stream. */
final class DriftWatchTest {

  private static float[] embedding(int row, double shift) {
    var random = CounterRandom.of(9, row);
    float[] embedding = new float[16];
    for (int i = 0; i < embedding.length; i++) {
      embedding[i] = (float) (random.gaussian(i) + shift);
    }
    return embedding;
  }

  private static void observe(DriftWatch watch, int from, int to, double errors, double shift) {
    var random = CounterRandom.of(8, 1);
    for (int row = from; row < to; row++) {
      watch.observe(random.uniform(row) < errors, embedding(row, shift));
    }
  }

  private static Map<String, Change> changes(DriftWatch watch) {
    var changes = new HashMap<String, Change>();
    watch.signals().forEach(signal -> changes.put(signal.detector(), signal.change()));
    return changes;
  }

  @Test
  void signals_sayWhichDetectorFoundWhat_andEachOnce() {
    var watch = new DriftWatch();
    observe(watch, 0, 1_000, 0.1, 0);
    assertTrue(changes(watch).values().stream().allMatch(Change.NONE::equals));
    observe(watch, 1_000, 2_000, 0.6, 0);
    assertEquals(Map.of("adwin", Change.WORSE, "page-hinkley", Change.WORSE, "embedding-distance", Change.NONE), changes(watch));
    assertTrue(changes(watch).values().stream().allMatch(Change.NONE::equals));
    observe(watch, 2_000, 3_000, 0.05, 0);
    assertEquals(Change.BETTER, changes(watch).get("adwin"));
    observe(watch, 3_000, 3_400, 0.05, 2);
    assertEquals(Change.OTHER, changes(watch).get("embedding-distance"));
  }

  @Test
  void restored_goesOnToTheSameBits() {
    var whole = new DriftWatch();
    var first = new DriftWatch();
    observe(whole, 0, 1_500, 0.2, 0);
    observe(first, 0, 1_500, 0.2, 0);
    var second = new DriftWatch();
    second.restore(first.state());
    whole.signals();
    var told = new ArrayList<List<Signal>>();
    for (int row = 1_500; row < 3_000; row += 100) {
      observe(whole, row, row + 100, 0.7, 1);
      observe(second, row, row + 100, 0.7, 1);
      assertEquals(whole.signals(), second.signals());
      told.add(second.signals());
    }
    assertEquals(whole.state(), second.state());
    assertTrue(told.getLast().stream().mapToLong(Signal::drifts).sum() >= 3);
    assertTrue(second.bytes() > 0);
  }

  @Test
  void restore_ofAnotherState_isTold() {
    var tensors = new HashMap<>(new DriftWatch().state().tensors());
    tensors.put("counts", TensorData.of(new double[] {1}, 1));
    var damaged = StatePart.of(DriftWatch.PART, Combine.LATEST, tensors);
    assertTrue(String.valueOf(assertThrows(FailureException.class, () -> new DriftWatch().restore(damaged)).getMessage())
        .contains("detectors"));
  }
}
