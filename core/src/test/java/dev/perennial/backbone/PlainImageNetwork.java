package dev.perennial.backbone;

import dev.perennial.data.Input;
import java.util.Map;
import java.util.Objects;

/** The networks for images as plain loops in float64: the twin that {@link ImageBackbone} is compared with. */
final class PlainImageNetwork {

  private PlainImageNetwork() {}

  /**
   * Features of an image.
   *
   * @param weights by name
   * @param nudged by name: the index of one weight, and what is added to it
   */
  static double[] features(Input.Image image, Map<String, float[]> weights, Map<String, double[]> nudged) {
    double[] state = new double[image.samples().length];
    for (int i = 0; i < state.length; i++) {
      state[i] = Byte.toUnsignedInt(image.samples()[i]) / 255.0;
    }
    int channels = image.channels();
    int height = image.height();
    int width = image.width();
    for (int layer = 0; weights.containsKey("conv." + layer + ".weight"); layer++) {
      double[] weight = nudge(weights, nudged, "conv." + layer + ".weight");
      double[] bias = nudge(weights, nudged, "conv." + layer + ".bias");
      state = pooled(convolved(state, channels, height, width, weight, bias), bias.length, height, width);
      channels = bias.length;
      height = (height + 1) / 2;
      width = (width + 1) / 2;
    }
    for (int layer = 0; weights.containsKey("linear." + layer + ".weight"); layer++) {
      double[] weight = nudge(weights, nudged, "linear." + layer + ".weight");
      double[] out = nudge(weights, nudged, "linear." + layer + ".bias");
      for (int i = 0; i < out.length; i++) {
        for (int j = 0; j < state.length; j++) {
          out[i] += weight[i * state.length + j] * state[j];
        }
        out[i] = Math.max(0, out[i]);
      }
      state = out;
    }
    return state;
  }

  private static double[] nudge(Map<String, float[]> weights, Map<String, double[]> nudged, String name) {
    float[] stored = Objects.requireNonNull(weights.get(name));
    double[] values = new double[stored.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = stored[i];
    }
    double[] nudge = nudged.get(name);
    if (nudge != null) {
      values[(int) nudge[0]] += nudge[1];
    }
    return values;
  }

  private static double[] convolved(
      double[] in, int channels, int height, int width, double[] weight, double[] bias) {
    double[] out = new double[bias.length * height * width];
    for (int filter = 0; filter < bias.length; filter++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          double sum = bias[filter];
          for (int channel = 0; channel < channels; channel++) {
            for (int dy = -1; dy <= 1; dy++) {
              for (int dx = -1; dx <= 1; dx++) {
                if (y + dy >= 0 && y + dy < height && x + dx >= 0 && x + dx < width) {
                  sum += weight[((filter * channels + channel) * 3 + dy + 1) * 3 + dx + 1]
                      * in[(channel * height + y + dy) * width + x + dx];
                }
              }
            }
          }
          out[(filter * height + y) * width + x] = Math.max(0, sum);
        }
      }
    }
    return out;
  }

  private static double[] pooled(double[] in, int channels, int height, int width) {
    int outHeight = (height + 1) / 2;
    int outWidth = (width + 1) / 2;
    double[] out = new double[channels * outHeight * outWidth];
    for (int channel = 0; channel < channels; channel++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          int target = (channel * outHeight + y / 2) * outWidth + x / 2;
          out[target] = Math.max(out[target], in[(channel * height + y) * width + x]);
        }
      }
    }
    return out;
  }
}
