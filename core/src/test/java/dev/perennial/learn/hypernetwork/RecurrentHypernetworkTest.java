package dev.perennial.learn.hypernetwork;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class RecurrentHypernetworkTest {

  private static final TargetNetwork TARGET = new TargetNetwork(3, 4, 2, 6);
  private static final int EMBEDDING = 2;
  private static final int UNITS = 5;
  private static final int[] CLASSES = {2, 3, 1};

  private static RecurrentHypernetwork hypernetwork(int growth) {
    return new RecurrentHypernetwork(TARGET, EMBEDDING, UNITS, growth, 7);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3})
  void weights_drawnParameters_areThoseOfPlainLoops(int growth) {
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = hypernetwork(growth);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, 3, CLASSES);
      List<Tensor> weights = hypernetwork.weights(tensors);
      Tensor rows = PlainNetworks.normal(CounterRandom.of(4), 2, 3);
      double[] all = Tensors.toDoubles(rows);
      var flat = new ArrayList<Double>();
      for (int task = 0; task < CLASSES.length; task++) {
        double[] plain = plain(tensors, task, growth);
        assertArrayEquals(plain, Tensors.toDoubles(weights.get(task)), 1e-12, "task " + task);
        Arrays.stream(plain).forEach(flat::add);
        double[] logits = Tensors.toDoubles(TARGET.logits(weights.get(task), rows, CLASSES[task]));
        for (int row = 0; row < 2; row++) {
          assertArrayEquals(
              PlainNetworks.logits(TARGET, plain, Arrays.copyOfRange(all, row * 3, row * 3 + 3), CLASSES[task]),
              Arrays.copyOfRange(logits, row * CLASSES[task], (row + 1) * CLASSES[task]), 1e-12);
        }
      }
      double[] generated = Tensors.toDoubles(hypernetwork.generated(tensors, CLASSES.length));
      assertArrayEquals(flat.stream().mapToDouble(Double::doubleValue).toArray(), generated, 1e-12);
    }
  }

  /** The weights of a task by the formulas: one LSTM after another, chunk after chunk. */
  private static double[] plain(Map<String, Tensor> tensors, int task, int growth) {
    double[] embedding = PlainNetworks.doubles(tensors, "embedding." + task);
    double[] trunk = PlainNetworks.doubles(tensors, "chunks");
    double[] head = PlainNetworks.doubles(tensors, "head." + task);
    int chunks = (trunk.length + head.length) / EMBEDDING;
    double[][] generated = new double[chunks][TARGET.chunk()];
    double[][] inputs = new double[chunks][2 * EMBEDDING];
    for (int s = 0; s < chunks; s++) {
      for (int i = 0; i < EMBEDDING; i++) {
        int place = s * EMBEDDING + i;
        inputs[s][i] = embedding[i];
        inputs[s][EMBEDDING + i] = place < trunk.length ? trunk[place] : head[place - trunk.length];
      }
    }
    for (int block = 0; block <= (growth == 0 ? 0 : task); block++) {
      int units = block == 0 ? UNITS : growth;
      double[] fromInput = PlainNetworks.doubles(tensors, "lstm." + block + ".input");
      double[] fromState = PlainNetworks.doubles(tensors, "lstm." + block + ".recurrent");
      double[] bias = PlainNetworks.doubles(tensors, "lstm." + block + ".bias");
      double[] output = PlainNetworks.doubles(tensors, "lstm." + block + ".output");
      double[] state = new double[units];
      double[] cell = new double[units];
      for (int s = 0; s < chunks; s++) {
        double[] gates = new double[4 * units];
        for (int g = 0; g < gates.length; g++) {
          gates[g] = bias[g] + product(fromInput, g, inputs[s]) + product(fromState, g, state);
        }
        for (int u = 0; u < units; u++) {
          cell[u] = sigmoid(gates[units + u]) * cell[u] + sigmoid(gates[u]) * Math.tanh(gates[2 * units + u]);
          state[u] = sigmoid(gates[3 * units + u]) * Math.tanh(cell[u]);
        }
        for (int c = 0; c < TARGET.chunk(); c++) {
          generated[s][c] += product(output, c, state) / Math.sqrt(UNITS);
        }
        double[] wider = Arrays.copyOf(inputs[s], inputs[s].length + units);
        System.arraycopy(state, 0, wider, inputs[s].length, units);
        inputs[s] = wider;
      }
    }
    return PlainNetworks.weights(TARGET, generated, CLASSES[task]);
  }

  private static double product(double[] matrix, int row, double[] vector) {
    double sum = 0;
    for (int i = 0; i < vector.length; i++) {
      sum += matrix[row * vector.length + i] * vector[i];
    }
    return sum;
  }

  private static double sigmoid(double x) {
    return 1 / (1 + Math.exp(-x));
  }

  @Test
  void weights_grownUnitsChanged_changeNoEarlierTask() {
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = hypernetwork(3);
      Map<String, Tensor> tensors = PlainNetworks.drawn(hypernetwork, 5, CLASSES);
      var changed = new HashMap<>(tensors);
      changed.replaceAll((name, tensor) -> name.startsWith("lstm.1.") ? tensor.add(new Scalar(1.0)) : tensor);
      List<Tensor> before = hypernetwork.weights(tensors);
      List<Tensor> after = hypernetwork.weights(changed);
      assertArrayEquals(Tensors.toDoubles(before.get(0)), Tensors.toDoubles(after.get(0)));
      for (int task = 1; task < CLASSES.length; task++) {
        assertFalse(Arrays.equals(Tensors.toDoubles(before.get(task)), Tensors.toDoubles(after.get(task))));
      }
    }
  }

  @Test
  void addTask_first_weightsHaveTheVarianceOfTheirLayer() {
    var target = new TargetNetwork(60, 30, 2, 256);
    try (TensorScope scope = TensorScope.inference()) {
      var hypernetwork = new RecurrentHypernetwork(target, 16, 32, 4, 1);
      var tensors = new HashMap<String, Tensor>();
      hypernetwork.addTask(5).forEach(p -> tensors.put(p.name(), Tensors.floats(p.values(), p.shape())));
      hypernetwork.addTask(5).forEach(p -> tensors.put(p.name(), Tensors.floats(p.values(), p.shape())));
      for (Tensor weights : hypernetwork.weights(tensors)) {
        assertEquals(2.0 / 61, weights.narrow(0, 0, 61 * 30).square().mean().item_double(), 0.3 * 2 / 61);
        assertEquals(2.0 / 31, weights.narrow(0, 61 * 30, 31 * 30).square().mean().item_double(), 0.3 * 2 / 31);
      }
    }
  }
}
