package dev.perennial.server.recall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.server.recall.RecallOptions.Keeping;
import dev.perennial.tensor.CounterRandom;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

final class ErrorMemoryTest {

  private static final double NEVER = Double.POSITIVE_INFINITY;

  private static RecallOptions options(int capacity, Keeping keeping, double halfLife) {
    return new RecallOptions(capacity, keeping, 16, 0.1, 0.1, 1, halfLife, 1, 0);
  }

  private static float[] embedding(long seed, int width) {
    float[] numbers = new float[width];
    for (int c = 0; c < width; c++) {
      numbers[c] = (float) CounterRandom.of(seed, 3).gaussian(c);
    }
    return numbers;
  }

  @Test
  void correct_withOneError_isTheClosedForm() {
    var memory = new ErrorMemory(options(10, Keeping.LATEST, NEVER), 2, 1);
    memory.store(new float[] {2, 0}, 1, new float[] {0.7f, 0.1f, 0.2f});
    // At 60 degrees: w = exp(-0.5 / 0.1), of which w / (w + 0.1) counts.
    double share = Math.exp(-5) / (Math.exp(-5) + 0.1);
    float[] found = memory.correct(new float[] {0.5f, (float) Math.sqrt(0.75)}, new float[] {0.5f, 0.3f, 0.2f});
    assertArrayEquals(new float[] {
        (float) (0.5 - 0.7 * share), (float) (0.3 + 0.9 * share), (float) (0.2 - 0.2 * share)}, found, 1e-6f);
    // At the same place, what is below 0 is cut off: 0.5 - 0.7 / 1.1 is.
    double rest = 0.3 + 0.9 / 1.1 + 0.2 - 0.2 / 1.1;
    assertArrayEquals(new float[] {0, (float) ((0.3 + 0.9 / 1.1) / rest), (float) ((0.2 - 0.2 / 1.1) / rest)},
        memory.correct(new float[] {1, 0}, new float[] {0.5f, 0.3f, 0.2f}), 1e-6f);
  }

  @Test
  void correct_whereOfTwoLabelsTheNewerIsRight_followsItByHalfLife() {
    for (double halfLife : new double[] {1, NEVER}) {
      var memory = new ErrorMemory(options(10, Keeping.LATEST, halfLife), 1, 1);
      memory.store(new float[] {1}, 0, new float[] {0, 0, 1});
      memory.store(new float[] {1}, 1, new float[] {0, 0, 1});
      float[] found = memory.correct(new float[] {1}, new float[] {0, 0, 1});
      assertEquals(halfLife == 1 ? 2 : 1, found[1] / found[0], 1e-5);
    }
  }

  @Test
  void correct_errorsOfAClassThatTheModelDoesNotKnow_namesIt() {
    var memory = new ErrorMemory(options(10, Keeping.LATEST, NEVER), 2, 1);
    memory.store(new float[] {1, 0}, 4, new float[] {0.9f, 0.1f});
    float[] found = memory.correct(new float[] {1, 0.01f}, new float[] {0.9f, 0.1f});
    assertEquals(5, found.length);
    assertTrue(found[4] > 0.8, found[4] + "");
    // Far from it, what the model says stands.
    assertArrayEquals(new float[] {0.9f, 0.1f, 0, 0, 0}, memory.correct(new float[] {-1, 0}, new float[] {0.9f, 0.1f}), 1e-6f);
  }

  @Test
  void store_overCapacity_keepsTheLatestOrAUniformSample() {
    var latest = new ErrorMemory(options(50, Keeping.LATEST, NEVER), 1, 1);
    double mean = 0;
    int kept = 0;
    for (long seed = 0; seed < 40; seed++) {
      var sample = new ErrorMemory(options(50, Keeping.RESERVOIR, NEVER), 1, seed);
      for (int i = 0; i < 1_000; i++) {
        sample.store(new float[] {1}, 0, new float[] {1});
        if (seed == 0) {
          latest.store(new float[] {1}, 0, new float[] {1});
        }
        assertTrue(sample.size() <= 50);
      }
      kept += sample.numbers().size();
      mean += sample.numbers().stream().mapToLong(Long::longValue).average().orElseThrow() / 40;
    }
    assertEquals(LongStream.range(950, 1_000).boxed().toList(), latest.numbers());
    assertEquals(2_000, kept);
    // 2,000 uniform numbers of 0 to 999: the mean is 499.5 with a standard error of 6.5.
    assertEquals(499.5, mean, 26);
  }

