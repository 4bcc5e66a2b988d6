package dev.perennial.learn.replay;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import org.junit.jupiter.api.Test;

final class HerdingTest {

  @Test
  void choices_anyFeatures_areThoseOfTheGreedyDefinition() {
    try (TensorScope scope = TensorScope.inference()) {
      for (int trial = 0; trial < 20; trial++) {
        int rows = 5 + trial;
        int width = 4;
        float[] features = new float[rows * width];
        for (int i = 0; i < features.length; i++) {
          features[i] = (float) (1 + CounterRandom.of(trial).gaussian(i));
        }
        List<Integer> choices = Herding.choices(Tensors.floats(features, rows, width), 6);
        assertEquals(naive(features, rows, width, 6), choices);
        assertEquals(Math.min(6, rows), new HashSet<>(choices).size());
      }
    }
  }

  private static List<Integer> naive(float[] features, int rows, int width, int count) {
    double[][] unit = new double[rows][width];
    double[] mean = new double[width];
    for (int row = 0; row < rows; row++) {
      double length = 0;
      for (int f = 0; f < width; f++) {
        length += (double) features[row * width + f] * features[row * width + f];
      }
      for (int f = 0; f < width; f++) {
        unit[row][f] = features[row * width + f] / Math.sqrt(length);
        mean[f] += unit[row][f] / rows;
      }
    }
    var chosen = new ArrayList<Integer>();
    for (int k = 1; k <= Math.min(count, rows); k++) {
      int best = -1;
      double least = Double.POSITIVE_INFINITY;
      for (int row = 0; row < rows; row++) {
        if (chosen.contains(row)) {
          continue;
        }
        double distance = 0;
        for (int f = 0; f < width; f++) {
          double sum = unit[row][f];
          for (int other : chosen) {
            sum += unit[other][f];
          }
          distance += (mean[f] - sum / k) * (mean[f] - sum / k);
        }
        if (distance < least) {
          least = distance;
          best = row;
        }
      }
      chosen.add(best);
    }
    return chosen;
  }
}
