package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * AdaLoRA: Adaptive Budget Allocation for Parameter-Efficient Fine-Tuning (arXiv 2303.10512):
 *
 *   y = W x + b + alpha / (r0 + 1e-5) B diag(E) A x      A, B ~ N(0, 0.02²)      E = 0
 *
 * and the loss is added a penalty that draws the rows of A and the columns of B to be orthonormal. Of b0 = sum of the
 * first ranks, at step t of T
 *
 *   b(t) = b0                                             t < ti
 *          bT + (b0 - bT) (1 - (t - ti) / (T - ti - tf))³   until T - tf
 *          bT                                             from then on
 *
 * triplets count, those of the greatest importance over all sites; every so many steps E of the others is set to 0. They
 * may grow again, but for the last tf steps, when which count is fixed.
 */
/** Low-rank adaptation in the form of a singular value decomposition, whose ranks a budget is dealt out over. */
public final class AdaLora implements BrickKind<AdaLora.Settings> {

  /** Beside the rank in the scale, as the authors' code has it. */
  static final double EPS = 1e-5;

  /**
   * What AdaLoRA is asked beside what kinds share.
   *
   * @param initialRank the rank that it began with, 0 to 1024; default 0: the rank
   * @param ranks ranks of sites that have another, 0 for nothing at all, as {@code expression:rank} with spaces between
   * @param targetRank mean rank of a site that the budget falls to within an experience, 0 to below the rank; default 0:
   *     ranks stay as they are
   * @param warm share of the steps before the budget falls, 0 to 1; default 0.1
   * @param last share of the steps after it has fallen, 0 to 1, with warm at most 1; default 0.4
   * @param interval steps from one dealing to the next, 1 or more; default 10
   * @param orthogonality weight of the penalty, 0 or more; default 0.1
   */
  public record Settings(int initialRank, String ranks, int targetRank, double warm, double last, int interval,
      double orthogonality) {

    /** Checks the ranges. */
    public Settings {
      if (initialRank < 0 || initialRank > 1024) {
        throw new UsageException("expected an initialRank between 0 and 1024, got " + initialRank);
      }
      if (targetRank < 0 || targetRank > 1024) {
        throw new UsageException("expected a targetRank between 0 and 1024, got " + targetRank);
      }
      if (!(warm >= 0 && last >= 0 && warm + last <= 1)) {
        throw new UsageException("expected shares warm and last of 0 or more that are at most 1 together, got " + warm
            + " and " + last);
      }
      if (interval < 1) {
        throw new UsageException("expected an interval of 1 or more steps, got " + interval);
      }
      if (!(orthogonality >= 0) || Double.isInfinite(orthogonality)) {
        throw new UsageException("expected an orthogonality of 0 or more, got " + orthogonality);
      }
    }

    /** Of a brick whose ranks have been dealt out. */
    public static Settings settled(int initialRank, String ranks) {
      return new Settings(initialRank, ranks, 0, 0.1, 0.4, 10, 0.1);
    }
  }

  @Override
  public String name() {
    return "adalora";
  }

  @Override
  public Settings defaults() {
    return Settings.settled(0, "");
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  /** How many triplets may count at a step, of {@code all} to {@code least}. */
  static long budget(Settings settings, long all, long least, long step, long steps) {
    long begin = (long) (settings.warm() * steps);
    long end = steps - Math.max(1, (long) (settings.last() * steps));
    if (step >= end) {
      return least;
    }
    if (step < begin) {
      return all;
    }
    double left = 1 - (double) (step - begin) / (end - begin);
    return least + (long) ((all - least) * left * left * left);
  }

  private static final class OnSites extends SingularBrick {

    private final Settings settings;
    private final Map<Site, Integer> ranks = new HashMap<>();

    private record Triplet(Site site, int index, double score) {}

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape, shape.select(backbone.sites(), Lora.USUAL_SITES),
          shape.alpha() / ((settings.initialRank() == 0 ? shape.rank() : settings.initialRank()) + EPS));
      this.settings = settings;
      var patterns = new SitePatterns("ranks", settings.ranks());
      patterns.requireUse("ranks", sites());
      for (Site site : sites()) {
        double rank = patterns.at(site, shape.rank());
        if (rank != Math.rint(rank) || rank < 0 || rank > 1024) {
          throw new UsageException("expected an AdaLoRA rank between 0 and 1024 for " + site.name() + ", got " + rank);
        }
        ranks.put(site, (int) rank);
      }
      if (settings.targetRank() > 0 && least() >= all()) {
        throw new UsageException("expected a targetRank below the mean rank, of which the budget takes away, got "
            + settings.targetRank() + " for " + all() + " ranks at " + sites().size() + " sites: raise the rank");
      }
    }

    private long all() {
      return ranks.values().stream().mapToLong(Integer::longValue).sum();
    }

    private long least() {
      return (long) settings.targetRank() * sites().size();
    }

    @Override
    int room(Site site) {
      return ranks.getOrDefault(site, 0);
    }

    @Override
    int first(Site site) {
      return room(site);
    }

    @Override
    boolean dealing() {
      return settings.targetRank() > 0;
    }

    @Override
    public void addGradient(Parameters parameters, Tensor gradient) {
      addOrthogonality(parameters, gradient, settings.orthogonality());
      if (dealing()) {
        observe(parameters, gradient);
      }
    }

    @Override
    public @Nullable Tensor afterStep(long step, long steps, Parameters parameters) {
      if (!dealing()) {
        return null;
      }
      long budget = budget(settings, all(), least(), step, steps);
      boolean fixed = step > 0 && budget(settings, all(), least(), step - 1, steps) == least();
      if (!fixed) {
        sites().forEach(site -> importance(site).step());
      }
      boolean dealt = !fixed && (budget == least() || budget < all() && step % settings.interval() == 0);
      if (dealt) {
        deal(budget);
      }
      if (dealt || fixed) {
        try (TensorScope scope = TensorScope.inference()) {
          for (Site site : sites()) {
            float[] mask = counted(site);
            parameters.view(parameters.values(), name(site, "lora_E"))
                .mul_(dev.perennial.tensor.Tensors.floats(mask, mask.length, 1));
          }
        }
      }
      return null;
    }

    /** Lets the {@code budget} triplets of the greatest importance count. */
    private void deal(long budget) {
      var triplets = new ArrayList<Triplet>();
      for (Site site : sites()) {
        for (int i = 0; i < room(site); i++) {
          triplets.add(new Triplet(site, i, score(site, i)));
        }
      }
      triplets.sort(Comparator.comparingDouble(Triplet::score).reversed());
      var masks = new HashMap<Site, float[]>();
      var sums = new HashMap<Site, Double>();
      for (int i = 0; i < triplets.size(); i++) {
        Triplet triplet = triplets.get(i);
        masks.computeIfAbsent(triplet.site, site -> new float[room(site)])[triplet.index] = i < budget ? 1 : 0;
        sums.merge(triplet.site, triplet.score, Double::sum);
      }
      for (Site site : sites()) {
        float[] mask = masks.getOrDefault(site, new float[0]);
        int before = rank(site);
        int after = 0;
        for (float one : mask) {
          after += one == 0 ? 0 : 1;
        }
        count(site, mask, sums.getOrDefault(site, 0.0), String.format(Locale.ROOT,
            "%s: %d of %d triplets in all fit the budget", after < before ? "pruned" : "grew again", budget, all()));
      }
    }
  }
}
