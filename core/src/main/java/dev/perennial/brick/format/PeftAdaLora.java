package dev.perennial.brick.format;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.AdaLora;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SitePatterns;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/** AdaLoRA in PEFT's layout, after its ranks have been dealt out. */
final class PeftAdaLora implements PeftFormat {

  private static final String SUFFIX = ".lora_E";

  private static final Set<String> KNOWN = Set.of("r", "target_modules", "exclude_modules", "lora_alpha", "lora_dropout",
      "bias", "init_lora_weights", "rank_pattern", "megatron_core", "layers_to_transform", "layers_pattern",
      "qalora_group_size", "ensure_weight_tying", "target_r", "init_r", "tinit", "tfinal", "deltaT", "beta1", "beta2",
      "orth_reg_weight", "total_step");

  @Override
  public String type() {
    return "ADALORA";
  }

  @Override
  public boolean fits(BrickKind<?> kind) {
    return kind instanceof AdaLora;
  }

  @Override
  public void describe(
      BrickOptions options, Brick brick, Backbone backbone, boolean head, SortedMap<String, Object> config) {
    var settings = (AdaLora.Settings) BrickKinds.load().choose(options.brick()).settings();
    int initial = settings.initialRank() == 0 ? options.lora().rank() : settings.initialRank();
    PeftLora.common(options.lora(), brick, backbone, config);
    var masks = new TreeMap<String, Object>();
    long total = 0;
    boolean cut = false;
    for (Site site : brick.sites()) {
      long rank = Objects.requireNonNull(brick.shapes().get(BrickTensors.MODEL + site.name() + SUFFIX)).getFirst();
      if (rank > initial) {
        throw new FailureException("expected an AdaLoRA rank of at most the first one, " + initial + ", at " + site.name()
            + " for PEFT's layout, got " + rank);
      }
      var mask = new ArrayList<Boolean>();
      for (int i = 0; i < initial; i++) {
        mask.add(i < rank);
      }
      masks.put((head ? PeftConfig.ENCODER : "") + site.name() + SUFFIX, mask);
      total += rank;
      cut |= rank < initial;
    }
    config.put("r", options.lora().rank());
    config.put("init_r", initial);
    config.put("target_r", (int) Math.ceilDiv(total, brick.sites().size()));
    config.put("rank_pattern", cut ? masks : null);
    config.put("alpha_pattern", Map.of());
    config.put("tinit", 0);
    config.put("tfinal", 0);
    config.put("deltaT", 1);
    config.put("beta1", 0.85);
    config.put("beta2", 0.85);
    config.put("orth_reg_weight", 0.5);
    // Of training that is over; PEFT refuses a config that has none.
    config.put("total_step", 1);
  }

  @Override
  public BrickOptions options(PeftConfig config, Backbone backbone) {
    config.requireKnown(KNOWN);
    PeftLora.requireUsualBase(config);
    List<Site> sites = PeftLora.targets(config, backbone);
    int initial = config.whole("init_r", 12);
    int rank = config.whole("r", 8);
    Map<Site, Double> ranks = new LinkedHashMap<>();
    sites.forEach(site -> ranks.put(site, (double) initial));
    config.entries("rank_pattern").forEach((name, mask) -> ranks.put(site(name, sites, config), (double) trues(mask, initial, config)));
    ranks.values().removeIf(value -> value == rank);
    var settings = AdaLora.Settings.settled(initial == rank ? 0 : initial, SitePatterns.text(ranks));
    return PeftConfig.checked(config.where(), () -> new BrickOptions(
        new BrickKinds.Choice<>(new AdaLora(), settings).text(), new LoraOptions(rank, config.number("lora_alpha", 8),
            config.number("lora_dropout", 0), PeftLora.chosen(config, sites, backbone))));
  }

  private static Site site(String name, List<Site> sites, PeftConfig config) {
    for (Site site : sites) {
      if (name.equals(site.name() + SUFFIX) || name.equals(PeftConfig.ENCODER + site.name() + SUFFIX)) {
        return site;
      }
    }
    throw new FailureException("expected rank_pattern in " + config.where() + " to name targeted modules, found " + name);
  }

  private static int trues(JsonNode mask, int initial, PeftConfig config) {
    if (!mask.isArray() || mask.size() != initial) {
      throw config.unfit("lists of " + initial + " truths", "rank_pattern", mask);
    }
    int trues = 0;
    for (JsonNode kept : mask) {
      if (!kept.isBoolean()) {
        throw config.unfit("lists of truths", "rank_pattern", kept);
      }
      trues += kept.booleanValue() ? 1 : 0;
    }
    return trues;
  }
}
