package dev.perennial.route;

import org.bytedeco.pytorch.Tensor;

/** Decides which bricks act on an input, and with what weight. */
@FunctionalInterface
public interface Router {

  /**
   * The weights of the bricks, none negative, 0 for a brick that does not act.
   *
   * @param inputs one row for each input: its features {@code [rows, width]}, what a site is given {@code [rows, in]}, or
   *     the number of its task {@code [rows]}, int64, as the router says
   * @return {@code [rows, bricks]}, float32, in the open scope
   */
  Tensor weights(Tensor inputs);
}
