package dev.perennial.learn;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.data.Input;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/**
 * A backbone over a frozen one, whose passes know features of their rows that were computed once for an input. It holds
 * nothing of the other's, and need not be closed.
 */
public abstract class FeatureBackbone implements Backbone {

  private final LearnerContext inner;
  private final int known;
  /** Of the rows that were prepared last, which are the only ones that go through before others are prepared. */
  private Map<Row, float[]> prepared = Map.of();

  /**
   * @param inner context of the frozen backbone
   * @param known features that a pass knows of each row
   */
  protected FeatureBackbone(LearnerContext inner, int known) {
    this.inner = inner;
    this.known = known;
  }

  /** What is known of inputs, {@code [inputs, known]}, in the open scope. Not for workers. */
  public abstract Tensor features(List<? extends Input> inputs);

  /** A context for a learner on this backbone. */
  public final LearnerContext context() {
    return inner.on(this);
  }

  /** That of the frozen one. */
  protected final LearnerContext inner() {
    return inner;
  }

  /**
   * What is known of rows of a pass, {@code [rows, known]}, in the open scope.
   *
   * @throws IllegalStateException if one of them is not of the rows that were prepared last
   */
  protected final Tensor known(List<Row> rows) {
    float[] all = new float[rows.size() * known];
    for (int row = 0; row < rows.size(); row++) {
      float[] own = prepared.get(rows.get(row));
      if (own == null) {
        throw new IllegalStateException("rows are prepared before they go through");
      }
      System.arraycopy(own, 0, all, row * known, known);
    }
    return Tensors.floats(all, rows.size(), known);
  }

  @Override
  public final String name() {
    return inner.backbone().name();
  }

  /** That of the other: bricks fit what they were made for. */
  @Override
  public final String digest() {
    return inner.backbone().digest();
  }

  @Override
  public final int width() {
    return known;
  }

  @Override
  public final int blocks() {
    return inner.backbone().blocks();
  }

  /** None: what acts is the technique's. */
  @Override
  public final List<Site> sites() {
    return List.of();
  }

  /** Those whose passes may be made until others are prepared. */
  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    float[] all = Tensors.toFloats(features(inputs));
    List<Row> rows = inputs.stream().map(inner.cache()::row).toList();
    var fresh = new IdentityHashMap<Row, float[]>();
    for (int row = 0; row < rows.size(); row++) {
      fresh.put(rows.get(row), Arrays.copyOfRange(all, row * known, (row + 1) * known));
    }
    prepared = fresh;
    return rows;
  }

  @Override
  public final void close() {}
}
