package dev.perennial.route;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.RandomProjection;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Routing by ridge regression: an input goes to the bricks one of whose classes a linear map of random features of the
 * frozen features finds. What it keeps are sums, so that bricks are added in any order, and none is forgotten.
 *
 * <p>An input costs O(levels * width * features + features * classes), solving O(features³ / 3), what is kept takes
 * 8 * features² * 9 / 16 bytes.
 *
 * <p>Source: the head of G-ACIL (arXiv 2403.15706), with the brick of the class in the place of the class.
 */
public final class Analytic implements Router, AutoCloseable {

  /*
   *   h   = relu(R x)                                  R random, x the features of the last blocks, each of length 1
   *   V   = (sum h h' + ridge * mean of its diagonal)^-1 sum h y'        y: 1 at the class of the example, else 0
   *   s_e = max over the classes c of brick e of  v_c . h
   *   w   = softmax over the best few of  s / temperature,  0 for the others
   */

  private static final long SEED = 1;
  private static final long PROJECTION = 31;

  private final TensorOwner owner = new TensorOwner();
  private final Options options;
  private final RandomProjection projection;
  private final int bricks;
  private final int top;
  private final Tensor solved;
  private final Tensor brickOf;

  /**
   * How it is laid out.
   *
   * @param features random features, at least 8; default 4096
   * @param levels how many of the last blocks' features it is given, at least 1; default 3
   * @param ridge share of the mean square of a feature, above 0; default 0.03
   * @param temperature the score is divided by, above 0; default 0.05
   */
  public record Options(int features, int levels, double ridge, double temperature) {

    /** Found on validation rows. */
    public static final Options DEFAULT = new Options(4096, 3, 0.03, 0.05);

    /** Checks the ranges. */
    public Options {
      Ranges.require(1, temperature);
      if (features < 8 || levels < 1 || !(ridge > 0)) {
        throw new UsageException("expected at least 8 features, 1 level and a ridge above 0, got features=" + features
            + ", levels=" + levels + ", ridge=" + ridge);
      }
    }
  }

  /**
   * V, solved for.
   *
   * @param columns what each column is for
   * @param weight {@code [features, columns]}, float32
   */
  public record Solved(List<Column> columns, TensorData weight) {

    /** Copies the columns. */
    public Solved {
      columns = List.copyOf(columns);
    }
  }

  /** A class of a brick. */
  public record Column(String brick, String label) {}

  /**
   * A router over {@code bricks}, in that order; one without examples is never chosen.
   *
   * @param width of the features of a block
   * @param top how many bricks act at most, at least 1
   * @throws UsageException if none of them has examples
   * @throws FailureException if the weight is of another size
   */
  public Analytic(List<String> bricks, Solved solved, Options options, int width, int top) {
    Ranges.require(top, options.temperature);
    if (!solved.weight.shape().equals(List.of((long) options.features, (long) solved.columns.size()))) {
      throw new FailureException("expected a weight [" + options.features + ", " + solved.columns.size()
          + "] of an analytic router, got " + solved.weight);
    }
    List<Column> known = solved.columns.stream().filter(column -> bricks.contains(column.brick)).toList();
    if (known.isEmpty()) {
      throw new UsageException("expected examples of what at least one brick is for, got none among "
          + String.join(", ", bricks.subList(0, Math.min(5, bricks.size()))) + ": give some with bricks teach, or choose"
          + " another router, such as arrow");
    }
    this.options = options;
    this.bricks = bricks.size();
    this.top = top;
    this.projection = projection(options, width);
    try (TensorScope scope = TensorScope.inference()) {
      long[] kept = known.stream().mapToLong(solved.columns::indexOf).toArray();
      this.solved = owner.keep(torch.index_select(Tensors.copyOf(solved.weight), 1, Tensors.longs(kept, kept.length)));
      brickOf = owner.keep(Tensors.longs(
          known.stream().mapToLong(column -> bricks.indexOf(column.brick)).toArray(), 1, kept.length));
    }
  }

  private static RandomProjection projection(Options options, int width) {
    return new RandomProjection(options.levels, width, options.features, CounterRandom.of(SEED, PROJECTION));
  }

  /**
   * {@inheritDoc}
   *
   * @param features of the last blocks of the backbone alone, the last block's last, {@code [rows, levels * width]}
   */
  @Override
  public Tensor weights(Tensor features) {
    Tensor scores = torch.mm(projection.apply(features), solved);
    return Best.softmax(Best.ofOwners(scores, brickOf, bricks).div(new Scalar(options.temperature)), top);
  }

  @Override
  public void close() {
    owner.close();
    projection.close();
  }

  /** What is kept of examples: sums, which add up over bricks and classes. */
  public static final class Sums implements AutoCloseable {

    private final RandomProjection projection;
    private final AnalyticHead head;
    private final List<Column> columns = new ArrayList<>();

    /**
     * Of no example.
     *
     * @param width of the features of a block
     */
    public Sums(Options options, int width, Workers workers) {
      projection = projection(options, width);
      head = new AnalyticHead(options.features, options.ridge, workers);
    }

    /**
     * Takes in examples of classes of a brick. O(examples * features²).
     *
     * @param labels one for each example
     * @param features {@code [examples, levels * width]}, of the backbone alone
     */
    public void add(String brick, List<String> labels, Tensor features) {
      long[] places = new long[labels.size()];
      for (int row = 0; row < places.length; row++) {
        var column = new Column(brick, labels.get(row));
        if (!columns.contains(column)) {
          columns.add(column);
        }
        places[row] = columns.indexOf(column);
      }
      head.grow(columns.size());
      head.add(projection.apply(features), places);
    }

    /** Solves for V. */
    public Solved solve() {
      head.solve();
      TensorData weight = head.weights().values().iterator().next();
      return new Solved(columns, TensorData.of(weight.floats(), weight.shape().get(0), weight.shape().get(1)));
    }

    /** The classes of bricks, in the order of their columns. */
    public List<Column> columns() {
      return List.copyOf(columns);
    }

    /** The sums by name. Views, valid until the next examples. */
    public Map<String, TensorData> tensors() {
      return head.statistics();
    }

    /**
     * Takes over sums of the same layout.
     *
     * @throws FailureException if they are not those of such a router
     */
    public void restore(List<Column> known, Map<String, TensorData> tensors) {
      TensorData moments = tensors.get("moments");
      if (moments == null || moments.shape().size() != 2 || moments.shape().getLast() != known.size()) {
        throw new FailureException("expected moments of " + known.size() + " classes of bricks, got " + moments);
      }
      float[] none = new float[Math.toIntExact(moments.shape().getFirst() * known.size())];
      head.restore(StatePart.of("sums", Combine.SUM, tensors), StatePart.of("solved", Combine.LATEST,
          Map.of("weight", TensorData.of(none, moments.shape().getFirst(), known.size()))));
      columns.clear();
      columns.addAll(known);
    }

    @Override
    public void close() {
      head.close();
      projection.close();
    }
  }
}
