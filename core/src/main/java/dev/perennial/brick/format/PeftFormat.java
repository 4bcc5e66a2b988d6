package dev.perennial.brick.format;

import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickOptions;
import java.util.List;
import java.util.SortedMap;

/** How PEFT writes one of its types of adapter. */
interface PeftFormat {

  /** All of them. */
  List<PeftFormat> ALL = List.of(new PeftLora(), new PeftAdaLora(), new PeftIa3(), new PeftTokens("PROMPT_TUNING"),
      new PeftTokens("PREFIX_TUNING"));

  /** Its {@code peft_type}. */
  String type();

  /** Whether bricks of that kind are written so. */
  boolean fits(BrickKind<?> kind);

  /** Puts the keys that are not common to all types. */
  void describe(BrickOptions options, Brick brick, Backbone backbone, boolean head, SortedMap<String, Object> config);

  /**
   * The kind and layout that a config tells.
   *
   * @throws dev.perennial.FailureException if it asks for what there is not
   */
  BrickOptions options(PeftConfig config, Backbone backbone);
}
