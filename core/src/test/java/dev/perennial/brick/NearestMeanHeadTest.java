package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.FailureException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class NearestMeanHeadTest {

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

  @Test
  void scores_knownRows_areMinusTheSquaredDistanceToEachMean() {
    try (var head = new NearestMeanHead(2)) {
      head.grow(3);
      // Class 0: directions (1, 0) and (0, 1), whose mean points to 45 degrees; class 1: (-1, 0); class 2: no row.
      head.add(Tensors.floats(new float[] {5, 0, 0, 0.1f, -3, 0}, 3, 2), new long[] {0, 0, 1});
      float[] scores = Tensors.toFloats(head.scores(Tensors.floats(new float[] {0, 7, 2, 2}, 2, 2)));
      double half = Math.sqrt(0.5);
      // |(0, 1) - (h, h)|² = 2 - 2h.
      assertArrayEquals(new float[] {(float) (2 * half - 2), -2, -2, 0, (float) (-2 * half - 2), -2}, scores, 1e-6f);
    }
  }

  @Test
  void add_inSeveralBatchesAndAfterGrowing_isTheSameAsAtOnce() {
    float[] rows = {1, 2, 3, 0.5f, -1, 2, 0.3f, 0.2f, 0.1f, 4, 4, -4};
    try (var atOnce = new NearestMeanHead(3); var inTurn = new NearestMeanHead(3)) {
      atOnce.grow(2);
      atOnce.add(Tensors.floats(rows, 4, 3), new long[] {0, 1, 0, 1});
      inTurn.grow(1);
      inTurn.add(Tensors.floats(new float[] {1, 2, 3}, 1, 3), new long[] {0});
      inTurn.grow(2);
      inTurn.add(Tensors.floats(new float[] {0.5f, -1, 2, 0.3f, 0.2f, 0.1f, 4, 4, -4}, 3, 3), new long[] {1, 0, 1});
      assertEquals(atOnce.state(), inTurn.state());
      assertEquals(2 * 3 + 2, inTurn.parameters());
    }
  }

  @Test
  void restore_meansOfAnotherWidth_isRefused() {
    try (var head = new NearestMeanHead(3); var other = new NearestMeanHead(4)) {
      head.grow(2);
      assertThrows(FailureException.class, () -> other.restore(StatePart.of("means", Combine.SUM, head.state())));
    }
  }
}
