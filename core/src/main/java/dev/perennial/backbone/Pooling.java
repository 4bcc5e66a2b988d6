package dev.perennial.backbone;

import dev.perennial.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** How the features of a text are made of those of its tokens. */
enum Pooling {

  /** Their mean, padding left out, as in Sentence-BERT (arXiv 1908.10084). */
  MEAN {
    @Override
    Tensor pool(Tensor hidden, TokenBatch batch) {
      float[] weights = new float[batch.rows() * batch.length()];
      for (int row = 0; row < batch.rows(); row++) {
        int tokens = batch.tokens(row);
        for (int i = 0; i < tokens; i++) {
          weights[row * batch.length() + i] = 1f / tokens;
        }
      }
      return torch.bmm(Tensors.floats(weights, batch.rows(), 1, batch.length()), hidden).squeeze(1);
    }
  },

  /** The first of them, which is the {@code [CLS]} token, as in BGE (arXiv 2309.07597). */
  CLS {
    @Override
    Tensor pool(Tensor hidden, TokenBatch batch) {
      return hidden.select(1, 0);
    }
  };

  /** From {@code [rows, length, hidden]} to {@code [rows, hidden]}. */
  abstract Tensor pool(Tensor hidden, TokenBatch batch);
}
