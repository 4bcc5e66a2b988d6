package dev.perennial.brick.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.Dora;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SitePatterns;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/** LoRA in PEFT's layout, DoRA and rank-stabilised LoRA among it. */
final class PeftLora implements PeftFormat {

  /** What PEFT targets on BERT where a config names nothing. */
  static final List<String> USUAL = List.of("query", "value");

  /** Keys that say nothing that has to be known here, or are read. */
  private static final Set<String> KNOWN = Set.of("r", "target_modules", "exclude_modules", "lora_alpha", "lora_dropout",
      "bias", "use_rslora", "use_dora", "init_lora_weights", "rank_pattern", "alpha_pattern", "megatron_core",
      "layers_to_transform", "layers_pattern", "qalora_group_size", "ensure_weight_tying");

  /** Initial values after which the backbone's own weights were others than the backbone's. */
  private static final String CHANGES_THE_BASE = "(pissa|olora|corda|loftq|lora_ga|mica).*";

  @Override
  public String type() {
    return "LORA";
  }

  @Override
  public boolean fits(BrickKind<?> kind) {
    return kind instanceof Lora.Kind || kind instanceof Dora;
  }

  @Override
  public void describe(
      BrickOptions options, Brick brick, Backbone backbone, boolean head, SortedMap<String, Object> config) {
    BrickKinds.Choice<?> choice = BrickKinds.load().choose(options.brick());
    var settings = (Lora.Settings) choice.settings();
    var lora = new Lora.Kind().brick(options.lora(), settings, backbone);
    common(options.lora(), brick, backbone, config);
    config.put("r", options.lora().rank());
    config.put("use_rslora", settings.rslora());
    config.put("use_dora", choice.kind() instanceof Dora);
    config.put("rank_pattern", PeftNames.unusual(brick.sites(), lora::rank, options.lora().rank()));
    config.put("alpha_pattern", PeftNames.unusual(brick.sites(), lora::alpha, options.lora().alpha()));
  }

  /** What configs of LoRA and AdaLoRA have in common, at the values that say nothing. */
  static void common(LoraOptions shape, Brick brick, Backbone backbone, SortedMap<String, Object> config) {
    String sites = shape.sites().equals(LoraOptions.USUAL) ? Lora.USUAL_SITES : shape.sites();
    config.put("target_modules", PeftNames.of(sites, brick.sites(), backbone.sites()));
    config.put("lora_alpha", PeftNames.number(shape.alpha()));
    config.put("lora_dropout", shape.dropout());
    config.put("bias", "none");
    config.put("init_lora_weights", true);
    config.put("loftq_config", Map.of());
    config.put("megatron_core", "megatron.core");
    config.put("qalora_group_size", 16);
    for (String key : List.of("fan_in_fan_out", "use_qalora", "lora_bias", "ensure_weight_tying", "use_rslora", "use_dora")) {
      config.put(key, false);
    }
    for (String key : List.of("exclude_modules", "layers_to_transform", "layers_pattern", "megatron_config",
        "trainable_token_indices", "eva_config", "corda_config", "lora_ga_config", "velora_config",
        "alora_invocation_tokens", "monteclora_config", "layer_replication", "target_parameters", "use_bdlora",
        "arrow_config", "kasa_config")) {
      config.put(key, null);
    }
  }

  @Override
  public BrickOptions options(PeftConfig config, Backbone backbone) {
    config.requireKnown(KNOWN);
    requireUsualBase(config);
    List<Site> sites = targets(config, backbone);
    int rank = config.whole("r", 8);
    double alpha = config.number("lora_alpha", 8);
    Map<Site, Double> ranks = config.patterns("rank_pattern", sites);
    Map<Site, Double> alphas = config.patterns("alpha_pattern", sites);
    ranks.values().removeIf(value -> value == rank);
    alphas.values().removeIf(value -> value == alpha);
    var settings = new Lora.Settings(
        config.truth("use_rslora", false), SitePatterns.text(ranks), SitePatterns.text(alphas));
    String kind = config.truth("use_dora", false)
        ? new BrickKinds.Choice<>(new Dora(), settings).text()
        : new BrickKinds.Choice<>(new Lora.Kind(), settings).text();
    return PeftConfig.checked(config.where(), () -> new BrickOptions(
        kind, new LoraOptions(rank, alpha, config.number("lora_dropout", 0), chosen(config, sites, backbone))));
  }

  static void requireUsualBase(PeftConfig config) {
    String bias = config.text("bias");
    if (bias != null && !bias.equals("none")) {
      throw new FailureException("expected bias none in " + config.where() + ", found " + bias
          + ": adapters that change biases cannot be read");
    }
    JsonNode initial = config.object().get("init_lora_weights");
    if (initial != null && initial.isTextual() && initial.textValue().matches(CHANGES_THE_BASE)) {
      throw new FailureException("expected init_lora_weights that leave the backbone as it is in " + config.where()
          + ", found " + initial.textValue() + ": convert the adapter to plain LoRA first");
    }
  }

  /** The sites that a config targets. */
  static List<Site> targets(PeftConfig config, Backbone backbone) {
    List<Site> sites = config.sites("target_modules", backbone.sites(), USUAL);
    List<Site> excluded = config.sites("exclude_modules", backbone.sites(), List.of());
    JsonNode layers = config.object().get("layers_to_transform");
    return sites.stream().filter(site -> !excluded.contains(site)).filter(site -> inLayers(site, layers, config)).toList();
  }

  private static boolean inLayers(Site site, @Nullable JsonNode layers, PeftConfig config) {
    if (layers == null || layers.isNull()) {
      return true;
    }
    if (layers.isIntegralNumber()) {
      return layers.intValue() == site.block();
    }
    if (!layers.isArray()) {
      throw config.unfit("a number or a list of them", "layers_to_transform", layers);
    }
    for (JsonNode layer : layers) {
      if (layer.isIntegralNumber() && layer.intValue() == site.block()) {
        return true;
      }
    }
    return false;
  }

  /** The expression of options for sites that a config targets: its own names where it is a list that fits. */
  static String chosen(PeftConfig config, List<Site> sites, Backbone backbone) {
    if (sites.isEmpty()) {
      throw new FailureException("expected target_modules in " + config.where() + " to name sites of the backbone that are"
          + " not excluded, and none is left");
    }
    JsonNode targets = config.object().get("target_modules");
    var names = new ArrayList<String>();
    if (targets != null && targets.isArray()) {
      targets.forEach(name -> names.add(name.asText()));
    } else if (targets == null || targets.isNull()) {
      names.addAll(USUAL);
    }
    return PeftNames.expression(PeftNames.of(PeftNames.expression(names), sites, backbone.sites()));
  }
}
