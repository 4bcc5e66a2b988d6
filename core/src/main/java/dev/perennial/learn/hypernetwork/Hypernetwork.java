package dev.perennial.learn.hypernetwork;

import dev.perennial.tensor.CounterRandom;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A network that makes the weights of tasks' networks of embeddings that it has of the tasks.
 *
 * <p>Tasks are numbered in the order in which they came. What is called {@code tensors} are its parameters by name.
 */
interface Hypernetwork {

  /** A parameter at its initial values. */
  record Parameter(String name, float[] values, long... shape) {

    /** Normal values of mean 0. */
    static Parameter normal(String name, double deviation, CounterRandom random, long... shape) {
      long size = 1;
      for (long dimension : shape) {
        size = Math.multiplyExact(size, dimension);
      }
      float[] values = new float[Math.toIntExact(size)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) (deviation * random.gaussian(i));
      }
      return new Parameter(name, values, shape);
    }
  }

  /** The name of a task's embedding. */
  static String embedding(int task) {
    return "embedding." + task;
  }

  /** The name of the embeddings of the chunks of a task's output layer. */
  static String head(int task) {
    return "head." + task;
  }

  /** The tensor of that name. */
  static Tensor of(Map<String, Tensor> tensors, String name) {
    Tensor tensor = tensors.get(name);
    if (tensor == null) {
      throw new IllegalStateException("expected a parameter " + name + " among " + tensors.keySet());
    }
    return tensor;
  }

  /** Adds a task, and returns the parameters that come with it; the first brings those of all tasks. */
  List<Parameter> addTask(int classes);

  /** All that is generated for the tasks before {@code end}, flat: what later tasks must not change. */
  Tensor generated(Map<String, Tensor> tensors, int end);

  /**
   * The mean loss of a batch.
   *
   * @param rows {@code [rows, inputs]}
   * @param labels {@code [rows]}, the numbers of the classes within the task
   * @param progress the part of the experience that has been learned, 0 to 1
   */
  Tensor loss(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels, double progress);

  /** The weights that each task's network predicts with, flat. */
  List<Tensor> weights(Map<String, Tensor> tensors);

  /**
   * How far the label's logit is above all others, at least, whichever embedding of the task's region is taken:
   * {@code [rows]}.
   */
  Tensor margins(Map<String, Tensor> tensors, int task, Tensor rows, Tensor labels);
}
