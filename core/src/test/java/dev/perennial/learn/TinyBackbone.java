package dev.perennial.learn;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FrozenMap;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A backbone small enough for thousands of steps: a text's start is the mean of its characters' fixed random vectors,
 * and block b is {@code h = tanh(W_b h)}. Either frozen, with a site at each W, or trained from scratch, with none.
 */
public final class TinyBackbone implements Backbone {

  public static final int WIDTH = 12;
  private static final int BLOCKS = 2;
  private static final int CHARACTERS = 128;

  private final TensorOwner owner = new TensorOwner();
  private final boolean frozen;
  private final String digest;
  private final Tensor embedding;
  private final float[][] initial = new float[BLOCKS][];
  private final Tensor[] weights = new Tensor[BLOCKS];

  private TinyBackbone(boolean frozen, String digest) {
    this.frozen = frozen;
    this.digest = digest;
    try (TensorScope scope = TensorScope.inference()) {
      embedding = owner.keep(Tensors.floats(normal(0, CHARACTERS, 1), CHARACTERS, WIDTH));
      for (int block = 0; block < BLOCKS; block++) {
        initial[block] = normal(block + 1, WIDTH, 0.4);
        weights[block] = owner.keep(Tensors.floats(initial[block], WIDTH, WIDTH));
      }
    }
  }

  public static TinyBackbone frozen() {
    return new TinyBackbone(true, "tiny");
  }

  public static TinyBackbone frozen(String digest) {
    return new TinyBackbone(true, digest);
  }

  public static TinyBackbone trainedFromScratch() {
    return new TinyBackbone(false, "tiny-scratch");
  }

  private static float[] normal(int use, int rows, double scale) {
    var random = CounterRandom.of(5, use);
    float[] values = new float[rows * WIDTH];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * random.gaussian(i));
    }
    return values;
  }

  @Override
  public String name() {
    return "tiny";
  }

  @Override
  public String digest() {
    return digest;
  }

  @Override
  public int width() {
    return WIDTH;
  }

  @Override
  public int blocks() {
    return BLOCKS;
  }

  @Override
  public List<Site> sites() {
    return frozen
        ? IntStream.range(0, BLOCKS).mapToObj(b -> new Site(b, "block." + b + ".linear", b, WIDTH, WIDTH)).toList()
        : List.of();
  }

  @Override
  public FrozenMap frozen(Site site) {
    return new FrozenMap(weights[site.block()], Tensors.zeros(WIDTH));
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    return inputs.stream()
        .<Row>map(input -> new Row.Tokens(((Input.Text) input).value().chars().map(c -> c % CHARACTERS).toArray()))
        .toList();
  }

  @Override
  public void initialise(Parameters parameters) {
    if (!frozen) {
      for (int block = 0; block < BLOCKS; block++) {
        parameters.add("block." + block, initial[block], WIDTH, WIDTH);
      }
    }
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new TinyPass(rows);
  }

  @Override
  public void close() {
    owner.close();
  }

  private final class TinyPass implements Pass {

    private final List<Row> rows;

    private TinyPass(List<Row> rows) {
      this.rows = rows;
    }

    @Override
    public Tensor start() {
      float[] shares = new float[rows.size() * CHARACTERS];
      for (int row = 0; row < rows.size(); row++) {
        int[] ids = ((Row.Tokens) rows.get(row)).ids();
        for (int id : ids) {
          shares[row * CHARACTERS + id] += 1f / ids.length;
        }
      }
      return torch.mm(Tensors.floats(shares, rows.size(), CHARACTERS), embedding);
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      Tensor hidden = state;
      for (int block = from; block < to; block++) {
        Tensor weight = adaptation.weight("block." + block, weights[block]);
        Tensor output = torch.linear(hidden, weight, new TensorOptional());
        SiteFunction function = adaptation.at(block);
        hidden = torch.tanh(function == null ? output : function.apply(hidden, output));
      }
      return hidden;
    }

    @Override
    public Tensor pool(Tensor state) {
      return state;
    }

    @Override
    public float[] cut(float[] state, int row) {
      return Arrays.copyOfRange(state, row * WIDTH, (row + 1) * WIDTH);
    }

    @Override
    public Tensor join(float[][] states) {
      float[] joined = new float[states.length * WIDTH];
      for (int row = 0; row < states.length; row++) {
        System.arraycopy(states[row], 0, joined, row * WIDTH, WIDTH);
      }
      return Tensors.floats(joined, states.length, WIDTH);
    }
  }
}
