package dev.perennial.learn.analytic;

import dev.perennial.UsageException;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/*
 * Random convolution, rectification and pooling (What is the Best Multi-Stage Architecture for Object Recognition?,
 * Jarrett et al., ICCV 2009; On Random Weights and Unsupervised Feature Learning, Saxe et al., ICML 2011), with the
 * contrast normalisation of An Analysis of Single-Layer Networks in Unsupervised Feature Learning (Coates et al.,
 * AISTATS 2011):
 *   p' = (p - mean p) / sqrt(var p + 0.01)              of every patch p of 6 x 6 samples in [0, 1], all channels
 *   h_k = mean over a cell of relu(w_k p')              w_k normal, brought to length 1; 4 x 4 cells cover the image
 *   features = h / |h|                                  16 of each filter
 * The filters are a function of the seed alone: nothing is fitted, so the order of the stream does not matter.
 */
/** Features of images that see small patches anywhere in a cell: random filters, rectified and averaged. */
final class RandomPatches implements FeatureMap {

  private static final int PATCH = 6;
  private static final int CELLS = 4;
  private static final double EPSILON = 0.01;

  /** Rows of a task: what the filters make of them should fit a processor's cache. */
  private static final int CHUNK = 16;

  private final Workers workers;
  private final TensorOwner owner = new TensorOwner();
  private final int channels;
  private final int height;
  private final int width;
  private final long[] patch;
  private final long[] positions;
  private final long[] cells;
  private final long features;
  private final Tensor filters;

  /**
   * Draws the filters.
   *
   * @param like an image of the shape that all will have
   * @param features to make of an image, at least 1
   */
  RandomPatches(Input.Image like, int features, CounterRandom random, Workers workers) {
    this.workers = workers;
    this.channels = like.channels();
    this.height = like.height();
    this.width = like.width();
    this.features = features;
    this.patch = new long[] {Math.min(PATCH, height), Math.min(PATCH, width)};
    this.positions = new long[] {height - patch[0] + 1, width - patch[1] + 1};
    this.cells = new long[] {Math.min(CELLS, positions[0]), Math.min(CELLS, positions[1])};
    int count = Math.toIntExact(Math.ceilDiv((long) features, cells[0] * cells[1]));
    int length = Math.toIntExact(channels * patch[0] * patch[1]);
    float[] entries = new float[Math.multiplyExact(count, length)];
    for (int i = 0; i < entries.length; i++) {
      entries[i] = (float) random.gaussian(i);
    }
    try (TensorScope scope = TensorScope.inference()) {
      filters = owner.keep(torch.normalize(Tensors.floats(entries, count, length)));
    }
  }

  /** O(inputs * positions * patch * filters). */
  @Override
  public Tensor of(List<? extends Input> inputs, FeatureCache.Frozen network) {
    var tasks = new ArrayList<Callable<float[]>>();
    for (int start = 0; start < inputs.size(); start += CHUNK) {
      List<? extends Input> chunk = inputs.subList(start, Math.min(start + CHUNK, inputs.size()));
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          return Tensors.toFloats(features(chunk));
        }
      });
    }
    float[] all = new float[Math.toIntExact(inputs.size() * features)];
    int next = 0;
    for (float[] part : workers.run(tasks)) {
      System.arraycopy(part, 0, all, next, part.length);
      next += part.length;
    }
    return Tensors.floats(all, inputs.size(), features);
  }

  private Tensor features(List<? extends Input> inputs) {
    int rows = inputs.size();
    Tensor patches = torch.im2col(
        images(inputs), patch, new long[] {1, 1}, new long[] {0, 0}, new long[] {1, 1});
    patches = patches.sub(patches.mean(new long[] {1}, true, new ScalarTypeOptional()));
    Tensor variance = patches.square().mean(new long[] {1}, true, new ScalarTypeOptional());
    patches.div_(variance.add_(new Scalar(EPSILON)).sqrt_());
    Tensor responses = torch.relu_(torch.matmul(filters, patches)).view(rows, -1, positions[0], positions[1]);
    Tensor pooled = torch.adaptive_avg_pool2d(responses, cells).reshape(rows, -1).narrow(1, 0, features);
    return torch.normalize(pooled);
  }

  /** The samples, scaled to [0, 1]. */
  private Tensor images(List<? extends Input> inputs) {
    float[] scaled = new float[inputs.size() * channels * height * width];
    int next = 0;
    for (Input input : inputs) {
      Input.Image image = image(input);
      if (image.channels() != channels || image.height() != height || image.width() != width) {
        throw new UsageException("expected images of " + channels + "x" + height + "x" + width
            + " samples, got one of " + image.channels() + "x" + image.height() + "x" + image.width()
            + ": all images of a stream have one shape");
      }
      for (byte sample : image.samples()) {
        scaled[next++] = (sample & 0xff) / 255f;
      }
    }
    return Tensors.floats(scaled, inputs.size(), channels, height, width);
  }

  /**
   * An input that is an image.
   *
   * @throws UsageException if it is not
   */
  static Input.Image image(Input input) {
    if (input instanceof Input.Image image) {
      return image;
    }
    throw new UsageException(
        "expected images for the option source=patches, got texts: choose source=backbone for them");
  }

  @Override
  public void close() {
    owner.close();
  }
}
