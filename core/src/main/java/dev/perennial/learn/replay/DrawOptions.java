package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;

/**
 * What a step is given of the memory.
 *
 * @param draw rows of a draw, 0 to 4096; default 0, which is as many as arrive
 * @param shift pixels by which a drawn image is moved at most, in both directions at random, 0 to 64; default 0. What
 *     comes in from the edge is 0. For images alone
 */
public record DrawOptions(int draw, int shift) {

  /** As many rows as arrive, as they were stored. */
  public static final DrawOptions NONE = new DrawOptions(0, 0);

  /** Checks the ranges. */
  public DrawOptions {
    if (draw < 0 || draw > 4096) {
      throw new UsageException("expected draw between 0 and 4096 rows, got " + draw);
    }
    if (shift < 0 || shift > 64) {
      throw new UsageException("expected shift between 0 and 64 pixels, got " + shift);
    }
  }

  /** Rows to draw beside so many that arrive. */
  int rows(int arriving) {
    return draw == 0 ? arriving : draw;
  }

  /**
   * An example that was drawn, moved if it is to be.
   *
   * @param random numbers of this draw
   * @param row of the draw
   */
  Example moved(Example example, CounterRandom random, int row) {
    if (shift == 0) {
      return example;
    }
    if (!(example.input() instanceof Input.Image image)) {
      throw new UsageException("expected images with shift=" + shift + ", got texts: leave shift out");
    }
    int right = random.below(2L * row, 2 * shift + 1) - shift;
    int down = random.below(2L * row + 1, 2 * shift + 1) - shift;
    return new Example(moved(image, right, down), example.label(), example.task(), example.order());
  }

  private static Input.Image moved(Input.Image image, int right, int down) {
    byte[] to = new byte[image.samples().length];
    int columns = Math.max(0, image.width() - Math.abs(right));
    for (int channel = 0; channel < image.channels(); channel++) {
      for (int y = Math.max(0, down); y < Math.min(image.height(), image.height() + down); y++) {
        int target = (channel * image.height() + y) * image.width() + Math.max(0, right);
        int source = (channel * image.height() + y - down) * image.width() + Math.max(0, -right);
        System.arraycopy(image.samples(), source, to, target, columns);
      }
    }
    return new Input.Image(image.channels(), image.height(), image.width(), to);
  }
}
