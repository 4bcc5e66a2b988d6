package dev.perennial.learn.replay;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Part;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.pytorch.Tensor;

/** What the tests of replayed losses have in common: logits made by hand, and plain Java to hold the losses against. */
final class TwinLoss {

  static final GradientOptions TRAINING = new GradientOptions(
      2, 4, OptimiserOptions.sgd(0.05), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);

  /** A loss and its gradient with respect to the logits, row by row. */
  record Value(double loss, double[] gradient) {}

  private TwinLoss() {}

  /** The mean loss of a batch of which one worker has the rows at {@code positions}, at these logits. */
  static Value of(
      BiFunction<Batch, Part, Tensor> loss, Batch batch, int[] positions, long[] labels, float[][] logits) {
    try (TensorScope training = TensorScope.training()) {
      Tensor given = Tensors.floats(flat(logits), logits.length, logits[0].length).set_requires_grad(true);
      Tensor value = loss.apply(batch, new Part(batch.rows(), positions, labels, given, given));
      value.backward();
      double rows = batch.rows().size();
      double[] gradient = Tensors.toDoubles(given.grad());
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] /= rows;
      }
      return new Value(value.item_double() / rows, gradient);
    }
  }

  private static float[] flat(float[][] rows) {
    float[] flat = new float[rows.length * rows[0].length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(rows[i], 0, flat, i * rows[0].length, rows[0].length);
    }
    return flat;
  }

  /** Adds {@code weight} times the cross-entropy of one row among some classes to a gradient, and returns it. */
  static double crossEntropy(float[] logits, int label, List<Integer> among, double weight, double[] gradient, int at) {
    double sum = 0;
    for (int c : among) {
      sum += Math.exp(logits[c]);
    }
    for (int c : among) {
      gradient[at + c] += weight * (Math.exp(logits[c]) / sum - (c == label ? 1 : 0));
    }
    return weight * (Math.log(sum) - logits[label]);
  }

  static Example row(String text, int label) {
    return Example.of(text, "class-" + label);
  }
}
