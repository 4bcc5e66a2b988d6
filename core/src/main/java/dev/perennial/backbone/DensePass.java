package dev.perennial.backbone;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Layers y = max(0, x W' + b), with rows of x as examples, and back through them:
 *   z = dy where y > 0, else 0        dW += z' x        db += the sum of z's rows        dx = z W
 */
/** A batch that went through linear layers with ReLU, each the input of the next. */
final class DensePass implements TrainedPass {

  private final List<DenseLayer> layers;
  private final Map<String, Tensor> weights;
  /** The input of each layer, and at the end what came out of the last. */
  private final List<Tensor> states = new ArrayList<>();

  /**
   * Goes through the layers.
   *
   * @param input {@code [rows, in]}
   * @param weights by name
   */
  DensePass(List<DenseLayer> layers, Map<String, Tensor> weights, Tensor input) {
    this.layers = layers;
    this.weights = weights;
    states.add(input);
    for (DenseLayer layer : layers) {
      Tensor linear = torch.mm(states.getLast(), weight(layer).t());
      states.add(linear.add_(named(weights, layer.weights().biasName())).relu_());
    }
  }

  private Tensor weight(DenseLayer layer) {
    return named(weights, layer.weights().weightName());
  }

  private static Tensor named(Map<String, Tensor> tensors, String name) {
    return Objects.requireNonNull(tensors.get(name), name);
  }

  @Override
  public Tensor features() {
    return states.getLast();
  }

  @Override
  public void addGradients(Tensor ofFeatures, Map<String, Tensor> gradients) {
    Tensor above = ofFeatures;
    var zero = new Scalar(0);
    for (int i = layers.size() - 1; i >= 0; i--) {
      DenseLayer layer = layers.get(i);
      Tensor linear = torch.threshold_backward(above, states.get(i + 1), zero);
      named(gradients, layer.weights().biasName()).add_(linear.sum(0));
      named(gradients, layer.weights().weightName()).addmm_(linear.t(), states.get(i));
      if (i > 0) {
        above = torch.mm(linear, weight(layer));
      }
    }
  }
}
