package dev.perennial.data;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;

/**
 * The images of a dataset several times over, each time under another fixed permutation of their samples: the stream
 * that Permuted MNIST is. Source: Goodfellow et al., "An Empirical Investigation of Catastrophic Forgetting in
 * Gradient-Based Neural Networks", arXiv 1312.6211.
 */
public final class PermutedImages {

  /** The purpose of the random numbers that permute; the second number is the permutation's. */
  private static final long PERMUTED = 111;

  private PermutedImages() {}

  /**
   * Every row of every part, once a permutation; the rows of a permutation name it as their task. Takes memory in
   * proportion to the images.
   *
   * @param images of one shape
   * @param permutations how many, 1 or more; no image is left as it was, but by chance
   * @param seed the same seed gives the same permutations
   * @throws UsageException in one line, if there is a row that is no image, or of another shape
   */
  public static Dataset of(Dataset images, int permutations, long seed) {
    int samples = samples(images.train().getFirst());
    var train = new ArrayList<Example>(images.train().size() * permutations);
    var validation = new ArrayList<Example>();
    var test = new ArrayList<Example>();
    for (int i = 0; i < permutations; i++) {
      String task = "permutation " + (i + 1);
      int[] places = CounterRandom.of(seed, PERMUTED, i).permutation(samples);
      images.train().forEach(row -> train.add(permuted(row, places, task)));
      images.validation().forEach(row -> validation.add(permuted(row, places, task)));
      images.test().forEach(row -> test.add(permuted(row, places, task)));
    }
    return new Dataset(images.name() + ", permuted", train, validation, test, images.badRows());
  }

  private static Example permuted(Example row, int[] places, String task) {
    if (samples(row) != places.length) {
      throw new UsageException("expected images of one shape to permute, got some of " + places.length
          + " samples and some of " + samples(row) + ": use images of one shape");
    }
    Input.Image image = (Input.Image) row.input();
    byte[] moved = new byte[places.length];
    for (int i = 0; i < moved.length; i++) {
      moved[i] = image.samples()[places[i]];
    }
    return new Example(
        new Input.Image(image.channels(), image.height(), image.width(), moved), row.label(), task, row.order());
  }

  private static int samples(Example row) {
    if (row.input() instanceof Input.Image image) {
      return image.samples().length;
    }
    throw new UsageException("expected images to permute, got texts: name a directory of IDX images");
  }
}
