package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/*
 * IncreLoRA: Incremental Parameter Allocation Method for Parameter-Efficient Fine-tuning (arXiv 2308.12043), in AdaLoRA's
 * form, y = W x + b + scale B diag(E) A x. Every site begins with one triplet. Beside those that count it has one in
 * reserve, whose number in E is held at 1e-5 while its vectors in A and B are trained already (advance learning). At each
 * of so many rounds the sites of the greatest importance, the sum of AdaLoRA's scores of a site's triplets divided by the
 * root of how many they are, take their reserve into use and get another, until the mean rank is the one asked for;
 * then reserves are set to 0.
 *
 * Where this departs: importance is that of A, B and E and not of the whole difference, whose gradient would cost what
 * tuning the weight costs; and the scale is alpha / rank at all times, so that growing changes nothing by itself.
 */
/** Low-rank adaptation that begins with rank 1 and grows where it matters, up to the rank in the mean. */
public final class IncreLora implements BrickKind<IncreLora.Settings> {

  private static final float RESERVE = 1e-5f;

  /**
   * What IncreLoRA is asked beside what kinds share; the rank is the mean over sites that it grows to.
   *
   * @param warm share of the steps before it grows, 0 to 1; default 0.1
   * @param grown share of the steps by which it has grown, above warm to 1; default 0.5
   * @param rounds in which it grows, 1 or more; default 10
   * @param most times the mean rank that a site can grow to, 1 to 64; default 4
   * @param orthogonality weight of AdaLoRA's penalty, 0 or more; default 0.1
   */
  public record Settings(double warm, double grown, int rounds, int most, double orthogonality) {

    /** Checks the ranges. */
    public Settings {
      if (!(warm >= 0 && warm < grown && grown <= 1)) {
        throw new UsageException("expected shares warm of 0 or more and grown above it up to 1, got " + warm + " and " + grown);
      }
      if (rounds < 1) {
        throw new UsageException("expected rounds of 1 or more, got " + rounds);
      }
      if (most < 1 || most > 64) {
        throw new UsageException("expected a most between 1 and 64, got " + most);
      }
      if (!(orthogonality >= 0) || Double.isInfinite(orthogonality)) {
        throw new UsageException("expected an orthogonality of 0 or more, got " + orthogonality);
      }
    }
  }

  @Override
  public String name() {
    return "increlora";
  }

  @Override
  public Settings defaults() {
    return new Settings(0.1, 0.5, 10, 4, 0.1);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends SingularBrick {

    private final Settings settings;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.alpha() / (shape.rank() + AdaLora.EPS));
      this.settings = settings;
    }

    @Override
    int room(Site site) {
      return shape().rank() * settings.most() + 1;
    }

    @Override
    int first(Site site) {
      return 1;
    }

    @Override
    boolean dealing() {
      return true;
    }

    private long goal() {
      return (long) shape().rank() * sites().size();
    }

    private long total() {
      return sites().stream().mapToLong(this::rank).sum();
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      super.initialise(parameters, random);
      try (TensorScope scope = TensorScope.inference()) {
        sites().forEach(site -> reserve(parameters, site));
      }
    }

    /** Holds the number of the reserve, if the site may still grow, and all beyond it at 0. */
    private void reserve(Parameters parameters, Site site) {
      int rank = rank(site);
      Tensor sizes = parameters.view(parameters.values(), name(site, "lora_E"));
      sizes.narrow(0, rank, room(site) - rank).zero_();
      if (total() < goal() && rank < room(site)) {
        sizes.narrow(0, rank, 1).fill_(new Scalar(RESERVE));
      }
    }

    @Override
    public void addGradient(Parameters parameters, Tensor gradient) {
      addOrthogonality(parameters, gradient, settings.orthogonality());
      for (Site site : sites()) {
        int rank = rank(site);
        int trained = Math.min(room(site), total() < goal() ? rank + 1 : rank);
        int idle = room(site) - trained;
        parameters.view(gradient, name(site, "lora_A")).narrow(0, trained, idle).zero_();
        parameters.view(gradient, name(site, "lora_B")).narrow(1, trained, idle).zero_();
        parameters.view(gradient, name(site, "lora_E")).narrow(0, rank, room(site) - rank).zero_();
      }
      observe(parameters, gradient);
    }

    @Override
    public @Nullable Tensor afterStep(long step, long steps, Parameters parameters) {
      sites().forEach(site -> importance(site).step());
      long wanted = wanted(step, steps);
      if (total() >= wanted) {
        return null;
      }
      try (TensorScope scope = TensorScope.inference()) {
        Tensor kept = torch.ones_like(parameters.values());
        List<Site> order = sites().stream().filter(site -> rank(site) < room(site) - 1)
            .sorted(Comparator.comparingDouble(this::need).reversed()).toList();
        for (int i = 0; i < order.size() && total() < wanted; i++) {
          Site site = order.get(i);
          int rank = rank(site);
          float[] mask = counted(site).clone();
          mask[rank] = 1;
          count(site, mask, need(site), String.format(Locale.ROOT,
              "grew: number %d of %d sites by importance, %d of %d triplets in all", i + 1, sites().size(), total() + 1, goal()));
          parameters.view(kept, name(site, "lora_E")).narrow(0, rank, 1).zero_();
        }
        sites().forEach(site -> reserve(parameters, site));
        return scope.leave(kept);
      }
    }

    /** Triplets that should count after a step. */
    private long wanted(long step, long steps) {
      double begin = settings.warm() * steps;
      double length = (settings.grown() - settings.warm()) * steps / settings.rounds();
      double rounds = step == steps - 1 ? settings.rounds() : Math.clamp((step + 1 - begin) / length, 0, settings.rounds());
      long first = sites().size();
      return first + (long) Math.ceil((goal() - first) * Math.floor(rounds) / settings.rounds());
    }

    /** How much a site matters. */
    private double need(Site site) {
      double sum = 0;
      int rank = rank(site);
      for (int i = 0; i < rank; i++) {
        sum += score(site, i);
      }
      return rank == 0 ? 0 : sum / Math.sqrt(rank);
    }
  }
}
