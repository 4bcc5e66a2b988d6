package dev.perennial.backbone;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** A frozen BERT encoder with its tokenizer. */
final class TextBackbone implements Backbone {

  private final String name;
  private final String digest;
  private final Device device;
  private final BertEncoder encoder;
  private final Pooling pooling;
  private final TextTokenizer tokenizer;
  private final Runnable owner;

  /**
   * A backbone that owns copies of the weights, and the tokenizer.
   *
   * @param name the name under which it is asked for
   * @param device where it computes
   */
  TextBackbone(String name, BertWeights weights, Pooling pooling, TextTokenizer tokenizer, Device device) {
    this(name, weights, weights.digest(pooling), pooling, tokenizer, device, () -> {});
  }

  /**
   * The same, where the digest of the weights is known, and they may belong to somebody else.
   *
   * @param owner gives the weights up when the backbone is closed
   */
  TextBackbone(String name, BertWeights weights, String digest, Pooling pooling, TextTokenizer tokenizer,
      Device device, Runnable owner) {
    this.owner = owner;
    this.name = name;
    this.digest = digest;
    this.pooling = pooling;
    this.encoder = new BertEncoder(weights, device);
    this.device = device;
    this.tokenizer = tokenizer;
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
    return encoder.config().hidden();
  }

  @Override
  public int blocks() {
    return encoder.config().layers();
  }

  @Override
  public List<Site> sites() {
    return encoder.sites();
  }

  @Override
  public FrozenMap frozen(Site site) {
    return encoder.frozen(site);
  }

  @Override
  public int tokenWidth() {
    return width();
  }

  @Override
  public int attentionHeads() {
    return encoder.config().heads();
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    var texts = new ArrayList<String>(inputs.size());
    for (Input input : inputs) {
      if (!(input instanceof Input.Text(String value))) {
        throw new UsageException("expected texts for the backbone " + name
            + ", got images: choose --backbone mlp or convnet for them");
      }
      texts.add(value);
    }
    var rows = new ArrayList<Row>(inputs.size());
    for (Row.Tokens tokens : tokenizer.encode(texts)) {
      check(tokens.ids());
      rows.add(tokens);
    }
    return rows;
  }

  /** A tokenizer of another model would otherwise read beyond the embeddings. */
  private void check(int[] ids) {
    int vocabulary = encoder.config().vocabulary();
    for (int id : ids) {
      if (id < 0 || id >= vocabulary) {
        throw new FailureException("expected token ids below " + vocabulary + ", which the backbone " + name
            + " has vectors for, got " + id + " from its tokenizer: use the tokenizer.json of these weights");
      }
    }
    if (ids.length == 0) {
      throw new FailureException("expected at least one token for every text, got none from the tokenizer of " + name
          + ": its tokenizer.json adds no [CLS] and [SEP]");
    }
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new TextPass(TokenBatch.of(rows));
  }

  @Override
  public Pass passForScores(List<Row> rows, Adaptation adaptation) {
    return new TextPass(adaptation.tokens().isEmpty() && !adaptation.differsByRow()
        ? TokenBatch.packed(rows) : TokenBatch.of(rows));
  }

  @Override
  public void initialise(Parameters parameters) {
    // Frozen: what is trained on it are bricks.
  }

  @Override
  public void close() {
    encoder.close();
    owner.run();
    tokenizer.close();
  }

  private final class TextPass implements Pass {

    private final TokenBatch batch;

    private TextPass(TokenBatch batch) {
      this.batch = batch;
    }

    @Override
    public Tensor start() {
      return start(Adaptation.NONE);
    }

    @Override
    public Tensor start(Adaptation adaptation) {
      VirtualTokens tokens = adaptation.tokens();
      int length = tokens.prefixLength() + tokens.promptLength() + batch.length();
      if (length > encoder.config().positions()) {
        throw new UsageException("expected texts of at most " + encoder.config().positions() + " tokens for the backbone "
            + name + ", virtual ones counted in, got " + length + ": give the brick fewer tokens, or shorten the texts");
      }
      return encoder.embed(batch, adaptation);
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      return encoder.advance(state, batch, from, to, adaptation);
    }

    @Override
    public Tensor pool(Tensor state) {
      if (batch.packing() != null) {
        return pooling.pool(Device.CPU.place(state), batch);
      }
      int virtual = (int) state.size(1) - batch.length();
      return pooling.pool(Device.CPU.place(state.narrow(1, virtual, batch.length())), batch);
    }

    @Override
    public float[] cut(float[] state, int row) {
      requirePadded();
      int length = state.length / batch.rows() / width();
      int start = row * length * width();
      return Arrays.copyOfRange(state, start, start + (length - batch.length() + batch.tokens(row)) * width());
    }

    @Override
    public Tensor join(float[][] states) {
      requirePadded();
      if (states.length != batch.rows()) {
        throw new IllegalArgumentException("expected states of " + batch.rows() + " rows, got " + states.length);
      }
      int virtual = Math.max(0, states[0].length / width() - batch.tokens(0));
      int length = virtual + batch.length();
      float[] joined = new float[batch.rows() * length * width()];
      for (int row = 0; row < states.length; row++) {
        if (states[row].length != (virtual + batch.tokens(row)) * width()) {
          throw new IllegalArgumentException("expected " + (virtual + batch.tokens(row)) + " tokens of " + width()
              + " features in row " + row + ", got " + states[row].length + " numbers");
        }
        System.arraycopy(states[row], 0, joined, row * length * width(), states[row].length);
      }
      return device.place(Tensors.floats(joined, batch.rows(), length, width()));
    }

    private void requirePadded() {
      if (batch.packing() != null) {
        throw new IllegalStateException("the states of a pass for scores are not cut and joined");
      }
    }
  }
}
