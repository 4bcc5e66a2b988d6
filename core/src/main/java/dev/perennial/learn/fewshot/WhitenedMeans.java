package dev.perennial.learn.fewshot;

import dev.perennial.FailureException;
import dev.perennial.brick.ClassMeans;
import dev.perennial.tensor.Cholesky;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * Class c has n_c rows of mean m_c and a name embedded as e_c; g and h are the means of all rows and, with the same weights
 * n_c, of all names; W = sum over rows (x - m_c)(x - m_c)' / (rows - classes) is the covariance within classes.
 *
 *   how far a name tells where its class lies:   b = sum_c n_c (m_c - g)·(e_c - h) / sum_c n_c |e_c - h|²
 *   how far off it is:                           r = sum_c n_c |m_c - g - b (e_c - h)|² / rows
 *   so that it counts as                         k = tr(W) / r  rows
 *   and the class lies at                        p_c = (n_c m_c + k (g + b (e_c - h))) / (n_c + k)
 *
 * which is the mean after the data where the classes are drawn from a normal distribution around what their names tell, of
 * variance r, and rows around their class, of variance tr(W). Names that tell nothing have b = 0: then p_c is m_c drawn
 * towards g, and its direction from g, which alone counts, is that of m_c. With A = (W + shrink tr(W) / width I)^-1
 *
 *   score_c(x) = (x - g)' A (p_c - g) / (|x - g|_A |p_c - g|_A)
 */
/** A head whose classes are means of rows and names, told apart by angle where rows of a class scatter alike in all directions. */
final class WhitenedMeans implements AutoCloseable {

  private static final String SQUARES = "squares";
  private static final String NAMES = "names";

  private final TensorOwner owner = new TensorOwner();
  private final long width;
  private final double shrink;
  private final ClassMeans rows;
  private Tensor squares;
  private Tensor names;
  private @Nullable Solved solved;

  /** What scores are made of: g, A, and {@code A (p_c - g) / |p_c - g|_A} in columns, all float32. */
  private record Solved(Tensor middle, Tensor inverse, Tensor classes) {}

  /**
   * A head of no class.
   *
   * @param width of its features
   * @param shrink above 0
   */
  WhitenedMeans(long width, double shrink) {
    this.width = width;
    this.shrink = shrink;
    this.rows = new ClassMeans(width);
    try (TensorScope scope = TensorScope.inference()) {
      squares = owner.keep(Tensors.doubleZeros(width, width));
      names = owner.keep(Tensors.doubleZeros(0, width));
    }
  }

  /** Makes room for classes of these names, {@code [classes, width]}; zeros where they tell nothing. */
  void grow(Tensor embedded) {
    forget();
    rows.grow(Math.toIntExact(rows.classes() + embedded.size(0)));
    names = owner.replace(names, Tensors.concat(0, names, embedded.to(torch.ScalarType.Double)));
  }

  /** Takes in rows, {@code [rows, width]}, of these classes. O(rows width²). */
  void add(Tensor batch, long[] labels) {
    forget();
    rows.add(batch, labels);
    Tensor exact = batch.to(torch.ScalarType.Double);
    squares.addmm_(exact.t(), exact);
  }

  private void forget() {
    Solved before = solved;
    if (before != null) {
      owner.release(before.middle);
      owner.release(before.inverse);
      owner.release(before.classes);
      solved = null;
    }
  }

  /** {@code [rows, classes]}, float32, of {@code [rows, width]}: cosines from -1 to 1, 0 for a class without rows. */
  Tensor scores(Tensor batch) {
    if (rows.classes() == 0) {
      return Tensors.zeros(batch.size(0), 0);
    }
    Solved now = solved;
    if (now == null) {
      now = solve();
      solved = now;
    }
    Tensor centred = batch.sub(now.middle);
    Tensor length = torch.mm(centred, now.inverse).mul(centred).sum(1).clamp_min(new Scalar(1e-12)).sqrt().unsqueeze(1);
    return torch.mm(centred, now.classes).div(length);
  }

