package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;

/**
 * Which brick is trained, and how it is laid out.
 *
 * @param brick the kind, such as {@code dora}, and its own settings after a colon where they are not the usual ones, such
 *     as {@code prefix:tokens=20}; default {@code lora}
 * @param lora rank, alpha, dropout and sites, which kinds share as far as they take notice of them
 */
public record BrickOptions(String brick, LoraOptions lora) {

  /** LoRA of rank 8 on query and value. */
  public static final BrickOptions DEFAULT = of(LoraOptions.DEFAULT);

  /** Checks kind and settings, and leaves settings away that are the usual ones. */
  public BrickOptions {
    brick = BrickKinds.load().choose(brick).text();
  }

  /** LoRA. */
  public static BrickOptions of(LoraOptions lora) {
    return new BrickOptions("lora", lora);
  }

  /**
   * The layout, where only plain LoRA will do.
   *
   * @param who asks, such as {@code technique clr}
   * @throws UsageException if it is another kind
   */
  public LoraOptions requireLora(String who) {
    if (!brick.equals("lora")) {
      throw new UsageException("expected brick=lora for " + who + ", which works on its matrices, got brick=" + brick);
    }
    return lora;
  }

  /**
   * The brick on a backbone.
   *
   * @throws UsageException if the backbone has no such sites, or a setting does not suit it
   */
  public Brick on(Backbone backbone) {
    return BrickKinds.load().choose(brick).brick(lora, backbone);
  }
}
