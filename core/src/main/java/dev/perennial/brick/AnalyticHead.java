package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.tensor.Cholesky;
import dev.perennial.tensor.Exchange;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * G-ACIL: Analytic Learning for Exemplar-Free Generalized Class Incremental Learning (arXiv 2403.15706):
 *   W = (A + ridge * tr(A) / n * I)^-1 B      A = sum x xᵀ      B = sum x yᵀ      y one-hot
 *
 * The paper updates the inverse batch by batch with Woodbury's identity. Kept here are the sums themselves: the same
 * solution with less rounding, in any order and any split into batches, and two workers' heads add up to the head of
 * all their data. A is symmetric: of its row panels only what lies on and below the diagonal is kept and computed.
 */
/** A linear head whose weights are those of ridge regression on every row it was ever shown. */
public final class AnalyticHead implements AutoCloseable {

  /** Row panels of A. More of them save more of the upper half, and make smaller products. */
  private static final int PANELS = 8;

  private final int features;
  private final double ridge;
  private final Workers workers;
  private final TensorOwner owner = new TensorOwner();
  /** A by panels; empty until it is needed, which it never is for prediction alone. */
  private final List<Tensor> gram = new ArrayList<>();
  private boolean forgotten;
  private Tensor moments;
  private Tensor weights;
  private long rows;

  /**
   * @param features of an input, at least 1
   * @param ridge how much W is drawn to 0, above 0, as a share of the mean of A's diagonal
   */
  public AnalyticHead(int features, double ridge, Workers workers) {
    this.features = features;
    this.ridge = ridge;
    this.workers = workers;
    try (TensorScope scope = TensorScope.inference()) {
      moments = owner.keep(Tensors.doubleZeros(features, 0));
      weights = owner.keep(Tensors.zeros(features, 0));
    }
  }

  private List<Tensor> gram() {
    if (forgotten) {
      throw new IllegalStateException("this head was restored for prediction alone");
    }
    for (int panel = gram.size(); panel < PANELS; panel++) {
      gram.add(owner.keep(Tensors.doubleZeros(end(panel) - start(panel), end(panel))));
    }
    return gram;
  }

  private long start(int panel) {
    return (long) features * panel / PANELS;
  }

  private long end(int panel) {
    return start(panel + 1);
  }

  /** Makes room for classes that were not there before. They score 0 until the head is solved again. */
  public void grow(int classes) {
    long added = classes - moments.size(1);
    if (added > 0) {
      moments = owner.replace(moments, Tensors.concat(1, moments, Tensors.doubleZeros(features, added)).contiguous());
      weights = owner.replace(weights, Tensors.concat(1, weights, Tensors.zeros(features, added)).contiguous());
    }
  }

  /**
   * Takes in rows. O(rows * features²).
   *
   * @param inputs {@code [rows, features]}
   * @param labels their classes, each below what {@link #grow} was told
   */
  public void add(Tensor inputs, long[] labels) {
    add(inputs, labels, 1);
  }

  /**
   * Takes rows back that were taken in before: what is left is what it would be without them, to rounding. O(rows *
   * features²).
   *
   * @param inputs {@code [rows, features]}, as they were given to {@link #add}
   * @param labels their classes, as they were
   */
  public void remove(Tensor inputs, long[] labels) {
    add(inputs, labels, -1);
  }

