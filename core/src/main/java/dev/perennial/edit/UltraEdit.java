package dev.perennial.edit;

import dev.perennial.FailureException;
import dev.perennial.tensor.Cholesky;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * UltraEdit: Training-, Subject-, and Memory-Free Lifelong Editing in Large Language Models (arXiv 2505.14679).
 * A turn of edits with keys H [b, keys] and gradients G [b, outputs] of their losses changes the layer y = W' key by
 *
 *   v_i = -rate |h^_i|² g^_i          h^, g^ normalised over all edits so far, this turn's included
 *   ΔW  = (H' H + ridge I)^-1 H' V  = H' (H H' + ridge I)^-1 V
 *
 * and is forgotten. The second form is as small as the turn. Here the layer is one beside the head, and begins as 0.
 * With a margin the step is not rate |h^_i|² but the shortest along -g^_i after which the label leads by the margin, and
 * at least as large as steps are in the mean. What the layer adds to a text counts where it is at least the share recall of
 * that: what thousands of edits add to a text that is none of them is less, and left away.
 */
/** Closed-form edits of a readout, turn after turn: what is kept does not grow with them. */
final class UltraEdit implements AutoCloseable {

  /** A step is looked for among so many, each this much longer than the one before, from the first. */
  private static final int LENGTHS = 120;

  private static final double LONGER = 1.15;
  private static final double SHORTEST = 1e-4;

  private final TensorOwner owner = new TensorOwner();
  private final UltraEditOptions options;
  private final Readout readout;
  private final WideKeys keys;
  private final Tensor weight;
  private final LifelongNormalisation normalisation;
  private double reach;
  private long reached;

  /**
   * Begins with no edit, or goes on with those of a brick.
   *
   * @param readout stays its owner's
   */
  UltraEdit(Readout readout, UltraEditOptions options, @Nullable EditState before) {
    this.readout = readout;
    this.options = options;
    keys = new WideKeys(readout.width(), options.keys(), options.bandwidth(), options.keySeed());
    try (TensorScope scope = TensorScope.inference()) {
      weight = owner.keep(before == null
          ? Tensors.zeros(options.keys(), readout.outputs())
          : Tensors.copyOf(before.weight()));
      normalisation = before == null
          ? new LifelongNormalisation(options.keys() + readout.outputs())
          : LifelongNormalisation.of(before.statistics(), before.rows());
      reach = before == null ? 0 : before.reach();
      reached = before == null ? 0 : before.reached();
    }
  }

  /**
   * Makes the edits of a turn. O(turn * keys * (width + turn + outputs)).
   *
   * @param features {@code [edits, width]}
   * @param labels of which each edit's text must get one, as places among the classes
   */
  void turn(Tensor features, long[] labels) {
    Tensor key = keys.of(features);
    Tensor outputs = readout.outputs(features).add(shift(key));
    Tensor gradient = readout.gradient(outputs, labels);
    Tensor both = Tensors.concat(1, key, gradient).to(torch.ScalarType.Double);
    normalisation.add(both);
    Tensor normal = normalisation.apply(both);
    Tensor steps = options.margin() == 0
        ? steps(normal.narrow(1, 0, options.keys()), normal.narrow(1, options.keys(), readout.outputs()))
        : aimed(outputs, labels, normal.narrow(1, options.keys(), readout.outputs()));
    Tensor change = closedForm(key.to(torch.ScalarType.Double), steps, options.ridge());
    weight.add_(change.to(torch.ScalarType.Float));
  }

  /** What the layer adds to the vectors of texts, {@code [rows, outputs]}. */
  private Tensor shift(Tensor key) {
    Tensor shift = torch.mm(key, weight);
    return reached == 0 || options.recall() == 0
        ? shift
        : shift.mul(readout.size(shift).ge(new Scalar(options.recall() * reach)).to(torch.ScalarType.Float));
  }

  /** v of every edit, {@code [edits, outputs]}, float64. */
  private Tensor steps(Tensor normalKeys, Tensor normalGradients) {
    return normalGradients.mul(normalKeys.square().sum(new long[] {1}, true, torchType())).mul(
        new Scalar(-options.rate()));
  }

