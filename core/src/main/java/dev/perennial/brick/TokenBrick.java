package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.VirtualTokens;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A brick that puts virtual tokens before those of every row. */
abstract class TokenBrick implements Brick {

  /** Deviation of initial values: about that of the words' embeddings of small encoders. */
  static final double DEVIATION = 0.02;

  private static final int MOST_TOKENS = 1024;

  private final String kind;
  private final int width;

  /** @throws UsageException if the backbone takes no virtual tokens */
  TokenBrick(String kind, Backbone backbone) {
    this.kind = kind;
    this.width = backbone.tokenWidth();
    if (width == 0) {
      throw new UsageException("expected a backbone of tokens for a brick of kind " + kind + ", got " + backbone.name()
          + ": choose a backbone for texts, or a brick on sites such as lora");
    }
  }

  /** Checks a number of virtual tokens. */
  static void checkTokens(String what, int tokens) {
    if (tokens < 1 || tokens > MOST_TOKENS) {
      throw new UsageException("expected " + what + " between 1 and " + MOST_TOKENS + ", got " + tokens);
    }
  }

  abstract VirtualTokens tokens(Map<String, Tensor> tensors);

  /** Features of a token. */
  final int width() {
    return width;
  }

  @Override
  public final String kind() {
    return kind;
  }

  @Override
  public final List<Site> sites() {
    return List.of();
  }

  @Override
  public final int lowestBlock() {
    return 0;
  }

  @Override
  public final Adaptation adaptation(Map<String, Tensor> tensors) {
    return Adaptation.ofTokens(tokens(tensors));
  }
}
