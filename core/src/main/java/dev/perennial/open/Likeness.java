package dev.perennial.open;

import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * An input's place is what the last blocks of the frozen network make of it, each brought to length 1, side by side:
 *
 *   u = (h_1 / |h_1|, ..., h_L / |h_L|)      likeness(a, b) = cos(u_a - m, u_b - m)
 *
 * with m the mean of inputs of known classes. Kept are the sum of the u, and the sum of the likenesses of held-back rows of
 * the same class, each experience's around the mean as it was then.
 */
/** How much inputs are like each other, and how much those of one class are. */
final class Likeness {

  /** As many as analytic heads use. */
  private static final int LEVELS = 3;

  private final LearnerContext context;
  private final int levels;
  private final double[] sum;
  private double rows;
  private double likeness;
  private double pairs;

  Likeness(LearnerContext context) {
    this.context = context;
    this.levels = Math.min(LEVELS, context.backbone().blocks());
    this.sum = new double[levels * context.backbone().width()];
  }

  /** Takes in rows of known classes. O(rows² width). */
  void add(List<Example> examples) {
    float[][] own = units(examples.stream().map(Example::input).toList());
    for (float[] unit : own) {
      for (int i = 0; i < sum.length; i++) {
        sum[i] += unit[i];
      }
    }
    rows += own.length;
    float[][] places = centred(own);
    for (int a = 0; a < own.length; a++) {
      for (int b = 0; b < a; b++) {
        if (examples.get(a).label().equals(examples.get(b).label())) {
          likeness += dot(places[a], places[b]);
          pairs++;
        }
      }
    }
  }

  private static double dot(float[] a, float[] b) {
    double dot = 0;
    for (int i = 0; i < a.length; i++) {
      dot += (double) a[i] * b[i];
    }
    return dot;
  }

  /** The mean likeness of two rows of the same class; 0 while there were none. */
  double withinClass() {
    return pairs == 0 ? 0 : likeness / pairs;
  }

  /** The places of inputs around the mean, of length 1: their products are the likenesses. {@code [inputs][width]}. */
  float[][] places(List<? extends Input> inputs) {
    return centred(units(inputs));
  }

  private float[][] units(List<? extends Input> inputs) {
    Tensor features = context.cache().features(inputs, FeatureCache.Frozen.BACKBONE, levels);
    int width = context.backbone().width();
    float[] flat = Tensors.toFloats(torch.normalize(features.reshape(-1, width)));
    float[][] units = new float[inputs.size()][sum.length];
    for (int row = 0; row < units.length; row++) {
      System.arraycopy(flat, row * sum.length, units[row], 0, sum.length);
    }
    return units;
  }

  private float[][] centred(float[][] units) {
    float[][] places = new float[units.length][sum.length];
    for (int row = 0; row < units.length; row++) {
      double squares = 0;
      for (int i = 0; i < sum.length; i++) {
        double place = units[row][i] - (rows > 0 ? sum[i] / rows : 0);
        places[row][i] = (float) place;
        squares += place * place;
      }
      double length = Math.sqrt(squares);
      for (int i = 0; i < sum.length && length > 0; i++) {
        places[row][i] = (float) (places[row][i] / length);
      }
    }
    return places;
  }

  /** How many {@link #numbers} there are. */
  int length() {
    return sum.length + 3;
  }

  /** All of it, to be kept. */
  double[] numbers() {
    double[] numbers = new double[length()];
    System.arraycopy(sum, 0, numbers, 3, sum.length);
    numbers[0] = rows;
    numbers[1] = likeness;
    numbers[2] = pairs;
    return numbers;
  }

  /** Takes over what {@link #numbers} gave. */
  void restore(double[] numbers) {
    rows = numbers[0];
    likeness = numbers[1];
    pairs = numbers[2];
    System.arraycopy(numbers, 3, sum, 0, sum.length);
  }
}
