package dev.perennial.learn.prompt;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * A frozen encoder whose upper blocks see a few tokens that sum up those of a text: {@code softmax(Q H' / √d) H}, with H
 * what the lower blocks make of the text's own, computed once and cached, and Q the selectors of a pathway.
 */
final class LaneBackbone extends PromptedBackbone {

  private final Pathway pathway;
  private final int lower;
  /** What the rows that were prepared last are above the lower blocks. */
  private Map<Row, float[]> states = Map.of();

  /** What is trained, and which part of it acts. */
  interface Pathway extends Prompts {

    /** The selectors that act, {@code [summaries, width]}, of the parameters by name. */
    Tensor selectors(Map<String, Tensor> trained);
  }

  /**
   * @param lower blocks that the texts' own tokens go through, from 0 to all but one
   * @throws dev.perennial.UsageException if the backbone takes no virtual tokens
   */
  LaneBackbone(String technique, LearnerContext inner, Pathway pathway, int lower) {
    super(technique, inner, pathway);
    this.pathway = pathway;
    this.lower = lower;
  }

  @Override
  public List<Row> prepare(List<? extends Input> inputs) {
    List<Row> rows = super.prepare(inputs);
    float[][] all = inner().cache().states(inputs, FeatureCache.Frozen.BACKBONE, lower);
    var fresh = new IdentityHashMap<Row, float[]>();
    for (int row = 0; row < all.length; row++) {
      fresh.put(rows.get(row), all[row]);
    }
    states = fresh;
    return rows;
  }

  @Override
  public Pass pass(List<Row> rows) {
    return new LanePass(rows);
  }

  private float[] state(Row row) {
    float[] own = states.get(row);
    if (own == null) {
      throw new IllegalStateException("rows are prepared before they go through");
    }
    return own;
  }

  /**
   * The summaries of texts, {@code [rows, summaries, width]}.
   *
   * @param tokens {@code [rows, length, width]}, padded
   * @param lengths tokens of each row that are not padding
   */
  static Tensor summaries(Tensor tokens, int[] lengths, Tensor selectors) {
    int longest = (int) tokens.size(1);
    float[] hidden = new float[lengths.length * longest];
    for (int row = 0; row < lengths.length; row++) {
      Arrays.fill(hidden, row * longest + lengths[row], (row + 1) * longest, Float.NEGATIVE_INFINITY);
    }
    Tensor scores = torch.matmul(selectors, tokens.transpose(1, 2)).mul(new Scalar(1 / Math.sqrt(tokens.size(2))));
    return torch.matmul(torch.softmax(scores.add(Tensors.floats(hidden, lengths.length, 1, longest)), 2), tokens);
  }

  private final class LanePass implements Pass {

    private final List<Row> rows;
    private Pass upper;
    private Adaptation acting = Adaptation.NONE;

    private LanePass(List<Row> rows) {
      this.rows = rows;
      this.upper = inner().backbone().pass(rows);
    }

    @Override
    public Tensor start() {
      return upper.start();
    }

    @Override
    public Tensor start(Adaptation adaptation) {
      Map<String, Tensor> trained = adaptation.weights();
      Tensor tokens = upper.join(rows.stream().map(LaneBackbone.this::state).toArray(float[][]::new));
      Tensor selectors = pathway.selectors(trained);
      acting = Adaptation.ofTokens(pathway.tokens(trained, known(rows)));
      // From here on they are rows of so many tokens: which ones is not looked at above the embeddings.
      Row summary = new Row.Tokens(new int[(int) selectors.size(0)]);
      upper = inner().backbone().pass(Collections.nCopies(rows.size(), summary));
      return summaries(tokens, rows.stream().mapToInt(Row::length).toArray(), selectors);
    }

    @Override
    public Tensor advance(Tensor state, int from, int to, Adaptation adaptation) {
      return upper.advance(state, Math.max(from, lower), to, acting);
    }

    @Override
    public Tensor pool(Tensor state) {
      return upper.pool(state);
    }

    @Override
    public float[] cut(float[] state, int row) {
      return upper.cut(state, row);
    }

    @Override
    public Tensor join(float[][] states) {
      return upper.join(states);
    }
  }
}
