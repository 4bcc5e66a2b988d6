package dev.perennial.engine;

import dev.perennial.brick.SavedBrick;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A linear head that was learned with a brick, as native tensors: {@code logits = W f + b}.
 *
 * @param weight {@code [classes, width]}
 * @param bias {@code [classes]}
 */
record LinearScores(Tensor weight, Tensor bias) {

  /** Copies of a head's tensors in the open scope. */
  static LinearScores of(SavedBrick.Head head) {
    TensorData bias = head.bias();
    return new LinearScores(Tensors.copyOf(head.weight()),
        bias == null ? Tensors.zeros(head.classes().size()) : Tensors.copyOf(bias));
  }

  /** The same, kept by an owner. */
  LinearScores keptBy(TensorOwner owner) {
    return new LinearScores(owner.keep(weight), owner.keep(bias));
  }

  /** {@code [rows, classes]} of {@code [rows, width]}. */
  Tensor of(Tensor features) {
    return torch.addmm(bias, features, weight.t());
  }
}
