package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Prefix;
import dev.perennial.brick.Prompt;
import java.util.Set;
import java.util.SortedMap;

/**
 * Prompts and prefixes in PEFT's layout.
 *
 * @param type {@code PROMPT_TUNING} or {@code PREFIX_TUNING}
 */
record PeftTokens(String type) implements PeftFormat {

  private static final Set<String> KNOWN = Set.of("num_virtual_tokens", "token_dim", "num_transformer_submodules",
      "num_attention_heads", "num_layers", "prompt_tuning_init", "prompt_tuning_init_text", "tokenizer_name_or_path",
      "tokenizer_kwargs", "encoder_hidden_size", "init_weights", "prefix_projection");

  private boolean isPrompt() {
    return type.equals("PROMPT_TUNING");
  }

  @Override
  public boolean fits(BrickKind<?> kind) {
    return isPrompt() ? kind instanceof Prompt : kind instanceof Prefix;
  }

  @Override
  public void describe(
      BrickOptions options, Brick brick, Backbone backbone, boolean head, SortedMap<String, Object> config) {
    var settings = (Prompt.Settings) BrickKinds.load().choose(options.brick()).settings();
    config.put("num_virtual_tokens", settings.tokens());
    config.put("token_dim", backbone.tokenWidth());
    config.put("num_transformer_submodules", 1);
    config.put("num_attention_heads", backbone.attentionHeads());
    config.put("num_layers", backbone.blocks());
    if (isPrompt()) {
      config.put("prompt_tuning_init", "RANDOM");
      config.put("prompt_tuning_init_text", null);
      config.put("tokenizer_name_or_path", null);
      config.put("tokenizer_kwargs", null);
    } else {
      config.put("encoder_hidden_size", backbone.tokenWidth());
      config.put("prefix_projection", false);
      config.put("init_weights", null);
    }
  }

  @Override
  public BrickOptions options(PeftConfig config, Backbone backbone) {
    config.requireKnown(KNOWN);
    require(config, "token_dim", backbone.tokenWidth());
    require(config, "num_layers", backbone.blocks());
    require(config, "num_attention_heads", backbone.attentionHeads());
    require(config, "num_transformer_submodules", 1);
    if (!config.object().path("num_virtual_tokens").isIntegralNumber()) {
      throw new FailureException("expected a whole number for num_virtual_tokens in " + config.where() + ", found "
          + config.object().path("num_virtual_tokens"));
    }
    return PeftConfig.checked(config.where(), () -> {
      var settings = new Prompt.Settings(config.whole("num_virtual_tokens", 0));
      String kind = isPrompt()
          ? new BrickKinds.Choice<>(new Prompt(), settings).text()
          : new BrickKinds.Choice<>(new Prefix(), settings).text();
      return new BrickOptions(kind, LoraOptions.DEFAULT);
    });
  }

  private static void require(PeftConfig config, String key, int expected) {
    int found = config.whole(key, expected);
    if (found != expected) {
      throw new FailureException("expected " + key + " " + expected + ", as the backbone has it, in " + config.where()
          + ", found " + found);
    }
  }
}
