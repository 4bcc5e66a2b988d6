package dev.perennial.edit;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class UltraEditTest {

  private static final int WIDTH = 6;
  private static final int KEYS = 9;
  private static final int CLASSES = 4;

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

  private static float[] normal(int use, int count) {
    var random = CounterRandom.of(11, use);
    float[] numbers = new float[count];
    for (int i = 0; i < count; i++) {
      numbers[i] = (float) random.gaussian(i);
    }
    return numbers;
  }

  private static SavedBrick.Head head(boolean embedding, int width, int classes) {
    List<String> names = IntStream.range(0, classes).mapToObj(i -> "class-" + i).toList();
    return embedding
        ? new SavedBrick.Head("cosine-head", names, TensorData.of(normal(1, classes * width), classes, width), null)
        : new SavedBrick.Head("linear-head", names, TensorData.of(normal(1, classes * width), classes, width),
            TensorData.of(normal(2, classes), classes));
  }

  private static UltraEditOptions paper(double rate) {
    return new UltraEditOptions(100, 0, rate, 2, KEYS, 1.5, 0, 0);
  }

  /** Solves A X = B by elimination. */
  private static double[][] solved(double[][] a, double[][] b) {
    int n = a.length;
    for (int pivot = 0; pivot < n; pivot++) {
      int best = pivot;
      for (int row = pivot; row < n; row++) {
        best = Math.abs(a[row][pivot]) > Math.abs(a[best][pivot]) ? row : best;
      }
      double[] held = a[pivot];
      a[pivot] = a[best];
      a[best] = held;
      held = b[pivot];
      b[pivot] = b[best];
      b[best] = held;
      for (int row = 0; row < n; row++) {
        double factor = row == pivot ? 0 : a[row][pivot] / a[pivot][pivot];
        for (int column = 0; column < n && factor != 0; column++) {
          a[row][column] -= factor * a[pivot][column];
        }
        for (int column = 0; column < b[0].length; column++) {
          b[row][column] -= factor * b[pivot][column];
        }
      }
    }
    for (int row = 0; row < n; row++) {
      for (int column = 0; column < b[0].length; column++) {
        b[row][column] /= a[row][row];
      }
    }
    return b;
  }

  /** (H'H + ridge I)^-1 H'V in the form of the paper. */
  private static double[][] ridge(double[][] h, double[][] v, double ridge) {
    int n = h[0].length;
    double[][] gram = new double[n][n];
    double[][] right = new double[n][v[0].length];
    for (int row = 0; row < h.length; row++) {
      for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
          gram[i][j] += h[row][i] * h[row][j];
        }
        for (int j = 0; j < v[0].length; j++) {
          right[i][j] += h[row][i] * v[row][j];
        }
      }
    }
    for (int i = 0; i < n; i++) {
      gram[i][i] += ridge;
    }
    return solved(gram, right);
  }

  private static double[][] square(double[] flat, int columns) {
    double[][] rows = new double[flat.length / columns][columns];
    for (int i = 0; i < flat.length; i++) {
      rows[i / columns][i % columns] = flat[i];
    }
    return rows;
  }

  private static float[] flat(double[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < flat.length; i++) {
      flat[i] = (float) rows[i / rows[0].length][i % rows[0].length];
    }
    return flat;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 5, 20})
  void closedForm_fewerAndMoreRowsThanKeys_isThePapersRidge(int rows) {
    Tensor keys = Tensors.floats(normal(5, rows * KEYS), rows, KEYS).to(torchDouble());
    Tensor values = Tensors.floats(normal(6, rows * 2), rows, 2).to(torchDouble());
    double[][] expected = ridge(square(Tensors.toDoubles(keys), KEYS), square(Tensors.toDoubles(values), 2), 0.7);
    assertArrayEquals(flat(expected), Tensors.toFloats(UltraEdit.closedForm(keys, values, 0.7)), 1e-5f);
  }

  private static org.bytedeco.pytorch.global.torch.ScalarType torchDouble() {
    return org.bytedeco.pytorch.global.torch.ScalarType.Double;
  }

  @Test
  void turn_threeTurnsWithoutMargin_isThePaperInPlainJava() {
    double rate = 1e-2;
    double[][] weight = new double[KEYS][CLASSES];
    var all = new ArrayList<double[]>();
    try (var readout = new Readout(head(false, WIDTH, CLASSES)); var edits = new UltraEdit(readout, paper(rate), null);
        var keys = new WideKeys(WIDTH, KEYS, 1.5, 0)) {
      for (int turn = 0; turn < 3; turn++) {
        Tensor features = Tensors.floats(normal(20 + turn, 5 * WIDTH), 5, WIDTH);
        long[] labels = {0, 3, 2, 1, 1};
        edits.turn(features, labels);

        double[][] h = square(Tensors.toDoubles(keys.of(features)), KEYS);
        double[][] base = square(Tensors.toDoubles(readout.outputs(features)), CLASSES);
        double[][] g = new double[5][CLASSES];
        for (int row = 0; row < 5; row++) {
          double sum = 0;
          for (int c = 0; c < CLASSES; c++) {
            double logit = base[row][c];
            for (int k = 0; k < KEYS; k++) {
              logit += h[row][k] * weight[k][c];
            }
            g[row][c] = Math.exp(logit);
            sum += g[row][c];
          }
          for (int c = 0; c < CLASSES; c++) {
            g[row][c] = g[row][c] / sum - (labels[row] == c ? 1 : 0);
          }
          double[] both = new double[KEYS + CLASSES];
          System.arraycopy(h[row], 0, both, 0, KEYS);
          System.arraycopy(g[row], 0, both, KEYS, CLASSES);
          all.add(both);
        }
        double[] mean = new double[KEYS + CLASSES];
        double[] deviation = new double[KEYS + CLASSES];
        for (double[] row : all) {
          for (int i = 0; i < mean.length; i++) {
            mean[i] += row[i] / all.size();
          }
        }
        for (double[] row : all) {
          for (int i = 0; i < mean.length; i++) {
            deviation[i] += Math.pow(row[i] - mean[i], 2) / (all.size() - 1);
          }
        }
        double[][] v = new double[5][CLASSES];
        for (int row = 0; row < 5; row++) {
          double length = 0;
          for (int k = 0; k < KEYS; k++) {
            length += Math.pow((h[row][k] - mean[k]), 2) / deviation[k];
          }
          for (int c = 0; c < CLASSES; c++) {
            v[row][c] = -rate * length * (g[row][c] - mean[KEYS + c]) / Math.sqrt(deviation[KEYS + c]);
          }
        }
        double[][] change = ridge(h, v, 2);
        for (int k = 0; k < KEYS; k++) {
          for (int c = 0; c < CLASSES; c++) {
            weight[k][c] += change[k][c];
          }
        }
      }
      assertArrayEquals(flat(weight), edits.state().weight().floats(), 2e-5f);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void gradient_bothReadouts_isThatOfFiniteDifferences(boolean embedding) {
    try (var readout = new Readout(head(embedding, WIDTH, CLASSES))) {
      Tensor outputs = readout.outputs(Tensors.floats(normal(7, WIDTH), 1, WIDTH));
      float[] gradient = Tensors.toFloats(readout.gradient(outputs, new long[] {2}));
      assertEquals(readout.outputs(), gradient.length);
      float[] at = Tensors.toFloats(outputs);
      for (int i = 0; i < gradient.length; i++) {
        assertEquals((loss(readout, at, i, 1e-2f) - loss(readout, at, i, -1e-2f)) / 2e-2, gradient[i], 2e-2);
      }
    }
  }

  private static double loss(Readout readout, float[] at, int place, float step) {
    float[] moved = at.clone();
    moved[place] += step;
    double[] logits = Tensors.toDoubles(readout.logits(Tensors.floats(moved, 1, moved.length)));
    double sum = 0;
    for (double logit : logits) {
      sum += Math.exp(logit);
    }
    return Math.log(sum) - logits[2];
  }

  @Test
  void of_wideKeys_haveTheKernelOfTheFormula() {
    Tensor features = Tensors.floats(new float[] {2, 0, 0, 0, 0, 0, 3, 1, 0, 0, 0, 0, 1, 1, 1, 0, 0, 0}, 3, WIDTH);
    try (var keys = new WideKeys(WIDTH, 40_000, 0.6, 3)) {
      double[][] rows = square(Tensors.toDoubles(keys.of(features)), 40_000);
      double[][] cosines = {{1, 3 / Math.sqrt(10), 1 / Math.sqrt(3)}, {0, 1, 4 / Math.sqrt(30)}, {0, 0, 1}};
      for (int i = 0; i < 3; i++) {
        for (int j = i; j < 3; j++) {
          double product = 0;
          for (int k = 0; k < rows[i].length; k++) {
            product += rows[i][k] * rows[j][k] / rows[i].length;
          }
          assertEquals(Math.exp(-(1 - cosines[i][j]) / 0.36), product, 0.02, i + " and " + j);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void turn_withMargin_labelsLeadByItAndOneEditAloneIsMade(boolean embedding) {
    var options = new UltraEditOptions(100, 2, 1e-3, 1e-3, 2048, 0.3, 0, 0.5);
    try (var readout = new Readout(head(embedding, WIDTH, CLASSES)); var edits = new UltraEdit(readout, options, null)) {
      for (int count : new int[] {1, 7}) {
        Tensor features = Tensors.floats(normal(30 + count, count * WIDTH), count, WIDTH);
        long[] labels = IntStream.range(0, count).mapToLong(i -> (i + 1) % CLASSES).toArray();
        edits.turn(features, labels);
        double[][] logits = square(Tensors.toDoubles(edits.logits(features)), CLASSES);
        for (int row = 0; row < count; row++) {
          for (int c = 0; c < CLASSES; c++) {
            assertTrue(c == labels[row] || logits[row][(int) labels[row]] - logits[row][c] > 1.9,
                count + " edits, row " + row + ": " + java.util.Arrays.toString(logits[row]));
          }
        }
      }
    }
  }

  @Test
  void state_ofAnEditor_goesOnToTheSameBits() {
    var options = new UltraEditOptions(100, 1, 1e-3, 1, 64, 0.5, 0, 0.5);
    try (var readout = new Readout(head(false, WIDTH, CLASSES)); var straight = new UltraEdit(readout, options, null);
        var first = new UltraEdit(readout, options, null)) {
      Tensor one = Tensors.floats(normal(40, 3 * WIDTH), 3, WIDTH);
      Tensor two = Tensors.floats(normal(41, 3 * WIDTH), 3, WIDTH);
      straight.turn(one, new long[] {1, 2, 3});
      first.turn(one, new long[] {1, 2, 3});
      try (var second = new UltraEdit(readout, options, first.state())) {
        straight.turn(two, new long[] {0, 0, 1});
        second.turn(two, new long[] {0, 0, 1});
        assertArrayEquals(straight.state().weight().floats(), second.state().weight().floats());
        assertEquals(straight.state().statistics(), second.state().statistics());
        assertEquals(straight.state().reach(), second.state().reach());
      }
    }
  }

  /** Every text has a direction of its own. */
  private static Tensor directions(List<? extends Input> inputs) {
    float[] all = new float[inputs.size() * 48];
    for (int row = 0; row < inputs.size(); row++) {
      var random = CounterRandom.of(((Input.Text) inputs.get(row)).value().hashCode());
      for (int i = 0; i < 48; i++) {
        all[row * 48 + i] = (float) random.gaussian(i);
      }
    }
    return Tensors.floats(all, inputs.size(), 48);
  }

  @Test
  void edit_aThousandEdits_holdAndLeaveOtherTextsAlone() {
    var options = new UltraEditOptions(50, 8, 1e-3, 1, 8192, 0.3, 0, 0.5);
    try (var editor = new Editor(UltraEditTest::directions, head(false, 48, 20), options)) {
      List<String> edited = IntStream.range(0, 1000).mapToObj(i -> "edited " + i).toList();
      List<String> others = IntStream.range(0, 1000).mapToObj(i -> "other " + i).toList();
      List<String> before = editor.predict(others);
      var random = CounterRandom.of(8);
      var edits = IntStream.range(0, 1000)
          .mapToObj(i -> new Edit(edited.get(i), "class-" + random.below(i, 20))).toList();
      var told = new ArrayList<Integer>();
      editor.edit(edits, told::add);
      assertEquals(20, told.size());
      assertEquals(1000, told.getLast());
      List<String> after = editor.predict(edited);
      assertTrue(IntStream.range(0, 1000).filter(i -> after.get(i).equals(edits.get(i).label())).count() >= 980);
      List<String> now = editor.predict(others);
      assertTrue(IntStream.range(0, 1000).filter(i -> now.get(i).equals(before.get(i))).count() >= 990);
    }
  }

  @Test
  void edit_sameTextTwice_laterOneHolds() {
    var options = new UltraEditOptions(10, 3, 1e-3, 1, 256, 0.3, 0, 0.5);
    try (var editor = new Editor(UltraEditTest::directions, head(false, 48, 20), options)) {
      editor.edit(List.of(new Edit("a", "class-3"), new Edit("b", "class-4"), new Edit("a", "class-5")), done -> {});
      assertEquals(List.of("class-5", "class-4"), editor.predict(List.of("a", "b")));
    }
  }

  @Test
  void edit_labelThatIsNoClass_isRefusedAndNothingChanges() {
    var options = new UltraEditOptions(10, 3, 1e-3, 1, 256, 0.3, 0, 0.5);
    try (var editor = new Editor(UltraEditTest::directions, head(false, 48, 20), options)) {
      List<String> before = editor.predict(List.of("a", "b"));
      var refused = assertThrows(UsageException.class,
          () -> editor.edit(List.of(new Edit("a", "class-3"), new Edit("b", "clas-4")), done -> {}));
      assertTrue(String.valueOf(refused.getMessage()).contains("did you mean class-4"), refused.getMessage());
      assertEquals(before, editor.predict(List.of("a", "b")));
    }
  }
}
