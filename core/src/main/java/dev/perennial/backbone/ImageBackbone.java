package dev.perennial.backbone;

import static org.bytedeco.pytorch.global.torch.ScalarType;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.Tensors;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A small network for images that is trained from scratch: its weights are drawn at random, and all are parameters.
 *
 * <p>The first block ends behind the first linear layer, and every linear layer after it is one more block: so what
 * comes out of any block can serve as features. Between layers a row is flat. Where no trained weights stand in for its
 * own, it is the network as drawn.
 */
final class ImageBackbone implements Backbone {

  /** Numbers of the largest weight: 256 MiB. */
  private static final long MOST_NUMBERS = 1L << 26;

  /** What the random numbers are for, so that no learner draws the same ones. */
  private static final long INITIAL_WEIGHTS = 0x6261636b626f6e65L;

  private final String name;
  private final ImageShape shape;
  private final Device device;
  private final TensorOwner owner = new TensorOwner();
  private final List<ImageLayer> layers = new ArrayList<>();
  private final List<DenseLayer> dense = new ArrayList<>();
  private final int blocks;
  private final String digest;

  /**
   * Draws a network.
   *
   * @param filters of each layer of convolution, in order
   * @param features of each linear layer after them, the same number for all
   * @param device where it computes
   */
  private ImageBackbone(String name, ImageShape shape, long seed, int[] filters, int[] features, Device device) {
    this.name = name;
    this.device = device;
    this.shape = shape;
    this.blocks = features.length;
    ImageShape last = shape;
    for (int i = 0; i < filters.length; i++) {
      var random = CounterRandom.of(seed, INITIAL_WEIGHTS, layers.size());
      var weights = DrawnWeights.draw(
          "conv." + i, random, owner, filters[i], last.channels(), ConvLayer.SIZE, ConvLayer.SIZE);
      var layer = new ConvLayer(weights, last);
      layers.add(layer);
      last = layer.outShape();
    }
    long in = last.samples();
    for (int i = 0; i < features.length; i++) {
      if (in > MOST_NUMBERS / features[i]) {
        owner.close();
        throw new UsageException("expected images for which no weight of the backbone " + name + " has more than "
            + MOST_NUMBERS + " numbers, got images of " + shape + ": scale them down");
      }
      var random = CounterRandom.of(seed, INITIAL_WEIGHTS, layers.size());
      var layer = new DenseLayer(DrawnWeights.draw("linear." + i, random, owner, features[i], in));
      layers.add(layer);
      dense.add(layer);
      in = features[i];
    }
    var weights = new HashMap<String, Tensor>();
    layers.forEach(layer -> layer.weights().addTo(weights));
    digest = WeightDigest.of(name + " " + shape, weights);
  }

  /** Two linear layers of 256 features with ReLU. */
  static ImageBackbone mlp(ImageShape shape, long seed, Device device) {
    return new ImageBackbone("mlp", shape, seed, new int[] {}, new int[] {256, 256}, device);
  }

  /** Three layers of 3x3 convolution, ReLU and 2x2 max pooling with 16, 32 and 64 filters; then 128 ReLU features. */
  static ImageBackbone convnet(ImageShape shape, long seed, Device device) {
    return new ImageBackbone("convnet", shape, seed, new int[] {16, 32, 64}, new int[] {128}, device);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String digest() {
    return digest;
  }

  @Override
  public int width() {
    return layers.getLast().out();
  }

  @Override
  public int blocks() {
    return blocks;
  }

  /** None: its own weights are trained, so that a brick has nothing frozen to stand on. */
  @Override
  public List<Site> sites() {
    return List.of();
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    var rows = new ArrayList<Row>(inputs.size());
    for (Input input : inputs) {
      if (!(input instanceof Input.Image image)) {
        throw new UsageException(
            "expected images for the backbone " + name + ", got texts: choose --backbone minilm for them");
      }
      if (!ImageShape.of(image).equals(shape)) {
        throw new UsageException("expected images of " + shape + " samples for the backbone " + name + ", got one of "
            + ImageShape.of(image) + ": all images of a stream have one shape");
      }
      rows.add(new Row.Pixels(image));
    }
    return rows;
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new ImagePass(rows);
  }

  /** For networks of linear layers alone. */
  @Override
  public @Nullable TrainedPass trainedPass(List<Row> rows, Map<String, Tensor> weights) {
    return dense.size() < layers.size() || !device.isCpu()
        ? null
        : new DensePass(dense, weights, new ImagePass(rows).start());
  }

  @Override
  public void initialise(Parameters parameters) {
    layers.forEach(layer -> layer.weights().addTo(parameters));
  }

  @Override
  public void close() {
    owner.close();
  }

  private final class ImagePass implements Pass {

    private final List<Row> rows;

    private ImagePass(List<Row> rows) {
      this.rows = rows;
    }

    /** The samples, scaled to [0, 1]. */
    @Override
    public Tensor start() {
      long size = shape.samples();
      Tensor samples = torch.empty(new long[] {rows.size(), size}, new TensorOptions(ScalarType.Byte), null);
      MemorySegment bytes = MemorySegment.ofAddress(samples.data_ptr().address()).reinterpret(rows.size() * size);
      long next = 0;
      for (Row row : rows) {
        MemorySegment.copy(MemorySegment.ofArray(((Row.Pixels) row).image().samples()), 0, bytes, next, size);
        next += size;
      }
      return device.place(samples.to(ScalarType.Float).div_(new Scalar(255)));
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      Tensor advanced = state;
      for (ImageLayer layer : layers.subList(firstLayer(from), firstLayer(to))) {
        advanced = layer.forward(advanced, adaptation);
      }
      return advanced;
    }

    private int firstLayer(int block) {
      return block == 0 ? 0 : layers.size() - blocks + block;
    }

    @Override
    public Tensor pool(Tensor state) {
      return Device.CPU.place(state);
    }

    @Override
    public float[] cut(float[] state, int row) {
      int size = state.length / rows.size();
      return Arrays.copyOfRange(state, row * size, (row + 1) * size);
    }

    @Override
    public Tensor join(float[][] states) {
      if (states.length != rows.size()) {
        throw new IllegalArgumentException("expected states of " + rows.size() + " rows, got " + states.length);
      }
      int size = states[0].length;
      float[] joined = new float[Math.multiplyExact(states.length, size)];
      for (int row = 0; row < states.length; row++) {
        if (states[row].length != size) {
          throw new IllegalArgumentException(
              "expected " + size + " numbers in row " + row + ", as in row 0, got " + states[row].length);
        }
        System.arraycopy(states[row], 0, joined, row * size, size);
      }
      return device.place(Tensors.floats(joined, states.length, size));
    }
  }
}
