package dev.perennial.brick;

import dev.perennial.tensor.TensorData;
import java.util.Arrays;

/*
 * AdaLoRA (arXiv 2303.10512), equations 8 to 11, with w the parameter and g its gradient at a step:
 *
 *   I = |w g|      S <- b1 S + (1 - b1) I      U <- b2 U + (1 - b2) |I - S|      s = S U
 *
 * where S in U is the one of the same step, as in the authors' code, and b1 = b2 = 0.85.
 */
/** How much the loss hangs on each of many parameters: their sensitivity, smoothed, times how uncertain that is. */
final class Importance {

  private static final double B1 = 0.85;
  private static final double B2 = 0.85;

  private final float[] sensitivity;
  private final float[] uncertainty;
  private float[] latest;

  Importance(int parameters) {
    sensitivity = new float[parameters];
    uncertainty = new float[parameters];
    latest = new float[parameters];
  }

  /** Notes values and gradients of a step, in the place of what was noted of it before. */
  void observe(float[] values, float[] gradients) {
    latest = new float[sensitivity.length];
    for (int i = 0; i < latest.length; i++) {
      latest[i] = Math.abs(values[i] * gradients[i]);
    }
  }

  /** Takes in what was noted last: once a step. */
  void step() {
    for (int i = 0; i < latest.length; i++) {
      sensitivity[i] = (float) (B1 * sensitivity[i] + (1 - B1) * latest[i]);
      uncertainty[i] = (float) (B2 * uncertainty[i] + (1 - B2) * Math.abs(latest[i] - sensitivity[i]));
    }
  }

  /** s of a parameter. */
  double score(int parameter) {
    return (double) sensitivity[parameter] * uncertainty[parameter];
  }

  /** S and U, {@code [2, parameters]}. */
  TensorData state() {
    float[] both = Arrays.copyOf(sensitivity, 2 * sensitivity.length);
    System.arraycopy(uncertainty, 0, both, sensitivity.length, uncertainty.length);
    return TensorData.of(both, 2, sensitivity.length);
  }

  /** Goes on from what {@link #state} gave, of as many parameters. */
  void restore(TensorData state) {
    float[] both = state.floats();
    System.arraycopy(both, 0, sensitivity, 0, sensitivity.length);
    System.arraycopy(both, sensitivity.length, uncertainty, 0, uncertainty.length);
  }
}