  private void add(Tensor inputs, long[] labels, int sign) {
    Tensor x = inputs.to(torch.ScalarType.Double).contiguous();
    Tensor transposed = x.t().contiguous();
    if (sign < 0) {
      transposed.neg_();
    }
    List<Tensor> panels = gram();
    var tasks = new ArrayList<Callable<Integer>>();
    for (int index = PANELS - 1; index >= 0; index--) {
      int panel = index;
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          panels.get(panel).addmm_(
              transposed.narrow(0, start(panel), end(panel) - start(panel)), x.narrow(1, 0, end(panel)));
          return panel;
        }
      });
    }
    workers.run(tasks);
    moments.index_add_(1, Tensors.longs(labels, labels.length), transposed);
    rows += (long) sign * labels.length;
  }

  /**
   * Solves for W. O(features³ / 3).
   *
   * @throws FailureException if an input was not finite, or A + ridge is not positive definite in float64
   */
  public void solve() {
    solve(Exchange.ALONE);
  }

  /**
   * Solves for the W of the rows of all replicas, each of which calls this; the sums stay those of this one's rows.
   *
   * @throws FailureException as {@link #solve()}
   */
  public void solve(Exchange exchange) {
    weights = owner.replace(weights, solution(exchange).to(torch.ScalarType.Float).contiguous());
  }

  /** W in float64, {@code [features, classes]}, in the open scope. */
  Tensor solution() {
    return solution(Exchange.ALONE);
  }

  private Tensor solution(Exchange exchange) {
    Tensor full = Tensors.doubleZeros(features, features);
    for (int panel = 0; panel < PANELS; panel++) {
      full.narrow(0, start(panel), end(panel) - start(panel)).narrow(1, 0, end(panel)).copy_(gram().get(panel));
    }
    Tensor products = moments;
    if (exchange != Exchange.ALONE) {
      products = moments.clone();
      int lane = 0;
      while (!exchange.owns(lane)) {
        lane++;
      }
      exchange.sum(new TreeMap<>(Map.of(lane, full)), full);
      exchange.sum(new TreeMap<>(Map.of(lane, products)), products);
    }
    Tensor diagonal = full.diagonal();
    double shift = ridge * Math.max(diagonal.mean().item_double(), Double.MIN_NORMAL);
    if (!Double.isFinite(shift)) {
      throw new FailureException("expected finite features for the analytic head, and some of the " + rows
          + " rows that it took in have others: lower the learning rate of what they come from");
    }
    diagonal.add_(new Scalar(shift));
    return Cholesky.solve(full, products, workers.size()).orElseThrow(() -> new FailureException(
        "expected features that the analytic head can be solved for, and the matrix of their products is not positive"
            + " definite: raise the option ridge above " + ridge));
  }

  /** Forgets every row; the weights stay as they were last solved for. */
  public void clear() {
    gram().forEach(Tensor::zero_);
    moments.zero_();
    rows = 0;
  }

  /** {@code [rows, classes]} of {@code [rows, features]}, with the weights that were last solved for. */
  public Tensor scores(Tensor inputs) {
    return torch.mm(inputs, weights);
  }

  /** Rows taken in so far. */
  public long rows() {
    return rows;
  }

  /** Numbers in W. */
  public long parameters() {
    return weights.numel();
  }

  /** Bytes of the sums. */
  public long statisticsBytes() {
    long bytes = moments.nbytes();
    for (int panel = 0; panel < PANELS; panel++) {
      bytes += (end(panel) - start(panel)) * end(panel) * Double.BYTES;
    }
    return bytes;
  }

  /** The sums, which add up over workers. Views, valid until the next row. */
  public Map<String, TensorData> statistics() {
    var tensors = new TreeMap<String, TensorData>();
    for (int panel = 0; panel < PANELS; panel++) {
      tensors.put("gram." + panel, Tensors.view(gram().get(panel)));
    }
    tensors.put("moments", Tensors.view(moments));
    tensors.put("rows", TensorData.of(new long[] {rows}, 1));
    return tensors;
  }

  /** What prediction needs: W as it was last solved for. A view, valid until it is solved or grown again. */
  public Map<String, TensorData> weights() {
    return Map.of("weight", Tensors.view(weights));
  }

  /**
   * Takes over sums and weights.
   *
   * @throws FailureException if they are not those of a head over as many features
   */
  public void restore(StatePart statistics, StatePart solved) {
    TensorData oldMoments = statistics.tensor("moments");
    TensorData oldWeights = solved.tensor("weight");
    long classes = oldMoments.shape().isEmpty() ? 0 : oldMoments.shape().getLast();
    if (!oldMoments.shape().equals(List.of((long) features, classes)) || !oldWeights.shape().equals(oldMoments.shape())) {
      throw new FailureException("expected moments and weights of shape [" + features + ", classes] in the state of an"
          + " analytic head, found " + oldMoments + " and " + oldWeights);
    }
    for (int panel = 0; panel < PANELS; panel++) {
      Tensors.copyInto(gram().get(panel), statistics.tensor("gram." + panel), "gram." + panel);
    }
    moments = owner.replace(moments, Tensors.copyOf(oldMoments));
    weights = owner.replace(weights, Tensors.copyOf(oldWeights));
    rows = statistics.tensor("rows").longs()[0];
  }

  /**
   * Takes over weights without the sums that they came from: for prediction alone.
   *
   * @throws FailureException if they are not those of a head over as many features
   */
  public void restore(StatePart solved) {
    TensorData old = solved.tensor("weight");
    if (old.shape().size() != 2 || old.shape().getFirst() != features) {
      throw new FailureException("expected weights of shape [" + features + ", classes] in the state of an analytic head,"
          + " found " + old);
    }
    forgotten = true;
    weights = owner.replace(weights, Tensors.copyOf(old));
  }

  @Override
  public void close() {
    owner.close();
  }
}
