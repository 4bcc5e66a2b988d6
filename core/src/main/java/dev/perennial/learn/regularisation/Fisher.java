package dev.perennial.learn.regularisation;

import dev.perennial.data.Example;
import dev.perennial.learn.Objective;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/*
 * Diagonal of the Fisher matrix, one row's part of it (On the Computation of the Fisher Information in Continual
 * Learning, arXiv 2502.11756, compares the forms):
 *   exact:      sum_c p(c | x) (d log p(c | x) / d w)²        p: the model's own distribution over the classes
 *   empirical:  (d log p(y | x) / d w)²                       y: the row's label
 */
/** How the diagonal of the Fisher matrix is taken. */
public enum Fisher {
  /** Over the classes as the model itself expects them: a gradient for each class of each row. */
  EXACT {
    @Override
    Tensor ofRow(Objective.Model model, Example row) {
      Tensor sum = Tensors.zeros(model.parameters().size());
      float[] probabilities = Tensors.toFloats(torch.softmax(model.logits(List.of(row)), 1));
      for (int c = 0; c < probabilities.length; c++) {
        long[] asIf = {c};
        Tensor gradient = model.gradient(List.of(row), part -> torch.cross_entropy_loss(
            part.logits(), Tensors.longs(asIf, 1), new TensorOptional(), 2, -100, 0));
        sum.addcmul_(gradient, gradient, new Scalar((double) probabilities[c]));
      }
      return sum;
    }
  },
  /** At the rows' labels: a gradient for each row. */
  EMPIRICAL {
    @Override
    Tensor ofRow(Objective.Model model, Example row) {
      return model.taskGradient(List.of(row)).square();
    }
  };

  /** The part of one row, flat as the parameters are. */
  abstract Tensor ofRow(Objective.Model model, Example row);
}
