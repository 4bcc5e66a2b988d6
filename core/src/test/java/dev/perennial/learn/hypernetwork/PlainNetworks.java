package dev.perennial.learn.hypernetwork;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What hypernetworks and the networks that they generate compute, in plain loops of doubles. */
final class PlainNetworks {

  private PlainNetworks() {}

  /** The flat weights that chunks of numbers make. */
  static double[] weights(TargetNetwork target, double[][] chunks, int classes) {
    double[] weights = new double[numbers(target, classes)];
    int next = 0;
    int chunk = 0;
    for (int l = 0; l <= target.layers(); l++) {
      int in = (l == 0 ? target.inputs() : target.hidden()) + 1;
      int count = in * (l == target.layers() ? classes : target.hidden());
      for (int i = 0; i < count; i++) {
        weights[next++] = chunks[chunk + i / target.chunk()][i % target.chunk()]
            * Math.sqrt((target.inputs() + 1.0) / in);
      }
      chunk += (count + target.chunk() - 1) / target.chunk();
    }
    return weights;
  }

  private static int numbers(TargetNetwork target, int classes) {
    int hidden = target.hidden();
    return (target.inputs() + 1) * hidden + (target.layers() - 1) * (hidden + 1) * hidden + (hidden + 1) * classes;
  }

  /** The logits of one row. */
  static double[] logits(TargetNetwork target, double[] weights, double[] row, int classes) {
    double[] state = row;
    int next = 0;
    for (int l = 0; l <= target.layers(); l++) {
      double[] output = new double[l == target.layers() ? classes : target.hidden()];
      for (int o = 0; o < output.length; o++) {
        for (double input : state) {
          output[o] += weights[next++] * (l == 0 ? input : Math.max(0, input));
        }
        output[o] += weights[next++];
      }
      state = output;
    }
    return state;
  }

  /** The weights of a task that one embedding of an interval hypernetwork gives. */
  static double[] ofEmbedding(
      TargetNetwork target, Map<String, Tensor> tensors, int task, double[] embedding, int classes) {
    double[] ofTask = doubles(tensors, "hidden.task");
    double[] ofChunk = doubles(tensors, "hidden.chunk");
    double[] bias = doubles(tensors, "hidden.bias");
    double[] output = doubles(tensors, "output");
    double[] chunks = doubles(tensors, "chunks");
    double[] head = doubles(tensors, "head." + task);
    int width = embedding.length;
    int units = bias.length;
    double[][] generated = new double[(chunks.length + head.length) / width][target.chunk()];
    for (int s = 0; s < generated.length; s++) {
      double[] hidden = new double[units];
      for (int u = 0; u < units; u++) {
        hidden[u] = bias[u];
        for (int i = 0; i < width; i++) {
          int place = s * width + i;
          double chunk = place < chunks.length ? chunks[place] : head[place - chunks.length];
          hidden[u] += ofTask[u * width + i] * embedding[i] + ofChunk[u * width + i] * chunk;
        }
      }
      for (int c = 0; c < target.chunk(); c++) {
        for (int u = 0; u < units; u++) {
          generated[s][c] += output[c * units + u] * Math.tanh(hidden[u]) / Math.sqrt(units);
        }
      }
    }
    return weights(target, generated, classes);
  }

  static double[] doubles(Map<String, Tensor> tensors, String name) {
    return Tensors.toDoubles(Hypernetwork.of(tensors, name));
  }

  /** A tensor of random values for each parameter of tasks of so many classes. */
  static Map<String, Tensor> drawn(Hypernetwork hypernetwork, long seed, int... classes) {
    var tensors = new LinkedHashMap<String, Tensor>();
    for (int of : classes) {
      for (Hypernetwork.Parameter parameter : hypernetwork.addTask(of)) {
        tensors.put(parameter.name(), normal(CounterRandom.of(seed, tensors.size()), parameter.shape()));
      }
    }
    return tensors;
  }

  /** Normal numbers, float64. */
  static Tensor normal(CounterRandom random, long... shape) {
    int size = 1;
    for (long dimension : shape) {
      size *= (int) dimension;
    }
    double[] values = new double[size];
    for (int i = 0; i < size; i++) {
      values[i] = random.gaussian(i);
    }
    return Tensors.doubles(values, shape);
  }
}
