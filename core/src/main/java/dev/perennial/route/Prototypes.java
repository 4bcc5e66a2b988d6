package dev.perennial.route;

import dev.perennial.UsageException;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Routing by prototypes: an input goes to the bricks one of whose prototypes, the means of the frozen features of their
 * tasks or classes, is nearest to its own features.
 *
 * <p>All prototypes are the rows of one matrix, so that an input costs one product: O(prototypes * width).
 *
 * <p>Source: nearest class means as in iCaRL (arXiv 1611.07725), with the brick of the class in the place of the class.
 */
public final class Prototypes implements Router, AutoCloseable {

  /*
   *   m_c = sum over examples i of class c of  x_i / |x_i|
   *   s_e = max over the classes c of brick e of  cos(x, m_c)
   *   w   = softmax over the best few of  s / temperature,  0 for the others
   */

  private final TensorOwner owner = new TensorOwner();
  private final Options options;
  private final int bricks;
  private final Tensor matrix;
  private final Tensor brickOf;

  /**
   * How it decides.
   *
   * @param top how many bricks act at most, at least 1; default 1
   * @param temperature the cosine is divided by, above 0; default 0.05
   */
  public record Options(int top, double temperature) {

    /** The nearest brick alone. */
    public static final Options DEFAULT = new Options(1, 0.05);

    /** Checks the ranges. */
    public Options {
      Ranges.require(top, temperature);
    }

    /** The same with so many bricks. */
    public Options withTop(int bricks) {
      return new Options(bricks, temperature);
    }
  }

  /**
   * A router over {@code bricks}, in that order; one without examples is never chosen.
   *
   * @throws UsageException if none of them has examples
   */
  public Prototypes(List<String> bricks, FeatureMeans means, Options options) {
    this.options = options;
    this.bricks = bricks.size();
    var rows = new ArrayList<FeatureMeans.Sum>();
    var owners = new ArrayList<Integer>();
    for (int brick = 0; brick < bricks.size(); brick++) {
      var sums = means.byBrick().get(bricks.get(brick));
      if (sums != null) {
        for (FeatureMeans.Sum sum : sums.values()) {
          rows.add(sum);
          owners.add(brick);
        }
      }
    }
    if (rows.isEmpty()) {
      throw new UsageException("expected examples of what at least one brick is for, got none among "
          + String.join(", ", bricks.subList(0, Math.min(5, bricks.size()))) + ": give some with bricks teach, or choose"
          + " another router, such as arrow");
    }
    int width = rows.getFirst().features().size();
    double[] flat = new double[rows.size() * width];
    for (int row = 0; row < rows.size(); row++) {
      List<Double> features = rows.get(row).features();
      for (int i = 0; i < width; i++) {
        flat[row * width + i] = features.get(i);
      }
    }
    try (TensorScope scope = TensorScope.inference()) {
      Tensor sums = Tensors.doubles(flat, rows.size(), width);
      matrix = owner.keep(torch.normalize(sums).to(torch.ScalarType.Float));
      brickOf = owner.keep(Tensors.longs(owners.stream().mapToLong(Integer::longValue).toArray(), 1, rows.size()));
    }
  }

  /**
   * {@inheritDoc}
   *
   * @param features of the backbone alone, {@code [rows, width]}
   */
  @Override
  public Tensor weights(Tensor features) {
    Tensor likeness = torch.mm(torch.normalize(features), matrix.t());
    Tensor nearest = Best.ofOwners(likeness, brickOf, bricks);
    return Best.softmax(nearest.div(new Scalar(options.temperature)), options.top);
  }

  @Override
  public void close() {
    owner.close();
  }
}
