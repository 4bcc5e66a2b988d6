package dev.perennial.learn.structure;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.data.Input;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A backbone as a technique makes it of another one: with parameters of the technique's own, which decide what acts on
 * the other. It holds nothing of the other's, and need not be closed.
 *
 * <p>Unlike other backbones it may change between the steps of its learner, never within one.
 */
abstract class MadeBackbone implements Backbone {

  private final Backbone inner;

  MadeBackbone(Backbone inner) {
    this.inner = inner;
  }

  /** What all of the inner backbone's blocks make of its start. */
  @FunctionalInterface
  interface Inner {

    /** Features with an adaptation acting, {@code [rows, width]}. */
    Tensor features(Adaptation adaptation);
  }

  /**
   * The features of some rows, {@code [rows, width]}.
   *
   * @param trained the parameters by name
   */
  abstract Tensor features(Map<String, Tensor> trained, Inner through);

  @Override
  public final String name() {
    return inner.name();
  }

  /** That of the other: bricks fit what they were made for. */
  @Override
  public final String digest() {
    return inner.digest();
  }

  @Override
  public int width() {
    return inner.width();
  }

  @Override
  public final int blocks() {
    return inner.blocks();
  }

  /** None: what acts at sites is the technique's. */
  @Override
  public final List<Site> sites() {
    return List.of();
  }

  @Override
  public final List<Row> prepare(List<? extends Input> inputs) {
    return inner.prepare(inputs);
  }

  @Override
  public final Pass pass(List<Row> rows) {
    return new MadePass(inner.pass(rows));
  }

  @Override
  public final void close() {}

  private final class MadePass implements Pass {

    private final Pass pass;

    private MadePass(Pass pass) {
      this.pass = pass;
    }

    @Override
    public Tensor start() {
      return pass.start();
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      if (from != 0 || to != blocks()) {
        throw new IllegalArgumentException("a made backbone goes through all of its blocks at once");
      }
      return features(adaptation.weights(), acting -> pass.pool(pass.advance(state, from, to, acting)));
    }

    @Override
    public Tensor pool(Tensor state) {
      return state;
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
