package dev.perennial.learn.prototype;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class KeyValueCodesTest {

  private static final int WIDTH = 5;
  private static final int CODEBOOKS = 3;
  private static final int KEYS = 4;
  private static final int KEY_WIDTH = 2;
  private static final int ROWS = 9;
  private static final CounterRandom PROJECTIONS = CounterRandom.of(2, 5);

  private final float[] placed = normal(1, KEYS * WIDTH);
  private final float[] rows = normal(2, ROWS * WIDTH);
  private TensorScope scope;
  private KeyValueCodes codes;

  @BeforeEach
  void open() {
    scope = TensorScope.inference();
    codes = codes();
    codes.place(Tensors.floats(placed, KEYS, WIDTH));
  }

  @AfterEach
  void close() {
    codes.close();
    scope.close();
  }

  private static KeyValueCodes codes() {
    return new KeyValueCodes(WIDTH, CODEBOOKS, KEYS, KEY_WIDTH, PROJECTIONS);
  }

  private Tensor rowTensor() {
    return Tensors.floats(rows, ROWS, WIDTH);
  }

  private static float[] normal(int use, int length) {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = (float) CounterRandom.of(6, use).gaussian(i);
    }
    return values;
  }

  @Test
  void moveKeys_twoBatches_areTheAveragesOfPlainLoops() {
    double[][][] keys = plainKeys();
    double[][] hits = new double[CODEBOOKS][KEYS];
    for (double[] of : hits) {
      Arrays.fill(of, 1);
    }
    for (int pass = 0; pass < 2; pass++) {
      codes.moveKeys(rowTensor(), 0.7);
      int[][] nearest = plainNearest(keys, rows);
      for (int c = 0; c < CODEBOOKS; c++) {
        for (int k = 0; k < KEYS; k++) {
          double[] sum = new double[KEY_WIDTH];
          int count = 0;
          for (int row = 0; row < ROWS; row++) {
            if (nearest[c][row] == k) {
              count++;
              double[] z = projected(rows, row, c);
              for (int d = 0; d < KEY_WIDTH; d++) {
                sum[d] += z[d];
              }
            }
          }
          double after = 0.7 * hits[c][k] + 0.3 * count;
          for (int d = 0; count > 0 && d < KEY_WIDTH; d++) {
            keys[c][k][d] = (0.7 * hits[c][k] * keys[c][k][d] + 0.3 * sum[d]) / after;
          }
          hits[c][k] = after;
        }
      }
    }
    double[] got = Tensors.toDoubles(Tensors.copyOf(tensor("keys", codes.keyState())));
    for (int i = 0; i < got.length; i++) {
      assertEquals(keys[i / (KEYS * KEY_WIDTH)][i / KEY_WIDTH % KEYS][i % KEY_WIDTH], got[i], 1e-5);
    }
    assertEquals(4L * CODEBOOKS * KEYS, codes.countBytes());
    codes.freezeKeys();
    assertEquals(0, codes.countBytes());
    assertThrows(IllegalStateException.class, () -> codes.moveKeys(rowTensor(), 0.7));
  }

  @Test
  void learn_rows_movesOnlyWhatTheyFetchAlongTheGradientOfTheCrossEntropy() {
    codes.freezeKeys();
    codes.grow(3);
    double[][][] values = new double[CODEBOOKS][KEYS][3];
    int[][] nearest = plainNearest(plainKeys(), rows);
    long[] labels = {0, 1, 2, 0, 1, 2, 1, 1, 0};
    for (int pass = 0; pass < 2; pass++) {
      codes.learn(rowTensor(), labels, 0.4);
      double[][] errors = new double[ROWS][3];
      for (int row = 0; row < ROWS; row++) {
        double[] logits = plainLogits(values, nearest, row);
        double total = Math.exp(logits[0]) + Math.exp(logits[1]) + Math.exp(logits[2]);
        for (int k = 0; k < 3; k++) {
          errors[row][k] = (labels[row] == k ? 1 : 0) - Math.exp(logits[k]) / total;
        }
      }
      for (int c = 0; c < CODEBOOKS; c++) {
        for (int row = 0; row < ROWS; row++) {
          for (int k = 0; k < 3; k++) {
            values[c][nearest[c][row]][k] += 0.4 * errors[row][k];
          }
        }
      }
    }
    double[] got = Tensors.toDoubles(Tensors.copyOf(tensor("values", codes.valueState())));
    int untouched = 0;
    for (int i = 0; i < got.length; i++) {
      assertEquals(values[i / (KEYS * 3)][i / 3 % KEYS][i % 3], got[i], 1e-5);
      untouched += got[i] == 0 ? 1 : 0;
    }
    assertTrue(untouched > 0 && untouched < got.length, "values that no row fetched: " + untouched);
    float[] scores = Tensors.toFloats(codes.scores(rowTensor()));
    for (int i = 0; i < scores.length; i++) {
      assertEquals(plainLogits(values, nearest, i / 3)[i % 3], scores[i], 1e-5);
    }
  }

  @Test
  void grow_newClass_scoresZeroAndLeavesTheOthers() {
    codes.grow(2);
    codes.learn(rowTensor(), new long[] {0, 1, 0, 1, 0, 1, 0, 1, 0}, 1);
    float[] before = Tensors.toFloats(codes.scores(rowTensor()));
    codes.grow(3);
    float[] after = Tensors.toFloats(codes.scores(rowTensor()));
    for (int row = 0; row < ROWS; row++) {
      assertEquals(before[row * 2], after[row * 3]);
      assertEquals(before[row * 2 + 1], after[row * 3 + 1]);
      assertEquals(0, after[row * 3 + 2]);
    }
  }

  @Test
  void restore_ofItsState_scoresTheSame_ofAnotherIsRefused() {
    codes.grow(2);
    codes.moveKeys(rowTensor(), 0.5);
    codes.learn(rowTensor(), new long[ROWS], 1);
    StatePart keys = StatePart.of("keys", Combine.LATEST, codes.keyState());
    StatePart values = StatePart.of("values", Combine.LATEST, codes.valueState());
    try (var other = codes()) {
      other.restore(keys, values);
      assertArrayEquals(Tensors.toFloats(codes.scores(rowTensor())), Tensors.toFloats(other.scores(rowTensor())));
      assertEquals(codes.countBytes(), other.countBytes());
    }
    try (var other = new KeyValueCodes(WIDTH, CODEBOOKS, KEYS + 1, KEY_WIDTH, PROJECTIONS)) {
      assertTrue(String.valueOf(assertThrows(FailureException.class, () -> other.restore(keys, values)).getMessage())
          .startsWith("expected keys [3, 5, 2] and as many values in the state of key-value codes, found "));
    }
  }

  private static TensorData tensor(
      String name, Map<String, TensorData> tensors) {
    return Objects.requireNonNull(tensors.get(name));
  }

  private static double[] projected(float[] features, int row, int codebook) {
    double[] z = new double[KEY_WIDTH];
    for (int d = 0; d < KEY_WIDTH; d++) {
      for (int i = 0; i < WIDTH; i++) {
        z[d] += features[row * WIDTH + i] / Math.sqrt(KEY_WIDTH)
            * PROJECTIONS.gaussian(((long) i * CODEBOOKS + codebook) * KEY_WIDTH + d);
      }
    }
    return z;
  }

  private double[][][] plainKeys() {
    double[][][] keys = new double[CODEBOOKS][KEYS][];
    for (int c = 0; c < CODEBOOKS; c++) {
      for (int k = 0; k < KEYS; k++) {
        keys[c][k] = projected(placed, k, c);
      }
    }
    return keys;
  }

  private static int[][] plainNearest(double[][][] keys, float[] features) {
    int[][] nearest = new int[CODEBOOKS][ROWS];
    for (int c = 0; c < CODEBOOKS; c++) {
      for (int row = 0; row < ROWS; row++) {
        double[] z = projected(features, row, c);
        double least = Double.POSITIVE_INFINITY;
        for (int k = 0; k < KEYS; k++) {
          double distance = 0;
          for (int d = 0; d < KEY_WIDTH; d++) {
            distance += (z[d] - keys[c][k][d]) * (z[d] - keys[c][k][d]);
          }
          if (distance < least) {
            least = distance;
            nearest[c][row] = k;
          }
        }
      }
    }
    return nearest;
  }

  private static double[] plainLogits(double[][][] values, int[][] nearest, int row) {
    double[] logits = new double[3];
    for (int c = 0; c < CODEBOOKS; c++) {
      for (int k = 0; k < 3; k++) {
        logits[k] += values[c][nearest[c][row]][k] / CODEBOOKS;
      }
    }
    return logits;
  }
}
