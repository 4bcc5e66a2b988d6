package dev.perennial.learn.analytic;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache.Frozen;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class RandomPatchesTest {

  private static final CounterRandom FILTERS = CounterRandom.of(3, 1);

  @Test
  void of_images_isThatOfLoopsOverPatchesAndCells() {
    // 7 positions down in 4 cells, so that cells overlap; 5 across. Two channels.
    List<Input.Image> images = images(35, 2, 12, 10);
    int features = 30;
    for (int threads : List.of(1, 3)) {
      float[] expected = plain(images, features);
      float[] got = features(images, features, threads);
      assertArrayEquals(expected, got, 1e-5f);
    }
  }

  @Test
  void of_anyThreads_areTheSameBits() {
    List<Input.Image> images = images(50, 1, 9, 9);
    assertArrayEquals(features(images, 24, 1), features(images, 24, 4));
  }

  @Test
  void of_brighterImage_isTheSame() {
    byte[] samples = new byte[100];
    byte[] brighter = new byte[100];
    for (int i = 0; i < 100; i++) {
      int sample = 200 * FILTERS.below(1_000 + i, 2);
      samples[i] = (byte) sample;
      brighter[i] = (byte) (sample + 55);
    }
    float[] one = features(List.of(new Input.Image(1, 10, 10, samples)), 40, 1);
    float[] other = features(List.of(new Input.Image(1, 10, 10, brighter)), 40, 1);
    assertArrayEquals(one, other, 1e-5f);
  }

  @Test
  void of_imageSmallerThanAPatch_takesTheImageAsThePatch() {
    List<Input.Image> images = images(3, 1, 4, 3);
    assertArrayEquals(plain(images, 8), features(images, 8, 1), 1e-5f);
  }

  @Test
  void of_textOrAnotherShape_isRefused() {
    assertEquals("expected images for the option source=patches, got texts: choose source=backbone for them",
        assertThrows(UsageException.class, () -> RandomPatches.image(new Input.Text("a"))).getMessage());
    var mixed = new ArrayList<>(images(1, 1, 8, 8));
    mixed.addAll(images(1, 1, 8, 9));
    assertEquals("expected images of 1x8x8 samples, got one of 1x8x9: all images of a stream have one shape",
        assertThrows(UsageException.class, () -> features(mixed, 8, 1)).getMessage());
  }

  private static List<Input.Image> images(int count, int channels, int height, int width) {
    var images = new ArrayList<Input.Image>();
    for (int i = 0; i < count; i++) {
      byte[] samples = new byte[channels * height * width];
      for (int s = 0; s < samples.length; s++) {
        samples[s] = (byte) CounterRandom.of(4, i).below(s, 256);
      }
      images.add(new Input.Image(channels, height, width, samples));
    }
    return images;
  }

  private static float[] features(List<Input.Image> images, int features, int threads) {
    try (var workers = new Workers(threads);
        var scope = TensorScope.inference();
        var patches = new RandomPatches(images.getFirst(), features, FILTERS, workers)) {
      return Tensors.toFloats(patches.of(images, Frozen.BACKBONE));
    }
  }

  /** The features, by the formula. */
  private static float[] plain(List<Input.Image> images, int features) {
    float[] all = new float[images.size() * features];
    for (int row = 0; row < images.size(); row++) {
      double[] own = plain(images.get(row), features);
      for (int i = 0; i < features; i++) {
        all[row * features + i] = (float) own[i];
      }
    }
    return all;
  }

  private static double[] plain(Input.Image image, int features) {
    int high = Math.min(6, image.height());
    int wide = Math.min(6, image.width());
    int down = image.height() - high + 1;
    int across = image.width() - wide + 1;
    int rows = Math.min(4, down);
    int columns = Math.min(4, across);
    double[] made = new double[features];
    double length = 0;
    for (int i = 0; i < features; i++) {
      int filter = i / (rows * columns);
      int row = i / columns % rows;
      int column = i % columns;
      int count = 0;
      for (int y = row * down / rows; y < Math.ceilDiv((row + 1) * down, rows); y++) {
        for (int x = column * across / columns; x < Math.ceilDiv((column + 1) * across, columns); x++) {
          made[i] += Math.max(0, response(image, filter, y, x, high, wide));
          count++;
        }
      }
      made[i] /= count;
      length += made[i] * made[i];
    }
    for (int i = 0; i < features; i++) {
      made[i] /= Math.sqrt(length);
    }
    return made;
  }

  private static double response(Input.Image image, int filter, int top, int left, int high, int wide) {
    int size = image.channels() * high * wide;
    double[] patch = new double[size];
    double[] weights = new double[size];
    double mean = 0;
    double weightSquares = 0;
    for (int i = 0; i < size; i++) {
      int channel = i / (high * wide);
      int y = top + i / wide % high;
      int x = left + i % wide;
      patch[i] = (image.samples()[(channel * image.height() + y) * image.width() + x] & 0xff) / 255.0;
      mean += patch[i] / size;
      weights[i] = FILTERS.gaussian((long) filter * size + i);
      weightSquares += weights[i] * weights[i];
    }
    double variance = 0;
    double product = 0;
    for (int i = 0; i < size; i++) {
      variance += (patch[i] - mean) * (patch[i] - mean) / size;
      product += weights[i] * (patch[i] - mean);
    }
    return product / Math.sqrt(weightSquares) / Math.sqrt(variance + 0.01);
  }
}
