package dev.perennial.backbone;

import org.bytedeco.pytorch.Tensor;

/** One batch of rows on its way through a backbone. Belongs to the thread and the scope that it was made in. */
public interface Pass {

  /** The input of the first block. Its first dimension is the rows. */
  Tensor start();

  /**
   * The same with the virtual tokens of an adaptation before those of the rows.
   *
   * @throws dev.perennial.UsageException if a row is longer than the backbone's positions then
   */
  default Tensor start(Adaptation adaptation) {
    return start();
  }

  /**
   * The input of block {@code to}, from that of block {@code from}.
   *
   * @param adaptation the bricks that act
   */
  Tensor advance(Tensor state, int from, int to, Adaptation adaptation);

  /** The features of each row, from what came out of any block: {@code [rows, width]}. */
  Tensor pool(Tensor state);

  /** The part of a block's input that belongs to one row, without padding, row-major. */
  float[] cut(float[] state, int row);

  /** A block's input put together from what {@link #cut} gave for each row of this pass. */
  Tensor join(float[][] states);
}
