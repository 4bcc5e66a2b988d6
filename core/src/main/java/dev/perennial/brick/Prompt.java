package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Embeddings of virtual words that are put before every text.
 *
 * <p>Source: The Power of Scale for Parameter-Efficient Prompt Tuning (arXiv 2104.08691): {@code [P; E]} goes through the
 * encoder in the place of the embeddings E, P {@code [tokens, hidden]} drawn normally with deviation 0.02. A text's
 * features are those of its own tokens. Rank, alpha, dropout and sites are not used.
 */
public final class Prompt implements BrickKind<Prompt.Settings> {

  /** The name of the embeddings, of prompts and prefixes alike. */
  static final String EMBEDDINGS = "prompt_embeddings";

  /**
   * What a prompt is asked.
   *
   * @param tokens virtual words, 1 to 1024; default 20
   */
  public record Settings(int tokens) {

    /** Checks the range. */
    public Settings {
      TokenBrick.checkTokens("tokens", tokens);
    }
  }

  @Override
  public String name() {
    return "prompt";
  }

  @Override
  public Settings defaults() {
    return new Settings(20);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new Words(name(), settings.tokens(), backbone);
  }

  private static final class Words extends TokenBrick {

    private final int tokens;

    private Words(String kind, int tokens, Backbone backbone) {
      super(kind, backbone);
      this.tokens = tokens;
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return new LinkedHashMap<>(Map.of(EMBEDDINGS, List.of((long) tokens, (long) width())));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      parameters.add(EMBEDDINGS, new Draws(random).normal((long) tokens * width(), DEVIATION), tokens, width());
    }

    @Override
    VirtualTokens tokens(Map<String, Tensor> tensors) {
      return new VirtualTokens(SiteBrick.named(tensors, EMBEDDINGS), Map.of(), null);
    }
  }
}
