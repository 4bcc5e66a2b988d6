package dev.perennial.learn.depth;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.data.Input;
import dev.perennial.learn.FeatureBackbone;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen network whose features are what some of its blocks give, side by side. They are computed once for an input;
 * what is trained on it are the technique's own parameters.
 */
final class LevelBackbone extends FeatureBackbone {

  private final int first;
  private final Consumer<Parameters> initial;

  /**
   * @param first block whose features are taken, from 0
   * @param last block whose features are taken
   */
  LevelBackbone(LearnerContext inner, int first, int last, Consumer<Parameters> initial) {
    super(inner, inner.backbone().width() * (last - first + 1));
    this.first = first;
    this.initial = initial;
  }

  /** The features of inputs, {@code [inputs, width]}. Not for workers. */
  @Override
  public Tensor features(List<? extends Input> inputs) {
    int levels = blocks() - first;
    return inner().cache().features(inputs, FeatureCache.Frozen.BACKBONE, levels).narrow(1, 0, width()).contiguous();
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new LevelPass(rows);
  }

  @Override
  public void initialise(Parameters parameters) {
    initial.accept(parameters);
  }

  private final class LevelPass implements Pass {

    private final List<Row> rows;

    private LevelPass(List<Row> rows) {
      this.rows = rows;
    }

    @Override
    public Tensor start() {
      return known(rows);
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
