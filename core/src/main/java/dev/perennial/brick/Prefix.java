package dev.perennial.brick;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.VirtualTokens;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Tensor;

/**
 * Keys and values of virtual tokens that the attention of every block sees.
 *
 * <p>Source: Prefix-Tuning: Optimizing Continuous Prompts for Generation (arXiv 2101.00190). One matrix
 * {@code [tokens, blocks * 2 * hidden]}, in which column {@code 2 b} of the hidden vectors is the key and {@code 2 b + 1}
 * the value for block b; drawn normally with deviation 0.02, trained directly and not through a network. Texts take the
 * positions after the virtual tokens. Rank, alpha, dropout and sites are not used.
 */
public final class Prefix implements BrickKind<Prompt.Settings> {

  @Override
  public String name() {
    return "prefix";
  }

  @Override
  public Prompt.Settings defaults() {
    return new Prompt.Settings(20);
  }

  @Override
  public Brick brick(LoraOptions shape, Prompt.Settings settings, Backbone backbone) {
    return new KeysAndValues(name(), settings.tokens(), backbone);
  }

  private static final class KeysAndValues extends TokenBrick {

    private final int tokens;
    private final int blocks;

    private KeysAndValues(String kind, int tokens, Backbone backbone) {
      super(kind, backbone);
      this.tokens = tokens;
      this.blocks = backbone.blocks();
    }

    private long columns() {
      return 2L * blocks * width();
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return new LinkedHashMap<>(Map.of(Prompt.EMBEDDINGS, List.of((long) tokens, columns())));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      parameters.add(Prompt.EMBEDDINGS, new Draws(random).normal(tokens * columns(), DEVIATION), tokens, columns());
    }

    @Override
    VirtualTokens tokens(Map<String, Tensor> tensors) {
      Tensor all = SiteBrick.named(tensors, Prompt.EMBEDDINGS).view(tokens, 2L * blocks, width());
      var prefixes = new HashMap<Integer, VirtualTokens.Prefix>();
      for (int block = 0; block < blocks; block++) {
        prefixes.put(block, new VirtualTokens.Prefix(all.select(1, 2L * block), all.select(1, 2L * block + 1)));
      }
      return new VirtualTokens(null, prefixes, null);
    }
  }
}
