package dev.perennial.brick;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;

/** Random rows with labels, and the ridge regression on them, in plain Java. */
record RidgeRows(int features, int classes, float[] inputs, long[] labels) {

  static RidgeRows of(int features, int rows, int classes) {
    var random = CounterRandom.of(19, features, rows);
    float[] inputs = new float[rows * features];
    for (int i = 0; i < inputs.length; i++) {
      inputs[i] = (float) Math.max(0, random.gaussian(i) + 0.3);
    }
    long[] labels = new long[rows];
    for (int row = 0; row < rows; row++) {
      labels[row] = random.below(-1 - row, classes);
    }
    return new RidgeRows(features, classes, inputs, labels);
  }

  Tensor inputs(int from, int to) {
    return Tensors.floats(Arrays.copyOfRange(inputs, from * features, to * features), to - from, features);
  }

  long[] labels(int from, int to) {
    return Arrays.copyOfRange(labels, from, to);
  }

  double[] oneHot() {
    double[] oneHot = new double[labels.length * classes];
    for (int row = 0; row < labels.length; row++) {
      oneHot[row * classes + (int) labels[row]] = 1;
    }
    return oneHot;
  }

  /** Solves the normal equations by Gaussian elimination with pivots: {@code [features, classes]}, row by row. */
  double[] solved(double ridge) {
    double[][] system = new double[features][features + classes];
    double trace = 0;
    for (int row = 0; row < labels.length; row++) {
      for (int i = 0; i < features; i++) {
        double x = inputs[row * features + i];
        for (int j = 0; j < features; j++) {
          system[i][j] += x * inputs[row * features + j];
        }
        system[i][features + (int) labels[row]] += x;
        trace += x * x;
      }
    }
    for (int i = 0; i < features; i++) {
      system[i][i] += ridge * trace / features;
    }
    for (int column = 0; column < features; column++) {
      int pivot = column;
      for (int i = column; i < features; i++) {
        pivot = Math.abs(system[i][column]) > Math.abs(system[pivot][column]) ? i : pivot;
      }
      double[] held = system[pivot];
      system[pivot] = system[column];
      system[column] = held;
      for (int i = 0; i < features; i++) {
        if (i != column) {
          double factor = system[i][column] / held[column];
          for (int j = column; j < features + classes; j++) {
            system[i][j] -= factor * held[j];
          }
        }
      }
    }
    double[] solution = new double[features * classes];
    for (int i = 0; i < features; i++) {
      for (int c = 0; c < classes; c++) {
        solution[i * classes + c] = system[i][features + c] / system[i][i];
      }
    }
    return solution;
  }

  /** |a - b| / |a|. */
  static double relativeDifference(double[] a, double[] b) {
    if (a.length != b.length) {
      throw new AssertionError("expected " + a.length + " numbers, got " + b.length);
    }
    double difference = 0;
    double length = 0;
    for (int i = 0; i < a.length; i++) {
      difference += (a[i] - b[i]) * (a[i] - b[i]);
      length += a[i] * a[i];
    }
    return Math.sqrt(difference / length);
  }
}