  /** O(width³) for A. */
  private Solved solve() {
    try (TensorScope scope = TensorScope.inference()) {
      Tensor counts = rows.counts();
      double all = Math.max(1, counts.sum().item_double());
      Tensor weight = counts.unsqueeze(1);
      Tensor middle = rows.sums().sum(0).div(new Scalar(all));
      Tensor means = rows.sums().div(weight.clamp_min(new Scalar(1.0)));
      Tensor within = within(means, weight);
      double scatter = within.trace().item_double();
      Tensor inverse = inverse(within, scatter);
      Tensor places = places(means.sub(middle), weight, all, scatter);
      Tensor turned = torch.mm(inverse, places.t());
      Tensor length = turned.mul(places.t()).sum(0).clamp_min(new Scalar(1e-24)).sqrt();
      Tensor seen = counts.gt(new Scalar(0)).to(torch.ScalarType.Double);
      return new Solved(kept(middle), kept(inverse), kept(turned.div(length).mul(seen)));
    }
  }

  private Tensor kept(Tensor exact) {
    return owner.keep(exact.to(torch.ScalarType.Float));
  }

  private Tensor within(Tensor means, Tensor weight) {
    Tensor counts = rows.counts();
    double seen = counts.gt(new Scalar(0)).sum().item_double();
    double freedom = Math.max(1, counts.sum().item_double() - seen);
    return squares.sub(torch.mm(means.t(), means.mul(weight))).div(new Scalar(freedom));
  }

  private Tensor inverse(Tensor within, double scatter) {
    Tensor unit = torch.eye(width).to(torch.ScalarType.Double);
    // Rows that do not scatter, as one of each class, leave all directions alike.
    double diagonal = scatter > 1e-9 ? shrink * scatter / width : 1;
    return Cholesky.solve(within.add(unit.mul(new Scalar(diagonal))), unit, 1).orElseThrow(() -> new FailureException(
        "expected features whose covariance can be inverted, got some that cannot: give a larger --option shrink"));
  }

  /** {@code p_c - g}, {@code [classes, width]}, of {@code m_c - g}. */
  private Tensor places(Tensor means, Tensor weight, double all, double scatter) {
    Tensor told = names.sub(names.mul(weight).sum(0).div(new Scalar(all)));
    double spread = told.square().mul(weight).sum().item_double();
    double slope = spread > 0 ? told.mul(means).mul(weight).sum().item_double() / spread : 0;
    Tensor expected = told.mul(new Scalar(slope));
    double off = means.sub(expected).square().mul(weight).sum().item_double() / all;
    double worth = off > 0 ? scatter / off : 0;
    return means.mul(weight).add(expected.mul(new Scalar(worth))).div(weight.add(new Scalar(Math.max(worth, 1e-9))));
  }

  /** Numbers kept. */
  long parameters() {
    return parameters(width, rows.classes());
  }

  /** Bytes kept, and those of what scores are made of. */
  long bytes() {
    return bytes(width, rows.classes());
  }

  /** Numbers that a head of so many classes keeps. */
  static long parameters(long width, long classes) {
    return classes * (2 * width + 1) + width * width;
  }

  /** Bytes of a head of so many classes. */
  static long bytes(long width, long classes) {
    return Double.BYTES * parameters(width, classes) + Float.BYTES * (width * (width + classes + 1));
  }

  /** What adds up over rows. Views, valid until the next row. */
  Map<String, TensorData> statistics() {
    var all = new HashMap<>(rows.state());
    all.put(SQUARES, Tensors.view(squares));
    return all;
  }

  /** The names. A view, valid until the next class. */
  Map<String, TensorData> names() {
    return Map.of(NAMES, Tensors.view(names));
  }

  /**
   * Takes over what {@link #statistics} and {@link #names} gave.
   *
   * @throws FailureException if they are not those of a head of this width
   */
  void restore(StatePart statistics, StatePart named) {
    rows.restore(statistics);
    try (TensorScope scope = TensorScope.inference()) {
      forget();
      squares = owner.replace(squares, Tensors.copyOf(required(statistics, SQUARES, List.of(width, width))));
      names = owner.replace(names, Tensors.copyOf(required(named, NAMES, List.of((long) rows.classes(), width))));
    }
  }

  private static TensorData required(StatePart part, String name, List<Long> shape) {
    TensorData found = part.tensor(name);
    if (!found.shape().equals(shape)) {
      throw new FailureException("expected " + name + " of " + shape + " in the part " + part.name() + ", found " + found
          + ": the state is not one of this head over these features");
    }
    return found;
  }

  @Override
  public void close() {
    rows.close();
    owner.close();
  }
}
