package dev.perennial.learn.prompt;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A frozen encoder whose virtual tokens depend on the row: on its query, the features that the encoder alone gives it.
 *
 * <p>Queries are computed once for an input and cached. The parameters are the technique's prompts. It holds nothing of
 * the other backbone's, and need not be closed.
 */
final class PromptedBackbone implements Backbone {

  private final LearnerContext inner;
  private final Prompts prompts;
  /** Of the rows that were prepared last, which are the only ones that go through before others are prepared. */
  private Map<Row, float[]> queries = Map.of();

  /** The prompts that are trained, and which of them a row gets. */
  interface Prompts {

    /** Adds those that there are now, at their initial values. */
    void addTo(Parameters parameters);

    /**
     * The virtual tokens of some rows; called by several workers at once. While gradients are recorded, rows are those of
     * the experience that is being learned.
     *
     * @param trained the prompts by name
     * @param queries {@code [rows, width]}, of length 1
     */
    VirtualTokens tokens(Map<String, Tensor> trained, Tensor queries);
  }

  /**
   * An encoder with prompts.
   *
   * @throws UsageException if the backbone takes no virtual tokens
   */
  PromptedBackbone(String technique, LearnerContext inner, Prompts prompts) {
    this.inner = inner;
    this.prompts = prompts;
    if (inner.backbone().tokenWidth() == 0) {
      throw new UsageException("expected a backbone of tokens for technique " + technique + ", got "
          + inner.backbone().name() + ": choose a backbone for texts, or another technique");
    }
  }

  /** A context for a learner on this backbone. */
  LearnerContext context() {
    return new LearnerContext(this, inner.cache(), inner.workers(), inner.ledger(), inner.origin());
  }

  /** The queries of inputs, {@code [inputs, width]}, of length 1. Not for workers. */
  Tensor queries(List<? extends Input> inputs) {
    return torch.normalize(inner.cache().features(inputs, FeatureCache.Frozen.BACKBONE));
  }

  @Override
  public String name() {
    return inner.backbone().name();
  }

  /** That of the other. */
  @Override
  public String digest() {
    return inner.backbone().digest();
  }

  @Override
  public int width() {
    return inner.backbone().width();
  }

  @Override
  public int blocks() {
    return inner.backbone().blocks();
  }

  /** None: what acts is the technique's. */
  @Override
  public List<Site> sites() {
    return List.of();
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    float[] all = Tensors.toFloats(queries(inputs));
    List<Row> rows = inputs.stream().map(inner.cache()::row).toList();
    var prepared = new IdentityHashMap<Row, float[]>();
    for (int row = 0; row < rows.size(); row++) {
      prepared.put(rows.get(row), Arrays.copyOfRange(all, row * width(), (row + 1) * width()));
    }
    queries = prepared;
    return rows;
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new PromptedPass(rows);
  }

  @Override
  public void initialise(Parameters parameters) {
    prompts.addTo(parameters);
  }

  @Override
  public void close() {
    // The encoder belongs to whoever made it.
  }

  private final class PromptedPass implements Pass {

    private final List<Row> rows;
    private final Pass pass;
    private Adaptation acting = Adaptation.NONE;

    private PromptedPass(List<Row> rows) {
      this.rows = rows;
      this.pass = inner.backbone().pass(rows);
    }

    @Override
    public Tensor start() {
      return pass.start();
    }

    @Override
    public Tensor start(Adaptation adaptation) {
      float[] own = new float[rows.size() * width()];
      for (int row = 0; row < rows.size(); row++) {
        float[] query = queries.get(rows.get(row));
        if (query == null) {
          throw new IllegalStateException("rows are prepared before they go through");
        }
        System.arraycopy(query, 0, own, row * width(), width());
      }
      acting = Adaptation.ofTokens(prompts.tokens(adaptation.weights(), Tensors.floats(own, rows.size(), width())));
      return pass.start(acting);
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      return pass.advance(state, from, to, acting);
    }

    @Override
    public Tensor pool(Tensor state) {
      return pass.pool(state);
    }

    @Override
    public float[] cut(float[] state, int row) {
      return pass.cut(state, row);
    }

    @Override
    public Tensor join(float[][] states) {
      return pass.join(states);
    }
  }
}