  private static org.bytedeco.pytorch.ScalarTypeOptional torchType() {
    return new org.bytedeco.pytorch.ScalarTypeOptional(torch.ScalarType.Double);
  }

  /**
   * The shortest steps against the normalised gradients after which every label leads by the margin; straight towards
   * the label where that leads nowhere, as for an edit that is the first of all.
   */
  private Tensor aimed(Tensor outputs, long[] labels, Tensor normalGradient) {
    double[] own = lengths(outputs, labels, normalGradient);
    Tensor towards = readout.towards(outputs, labels);
    double[] straight = lengths(outputs, labels, towards.neg());
    for (int i = 0; i < labels.length; i++) {
      // Where no step towards an embedding of a class reaches the margin, its end is the best there is.
      straight[i] = own[i] >= 0 ? 0 : straight[i] < 0 ? 1 : straight[i];
      own[i] = Math.max(0, own[i]);
    }
    return recalled(towards.to(torch.ScalarType.Double).mul(Tensors.doubles(straight, straight.length, 1))
        .sub(normalGradient.mul(Tensors.doubles(own, own.length, 1))));
  }

  /** The steps, those that are shorter than the mean of all so far made as long as that. */
  private Tensor recalled(Tensor steps) {
    double[] sizes = Tensors.toDoubles(readout.size(steps));
    for (double size : sizes) {
      if (size > 0) {
        reach += (size - reach) / ++reached;
      }
    }
    for (int i = 0; i < sizes.length; i++) {
      sizes[i] = sizes[i] > 0 && options.recall() > 0 ? Math.max(1, reach / sizes[i]) : 1;
    }
    return steps.mul(Tensors.doubles(sizes, sizes.length, 1));
  }

  /** For every edit the least length that reaches the margin, 0 where it is reached already, -1 where none does. */
  private double[] lengths(Tensor outputs, long[] labels, Tensor direction) {
    Tensor against = direction.to(torch.ScalarType.Float);
    double[] found = new double[labels.length];
    Arrays.fill(found, -1);
    for (int i = -1; i < LENGTHS; i++) {
      double length = i < 0 ? 0 : SHORTEST * Math.pow(LONGER, i);
      float[] logits = Tensors.toFloats(readout.logits(outputs.sub(against, new Scalar(length))));
      boolean all = true;
      int classes = readout.classes().size();
      for (int row = 0; row < labels.length; row++) {
        if (found[row] < 0 && lead(logits, row * classes, classes, (int) labels[row]) >= options.margin()) {
          found[row] = length;
        }
        all &= found[row] >= 0;
      }
      if (all) {
        break;
      }
    }
    return found;
  }

  private static double lead(float[] logits, int from, int classes, int label) {
    double others = Double.NEGATIVE_INFINITY;
    for (int c = 0; c < classes; c++) {
      others = c == label ? others : Math.max(others, logits[from + c]);
    }
    return logits[from + label] - others;
  }

  /**
   * {@code (H' H + ridge I)^-1 H' V}, {@code [keys, outputs]}, by the system of the rows.
   *
   * @param keys H, {@code [rows, keys]}, float64
   * @param values V, {@code [rows, outputs]}, float64
   */
  static Tensor closedForm(Tensor keys, Tensor values, double ridge) {
    Tensor gram = torch.mm(keys, keys.t()).contiguous();
    gram.diagonal().add_(new Scalar(ridge));
    Tensor solved = Cholesky.solve(gram, values, 1).orElseThrow(() -> new FailureException(
        "expected features of texts that edits can be solved for, and the matrix of their keys is not positive definite:"
            + " raise the ridge above " + ridge));
    return torch.mm(keys.t(), solved);
  }

  /** {@code [rows, classes]} with all edits so far. */
  Tensor logits(Tensor features) {
    return readout.logits(readout.outputs(features).add(shift(keys.of(features))));
  }

  /** A copy of what is kept. */
  EditState state() {
    return new EditState(
        TensorData.of(Tensors.toFloats(weight), weight.size(0), weight.size(1)), normalisation.statistics(),
        normalisation.rows(), reach, reached);
  }

  @Override
  public void close() {
    owner.close();
    keys.close();
  }
}
