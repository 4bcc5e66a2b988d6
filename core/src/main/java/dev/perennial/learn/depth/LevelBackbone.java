package dev.perennial.learn.depth;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen network whose features are what some of its blocks give, side by side. They are computed once for an input;
 * what is trained on it are the technique's own parameters.
 */
final class LevelBackbone implements Backbone {

  private final LearnerContext inner;
  private final int first;
  private final int last;
  private final Consumer<Parameters> initial;
  /** Of the rows that were prepared last, which are the only ones that go through before others are prepared. */
  private Map<Row, float[]> levels = Map.of();

  /**
   * @param first block whose features are taken, from 0
   * @param last block whose features are taken
   */
  LevelBackbone(LearnerContext inner, int first, int last, Consumer<Parameters> initial) {
    this.inner = inner;
    this.first = first;
    this.last = last;
    this.initial = initial;
  }

  LearnerContext context() {
    return new LearnerContext(this, inner.cache(), inner.workers(), inner.ledger(), inner.origin());
  }

  @Override
  public String name() {
    return inner.backbone().name();
  }

  @Override
  public String digest() {
    return inner.backbone().digest();
  }

  @Override
  public int width() {
    return inner.backbone().width() * (last - first + 1);
  }

  @Override
  public int blocks() {
    return inner.backbone().blocks();
  }

  @Override
  public List<Site> sites() {
    return List.of();
  }

  /** The features of inputs, {@code [inputs, width]}. Not for workers. */
  Tensor features(List<? extends Input> inputs) {
    int levels = blocks() - first;
    return inner.cache().features(inputs, FeatureCache.Frozen.BACKBONE, levels).narrow(1, 0, width()).contiguous();
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    float[] all = Tensors.toFloats(features(inputs));
    List<Row> rows = inputs.stream().map(inner.cache()::row).toList();
    var prepared = new IdentityHashMap<Row, float[]>();
    for (int row = 0; row < rows.size(); row++) {
      prepared.put(rows.get(row), Arrays.copyOfRange(all, row * width(), (row + 1) * width()));
    }
    levels = prepared;
    return rows;
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new LevelPass(rows);
  }

  @Override
  public void initialise(Parameters parameters) {
    initial.accept(parameters);
  }

  @Override
  public void close() {
    // The network belongs to whoever made it.
  }

  private final class LevelPass implements Pass {

    private final List<Row> rows;

    private LevelPass(List<Row> rows) {
      this.rows = rows;
    }

    @Override
    public Tensor start() {
      float[] all = new float[rows.size() * width()];
      for (int row = 0; row < rows.size(); row++) {
        float[] own = levels.get(rows.get(row));
        if (own == null) {
          throw new IllegalStateException("rows are prepared before they go through");
        }
        System.arraycopy(own, 0, all, row * width(), width());
      }
      return Tensors.floats(all, rows.size(), width());
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      return state;
    }

    @Override
    public Tensor pool(Tensor state) {
      return state;
    }

    @Override
    public float[] cut(float[] state, int row) {
      return Arrays.copyOfRange(state, row * width(), (row + 1) * width());
    }

    @Override
    public Tensor join(float[][] states) {
      float[] joined = new float[states.length * width()];
      for (int row = 0; row < states.length; row++) {
        System.arraycopy(states[row], 0, joined, row * width(), width());
      }
      return Tensors.floats(joined, states.length, width());
    }
  }
}
