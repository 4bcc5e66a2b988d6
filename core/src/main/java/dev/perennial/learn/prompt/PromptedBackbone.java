package dev.perennial.learn.prompt;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.data.Input;
import dev.perennial.learn.FeatureBackbone;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Parameters;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A frozen encoder whose virtual tokens depend on the row: on its query, the features that the encoder alone gives it.
 *
 * <p>The parameters are the technique's prompts.
 */
class PromptedBackbone extends FeatureBackbone {

  private final Prompts prompts;

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
    super(inner, inner.backbone().width());
    this.prompts = prompts;
    if (inner.backbone().tokenWidth() == 0) {
      throw new UsageException("expected a backbone of tokens for technique " + technique + ", got "
          + inner.backbone().name() + ": choose a backbone for texts, or another technique");
    }
  }

  /** The queries of inputs, {@code [inputs, width]}, of length 1. Not for workers. */
  @Override
  public final Tensor features(List<? extends Input> inputs) {
    return queries(inner(), inputs);
  }

  /** The same from a context of the encoder. */
  static Tensor queries(LearnerContext inner, List<? extends Input> inputs) {
    return torch.normalize(inner.cache().features(inputs, FeatureCache.Frozen.BACKBONE));
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new PromptedPass(rows);
  }

  @Override
  public final void initialise(Parameters parameters) {
    prompts.addTo(parameters);
  }

  private final class PromptedPass implements Pass {

    private final List<Row> rows;
    private final Pass pass;
    private Adaptation acting = Adaptation.NONE;

    private PromptedPass(List<Row> rows) {
      this.rows = rows;
      this.pass = inner().backbone().pass(rows);
    }

    @Override
    public Tensor start() {
      return pass.start();
    }

    @Override
    public Tensor start(Adaptation adaptation) {
      acting = Adaptation.ofTokens(prompts.tokens(adaptation.weights(), known(rows)));
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