  @Test
  void updated_withAModelThatIsRightNow_correctsNothingAnyMore() {
    var memory = new ErrorMemory(RecallOptions.DEFAULT, 3, 1);
    memory.store(new float[] {3, 0, 0}, 1, new float[] {1, 0});
    assertTrue(memory.correct(new float[] {1, 0, 0}, new float[] {1, 0})[1] > 0.8);
    memory.updated(embedding -> {
      assertArrayEquals(new float[] {3, 0, 0}, embedding);
      return new float[] {0, 1};
    });
    assertArrayEquals(new float[] {0.4f, 0.6f}, memory.correct(new float[] {1, 0, 0}, new float[] {0.4f, 0.6f}), 1e-6f);
    memory.clear();
    assertEquals(0, memory.size());
    assertArrayEquals(new float[] {1, 0}, memory.correct(new float[] {1, 0, 0}, new float[] {1, 0}));
  }

  @Test
  void correct_withHashing_findsNearErrorsOfManyAndForgetsOverwrittenOnes() {
    RecallOptions options = new RecallOptions(2_000, Keeping.LATEST, 4, 0.1, 0.1, 1, NEVER, 16, 8);
    var hashed = new ErrorMemory(options, 48, 5);
    var exact = new ErrorMemory(options.exact(), 48, 5);
    for (int i = 0; i < 5_000; i++) {
      float[] said = {0.25f, 0.25f, 0.5f};
      hashed.store(embedding(i, 48), i % 3, said);
      exact.store(embedding(i, 48), i % 3, said);
    }
    int same = 0;
    for (int i = 4_500; i < 5_000; i++) {
      float[] near = embedding(i, 48);
      float[] noise = embedding(100_000 + i, 48);
      for (int c = 0; c < 48; c++) {
        near[c] += 0.3f * noise[c];
      }
      float[] said = {0.4f, 0.4f, 0.2f};
      float[] found = hashed.correct(near, said);
      float[] wanted = exact.correct(near, said);
      same += Math.abs(found[i % 3] - wanted[i % 3]) < 0.02 ? 1 : 0;
    }
    // At cosine 0.96 one table of 8 bits finds 48 % of them, 16 tables all but one in 30,000.
    assertTrue(same >= 495, same + " of 500");
    // An error that is kept makes its label nearly certain; one that was overwritten does not.
    float[] said = {0.4f, 0.4f, 0.2f};
    assertTrue(hashed.correct(embedding(4_999, 48), said)[4_999 % 3] > 0.8);
    assertTrue(hashed.correct(embedding(7, 48), said)[7 % 3] < 0.65);
  }

  @Test
  void badInput_isRefused() {
    var memory = new ErrorMemory(RecallOptions.DEFAULT, 2, 1);
    float[] said = {0.5f, 0.5f};
    for (float[] bad : List.of(new float[3], new float[2], new float[] {1, Float.NaN}, new float[] {1, Float.POSITIVE_INFINITY})) {
      assertThrows(IllegalArgumentException.class, () -> memory.store(bad, 0, said));
      assertThrows(IllegalArgumentException.class, () -> memory.correct(bad, said));
    }
    assertThrows(IllegalArgumentException.class, () -> memory.store(new float[] {1, 1}, -1, said));
    assertThrows(IllegalArgumentException.class, () -> memory.correct(new float[] {1, 1}, new float[] {Float.NaN}));
    assertEquals(0, memory.size());
    assertThrows(UsageException.class, () -> new RecallOptions(0, Keeping.LATEST, 1, 0.1, 0.1, 1, 1, 1, 0));
    assertThrows(UsageException.class, () -> new RecallOptions(1, Keeping.LATEST, 1, 0, 0.1, 1, 1, 1, 0));
    assertThrows(UsageException.class, () -> new RecallOptions(1, Keeping.LATEST, 1, 0.1, -1, 1, 1, 1, 0));
    assertThrows(UsageException.class, () -> new RecallOptions(1, Keeping.LATEST, 1, 0.1, 0.1, 2, 1, 1, 0));
    assertThrows(UsageException.class, () -> new RecallOptions(1, Keeping.LATEST, 1, 0.1, 0.1, 1, 0, 1, 0));
    assertThrows(UsageException.class, () -> new RecallOptions(1, Keeping.LATEST, 1, 0.1, 0.1, 1, 1, 1, 25));
  }
}
