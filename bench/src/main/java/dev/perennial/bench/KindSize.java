package dev.perennial.bench;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * A kind of brick, laid out as large as a number of parameters allows.
 *
 * @param rate that suits the kind
 * @param reason what its layout keeps it from; null for nothing
 */
record KindSize(String kind, Map<String, String> options, long parameters, double rate, @Nullable String reason) {

  /** All kinds that are trained. */
  static final List<String> KINDS = List.of("lora", "dora", "adalora", "increlora", "adapter", "compacter", "mos", "ia3",
      "prompt", "prefix", "ept", "sparse", "sara", "subspace", "stable-rps", "delta");

  private static final String ALL = "query|key|value|dense";

  /** A layout that could be taken. */
  private record Layout(String brick, int rank, String sites, long counted) {

    private Layout(String brick, int rank, String sites) {
      this(brick, rank, sites, 0);
    }
  }

  /**
   * The largest layout of a kind that fits.
   *
   * @throws UsageException if there is no such kind, or none of its layouts fits
   */
  static KindSize of(String kind, long most, List<Site> sites, Backbone backbone) {
    return fitting(kind, most, sites, backbone).orElseThrow(() -> new UsageException("expected room for a brick of kind "
        + kind + ", and its smallest layout has more than " + most + " parameters: allow more by --share or --most, or"
        + " leave it out of --kinds"));
  }

  /**
   * The same, or nothing where none of its layouts fits.
   *
   * @throws UsageException if there is no such kind
   */
  static Optional<KindSize> fitting(String kind, long most, List<Site> sites, Backbone backbone) {
    if (!KINDS.contains(kind)) {
      throw new UsageException("expected kinds among " + String.join(", ", KINDS) + ", got " + kind
          + Spelling.suggestion(kind, KINDS));
    }
    for (Layout layout : layouts(kind, most, sites)) {
      var options = new BrickOptions(layout.brick, new LoraOptions(layout.rank, 2.0 * layout.rank, 0, layout.sites));
      long parameters = layout.counted > 0 ? layout.counted : options.on(backbone).parameters();
      if (parameters <= most) {
        return Optional.of(new KindSize(kind, new TreeMap<>(Map.of("brick", layout.brick, "rank", layout.rank + "", "alpha",
            2 * layout.rank + "", "sites", layout.sites)), parameters, rate(kind), reason(kind)));
      }
    }
    return Optional.empty();
  }

  /** From large to small. */
  private static List<Layout> layouts(String kind, long most, List<Site> sites) {
    var layouts = new ArrayList<Layout>();
    double weights = sites.stream().mapToDouble(site -> (double) site.in() * site.out()).sum();
    long perRank = sites.stream().mapToLong(site -> site.in() + site.out() + 1).sum();
    switch (kind) {
      case "ia3" -> layouts.add(new Layout(kind, 8, LoraOptions.USUAL));
      case "adalora" -> ranks(most / perRank, rank -> layouts.add(
          new Layout("adalora:targetRank=" + rank, (int) Math.ceil(1.5 * rank), ALL, rank * perRank)));
      case "increlora" -> ranks(most / perRank, rank -> layouts.add(new Layout(kind, rank, ALL, rank * perRank)));
      case "prompt", "prefix", "ept" -> {
        for (int tokens = 100; tokens > 0; tokens--) {
          layouts.add(new Layout(kind + ":tokens=" + tokens, 8, LoraOptions.USUAL));
        }
      }
      case "sparse", "sara" -> {
        for (double density = most / weights; density > most / weights / 2; density *= 0.99) {
          layouts.add(new Layout(kind + ":density=" + density, 8, ALL));
        }
      }
      case "subspace" -> layouts.add(new Layout("subspace:dimension=" + Math.min(most, 10_000), 8, ALL));
      case "stable-rps" -> layouts.add(new Layout("stable-rps:compression=" + 1.001 * weights / most, 8, ALL));
      case "delta" -> sites.reversed().forEach(site -> layouts.add(new Layout(kind, 8, site.name().replace(".", "\\."))));
      case "compacter" -> {
        for (int rank = 512; rank > 0; rank -= 8) {
          layouts.add(new Layout(kind, rank, ALL));
        }
      }
      case "mos" -> {
        for (int rank = 64; rank > 1; rank--) {
          layouts.add(new Layout("mos:shards=2,pool=" + rank / 2, rank, ALL));
          layouts.add(new Layout("mos:shards=2,pool=" + Math.max(1, rank / 2), rank, LoraOptions.USUAL));
        }
      }
      default -> {
        ranks(64, rank -> layouts.add(new Layout(kind, rank, ALL)));
        ranks(64, rank -> layouts.add(new Layout(kind, rank, LoraOptions.USUAL)));
      }
    }
    return layouts;
  }

  private static void ranks(long most, IntConsumer each) {
    for (int rank = (int) Math.min(64, Math.max(1, most)); rank > 0; rank--) {
      each.accept(rank);
    }
  }

  private static double rate(String kind) {
    return switch (kind) {
      case "prompt", "prefix", "ept", "ia3", "subspace" -> 0.01;
      case "delta" -> 0.0005;
      default -> 0.003;
    };
  }

  private static @Nullable String reason(String kind) {
    return switch (kind) {
      case "prompt" -> "tokens at the entrance alone, and it learns slowly";
      case "prefix", "ept" -> "virtual tokens alone: attention is steered, weights are not changed";
      case "ia3" -> "scales features and cannot mix them; it has far fewer parameters";
      case "subspace" -> "at most 10,000 directions, as its products would take too long with more";
      case "delta" -> "one site alone fits";
      default -> null;
    };
  }
}
