package dev.perennial.brick.format;

import dev.perennial.FailureException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickKind;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.Ia3;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SitePatterns;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SortedMap;

/** IA3 in PEFT's layout. */
final class PeftIa3 implements PeftFormat {

  private static final List<String> USUAL = List.of("key", "value", "output.dense");
  private static final List<String> USUAL_FEED_FORWARD = List.of("output.dense");

  private static final Set<String> KNOWN =
      Set.of("target_modules", "exclude_modules", "feedforward_modules", "init_ia3_weights");

  @Override
  public String type() {
    return "IA3";
  }

  @Override
  public boolean fits(BrickKind<?> kind) {
    return kind instanceof Ia3;
  }

  @Override
  public void describe(
      BrickOptions options, Brick brick, Backbone backbone, boolean head, SortedMap<String, Object> config) {
    var settings = (Ia3.Settings) BrickKinds.load().choose(options.brick()).settings();
    String sites = options.lora().sites().equals(LoraOptions.USUAL) ? Ia3.USUAL_SITES : options.lora().sites();
    List<Site> feedForward = brick.sites().stream()
        .filter(site -> SitePatterns.pattern(settings.feedForward()).matcher(site.name()).matches()).toList();
    List<String> targets = PeftNames.of(sites, brick.sites(), backbone.sites());
    List<String> own = feedForward.isEmpty()
        ? List.of()
        : PeftNames.of(settings.feedForward(), feedForward, brick.sites());
    // PEFT refuses feedforward_modules that are not, to the letter, among the target_modules.
    boolean among = targets.containsAll(own);
    config.put("target_modules", among ? targets : PeftNames.whole(brick.sites()));
    config.put("feedforward_modules", among ? own : PeftNames.whole(feedForward));
    config.put("exclude_modules", null);
    config.put("fan_in_fan_out", false);
    config.put("init_ia3_weights", true);
  }

  @Override
  public BrickOptions options(PeftConfig config, Backbone backbone) {
    config.requireKnown(KNOWN);
    boolean usual = config.object().path("target_modules").isMissingNode() || config.object().path("target_modules").isNull();
    List<Site> targeted = config.sites("target_modules", backbone.sites(), USUAL);
    List<Site> excluded = config.sites("exclude_modules", backbone.sites(), List.of());
    List<Site> sites = targeted.stream().filter(site -> !excluded.contains(site)).toList();
    List<Site> feedForward = config.sites("feedforward_modules", backbone.sites(), usual ? USUAL_FEED_FORWARD : List.of());
    for (Site site : feedForward) {
      if (!targeted.contains(site)) {
        throw new FailureException("expected feedforward_modules among the target_modules in " + config.where()
            + ", found " + site.name() + ", which is not targeted");
      }
    }
    String names = PeftNames.expression(names(config, "target_modules", sites, backbone.sites(), usual ? USUAL : List.of()));
    String own = feedForward.isEmpty() ? "" : PeftNames.expression(names(
        config, "feedforward_modules", feedForward.stream().filter(sites::contains).toList(), sites,
        usual ? USUAL_FEED_FORWARD : List.of()));
    String kind = new BrickKinds.Choice<>(new Ia3(), new Ia3.Settings(own)).text();
    return PeftConfig.checked(config.where(),
        () -> new BrickOptions(kind, new LoraOptions(LoraOptions.DEFAULT.rank(), LoraOptions.DEFAULT.alpha(), 0, names)));
  }

  private static List<String> names(
      PeftConfig config, String key, List<Site> chosen, List<Site> all, List<String> usual) {
    var names = new ArrayList<String>();
    if (config.object().path(key).isArray()) {
      config.object().path(key).forEach(name -> names.add(name.asText()));
    }
    return PeftNames.of(PeftNames.expression(names.isEmpty() ? usual : names), chosen, all);
  }
}
