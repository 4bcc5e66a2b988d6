package dev.perennial.server.model;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.brick.RandomProjection;
import dev.perennial.data.Input;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The frozen way from a text to the features that heads see: a backbone, a brick that acts on it where there is one, and a
 * random projection of what its last blocks give. Models with the same one share their passes.
 *
 * <p>Nothing in it changes; safe for use by many threads, each within a scope of its own.
 *
 * @param backbone that all share
 * @param adaptation the brick that acts on it
 * @param levels how many of the last blocks' features the projection sees
 * @param projection of these
 */
public record Encoder(Backbone backbone, Adaptation adaptation, int levels, RandomProjection projection) {

  /**
   * What becomes of a batch.
   *
   * @param features {@code [rows, features]}, in the scope in which they were made
   * @param embeddings the last block's features, one row after another
   */
  public record Encoded(Tensor features, float[] embeddings) {

    /** The embedding of one row of so many. */
    public float[] embedding(int row, int rows) {
      int width = embeddings.length / rows;
      float[] one = new float[width];
      System.arraycopy(embeddings, row * width, one, 0, width);
      return one;
    }
  }

  /** Texts as the backbone takes them. */
  public List<Row> prepare(List<String> texts) {
    return backbone.prepare(texts.stream().map(Input.Text::new).toList());
  }

  /** One pass over a batch, on the calling thread, in the open scope. */
  public Encoded encode(List<Row> rows) {
    Adaptation acting = adaptation.forPass();
    Pass pass = backbone.passForScores(rows, acting);
    Tensor state = pass.start(acting);
    Tensor[] pooled = new Tensor[levels];
    int at = 0;
    for (int level = 0; level < levels; level++) {
      int end = backbone.blocks() - levels + 1 + level;
      state = pass.advance(state, at, end, acting);
      at = end;
      pooled[level] = pass.pool(state);
    }
    return new Encoded(projection.apply(Tensors.concat(1, pooled)), Tensors.toFloats(pooled[levels - 1]));
  }
}
