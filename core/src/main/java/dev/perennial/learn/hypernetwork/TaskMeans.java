package dev.perennial.learn.hypernetwork;

import dev.perennial.FailureException;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The means of the rows of each task's classes: what tells tasks apart. */
final class TaskMeans {

  /** Of each task, a row of width sums and a count for each of its classes. */
  private final List<double[]> sums = new ArrayList<>();
  private final int width;

  /** Means of no task. */
  TaskMeans(int width) {
    this.width = width;
  }

  void addTask(int classes) {
    sums.add(new double[Math.multiplyExact(classes, width + 1)]);
  }

  /** Counts rows of the newest task, {@code [rows, width]}. */
  void add(float[] rows, long[] labels) {
    double[] newest = sums.getLast();
    for (int row = 0; row < labels.length; row++) {
      int start = (int) labels[row] * (width + 1);
      for (int i = 0; i < width; i++) {
        newest[start + i] += rows[row * width + i];
      }
      newest[start + width]++;
    }
  }

  /** The mean square distance of a row to the nearest of the task's classes; a class without rows is at 0. */
  double distance(int task, float[] rows, int row) {
    double[] of = sums.get(task);
    double least = Double.POSITIVE_INFINITY;
    for (int start = 0; start < of.length; start += width + 1) {
      double count = Math.max(1, of[start + width]);
      double sum = 0;
      for (int i = 0; i < width; i++) {
        double away = rows[row * width + i] - of[start + i] / count;
        sum += away * away;
      }
      least = Math.min(least, sum / width);
    }
    return least;
  }

  /** Bytes that means of so many classes take. */
  static long bytes(int classes, int width) {
    return (width + 1L) * classes * Double.BYTES;
  }

  /** Bytes of all. */
  long bytes() {
    return sums.stream().mapToLong(of -> (long) of.length * Double.BYTES).sum();
  }

  /** The name and the sums of each task. */
  void putInto(Map<String, TensorData> tensors) {
    for (int task = 0; task < sums.size(); task++) {
      tensors.put(name(task), TensorData.of(sums.get(task), sums.get(task).length));
    }
  }

  /**
   * Takes over the sums of the newest task.
   *
   * @throws FailureException if they are not those of its classes
   */
  void restoreNewest(Map<String, TensorData> tensors) {
    int task = sums.size() - 1;
    TensorData kept = tensors.get(name(task));
    if (kept == null || kept.shape().getFirst() != sums.get(task).length) {
      throw new FailureException("expected " + sums.get(task).length + " sums of task " + task
          + " in a learner's state, found " + kept + ": the state belongs to other options");
    }
    sums.set(task, kept.doubles());
  }

  private static String name(int task) {
    return "sums." + task;
  }
}
