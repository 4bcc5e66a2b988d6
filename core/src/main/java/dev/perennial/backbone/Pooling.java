package dev.perennial.backbone;

import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** How the features of a text are made of those of its tokens. */
enum Pooling {

  /** Their mean, padding left out, as in Sentence-BERT (arXiv 1908.10084). */
  MEAN {
    @Override
    Tensor pool(Tensor hidden, TokenBatch batch) {
      if (batch.packing() != null) {
        return torch.mm(meansOfPacked(batch.lengths(), (int) hidden.size(1)), hidden.squeeze(0));
      }
      float[] weights = new float[batch.rows() * batch.length()];
      for (int row = 0; row < batch.rows(); row++) {
        int tokens = batch.tokens(row);
        for (int i = 0; i < tokens; i++) {
          weights[row * batch.length() + i] = 1f / tokens;
        }
      }
      return torch.bmm(Tensors.floats(weights, batch.rows(), 1, batch.length()), hidden).squeeze(1);
    }

    private Tensor meansOfPacked(int[] lengths, int tokens) {
      float[] weights = new float[lengths.length * tokens];
      int token = 0;
      for (int row = 0; row < lengths.length; row++) {
        Arrays.fill(weights, row * tokens + token, row * tokens + token + lengths[row], 1f / lengths[row]);
        token += lengths[row];
      }
      return Tensors.floats(weights, lengths.length, tokens);
    }
  },

  /** The first of them, which is the {@code [CLS]} token, as in BGE (arXiv 2309.07597). */
  CLS {
    @Override
    Tensor pool(Tensor hidden, TokenBatch batch) {
      if (batch.packing() == null) {
        return hidden.select(1, 0);
      }
      long[] first = new long[batch.rows()];
      for (int row = 1; row < first.length; row++) {
        first[row] = first[row - 1] + batch.tokens(row - 1);
      }
      return Tensors.rows(hidden.squeeze(0), first);
    }
  };

  /** From {@code [rows, length, hidden]}, or packed {@code [1, tokens, hidden]}, to {@code [rows, hidden]}. */
  abstract Tensor pool(Tensor hidden, TokenBatch batch);
}
