package dev.perennial.learn.fewshot;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/*
 * The selective state space of Mamba (arXiv 2312.00752), for each of E channels of a sequence u with N states, where
 * steps, writes and reads are made of the sequence itself:
 *   h_t = exp(step_t A) h_{t-1} + step_t write_t u_t        h_0 = 0
 *   y_t = read_t · h_t + skip u_t
 * A small step leaves the state as it is and hardly sees the input, a large one forgets the state for the input.
 */
/** A recurrence that chooses at each place of a sequence what to keep and what to forget. */
final class SelectiveScan {

  private SelectiveScan() {}

  /**
   * The outputs, {@code [rows, places, E]}, differentiable in everything. O(rows places E N).
   *
   * @param input u, {@code [rows, places, E]}
   * @param steps above 0, {@code [rows, places, E]}
   * @param decay A, below 0, {@code [E, N]}
   * @param writes {@code [rows, places, N]}
   * @param reads {@code [rows, places, N]}
   * @param skip {@code [E]}
   */
  static Tensor of(Tensor input, Tensor steps, Tensor decay, Tensor writes, Tensor reads, Tensor skip) {
    int places = (int) input.size(1);
    Tensor[] outputs = new Tensor[places];
    Tensor hidden = null;
    for (int t = 0; t < places; t++) {
      Tensor u = input.select(1, t);
      Tensor step = steps.select(1, t);
      Tensor taken = step.mul(u).unsqueeze(2).mul(writes.select(1, t).unsqueeze(1));
      hidden = hidden == null ? taken : torch.exp(step.unsqueeze(2).mul(decay)).mul(hidden).add(taken);
      outputs[t] = torch.matmul(hidden, reads.select(1, t).unsqueeze(2)).squeeze(2).add(u.mul(skip));
    }
    return torch.stack(new TensorVector(outputs), 1);
  }
}
