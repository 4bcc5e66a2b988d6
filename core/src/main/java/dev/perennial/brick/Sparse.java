package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The difference of few numbers of a weight, whose places are dropped and grown again in training.
 *
 * <p>Source: Scaling Sparse Fine-Tuning to Large Language Models (arXiv 2401.16405). A site has
 * {@code density * out * in} places, drawn at random, with a difference each that begins as 0. Every {@code interval}
 * steps the share {@code drop * (1 - t / T)} of the places with the smallest differences is dropped, and as many grow
 * where the gradient of the whole weight is largest, that of the one step. Dropping and growing are by site. Rank and
 * alpha are not used.
 */
public final class Sparse implements BrickKind<Sparse.Settings> {

  private static final String PLACES = "sparse_places";
  private static final String VALUES = "sparse_values";

  /**
   * What a sparse difference is asked beside what kinds share.
   *
   * @param density share of a weight's numbers, above 0 to 1; default 0.02
   * @param interval steps from one dropping to the next, 0 or more; default 20; 0 for never
   * @param drop share of the places dropped at first, 0 to 1; default 0.2
   * @param placeSeed of the places at first; default 0
   */
  public record Settings(double density, int interval, double drop, long placeSeed) {

    /** Checks the ranges. */
    public Settings {
      if (!(density > 0 && density <= 1)) {
        throw new UsageException("expected a density above 0 to 1, got " + density);
      }
      if (interval < 0) {
        throw new UsageException("expected an interval of 0 or more steps, got " + interval);
      }
      if (!(drop >= 0 && drop <= 1)) {
        throw new UsageException("expected a drop between 0 and 1, got " + drop);
      }
    }
  }

  @Override
  public String name() {
    return "sparse";
  }

  @Override
  public Settings defaults() {
    return new Settings(0.02, 20, 0.2, 0);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends WeightBrick implements Adjusting {

    private final Settings settings;
    private final SparsePlaces places = new SparsePlaces();
    /** Zeros in the place of a whole weight's difference, by part and site: their gradients show where to grow. */
    private final Map<Integer, Map<Site, Tensor>> probes = new TreeMap<>();
    private final TensorOwner owner = new TensorOwner();
    private volatile boolean probing;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      this.settings = settings;
      draw();
    }

    private void draw() {
      for (Site site : sites()) {
        int size = Math.multiplyExact(site.out(), site.in());
        int count = (int) Math.clamp(Math.round(settings.density() * size), 1, size);
        int[] order = CounterRandom.of(settings.placeSeed(), site.index()).permutation(size);
        places.put(site, Arrays.stream(order, 0, count).asLongStream().sorted().toArray());
      }
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      shapes.put(name(site, VALUES), List.of((long) places.at(site).length));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      draw();
      shapes().forEach((name, shape) -> parameters.add(name, new float[shape.getFirst().intValue()], shape.getFirst()));
    }

    @Override
    Tensor weight(Site site, Map<String, Tensor> tensors) {
      return places.weight(site, named(tensors, site, VALUES));
    }

    @Override
    public Map<String, TensorData> fixed() {
      return places.state(PLACES);
    }

    @Override
    public void restore(Map<String, TensorData> fixed) {
      places.restore(PLACES, fixed);
    }

    @Override
    public Adaptation training(Map<String, Tensor> tensors, CounterRandom noise, int part) {
      Adaptation trained = super.training(tensors, noise, part);
      return probing ? Adaptation.together(List.of(trained, Adaptation.ofSites(probes(part)))) : trained;
    }

    private synchronized Map<Site, SiteFunction> probes(int part) {
      Map<Site, Tensor> own = probes.computeIfAbsent(part, none -> {
        var zeros = new HashMap<Site, Tensor>();
        for (Site site : sites()) {
          zeros.put(site, owner.keep(Tensors.zeros(site.out(), site.in()).set_requires_grad(true)));
        }
        return zeros;
      });
      var functions = new HashMap<Site, SiteFunction>();
      own.forEach((site, probe) ->
          functions.put(site, (input, output) -> torch.addmm(output, input, Device.beside(input, probe).t())));
      return functions;
    }

    @Override
    public void beforeStep(long step, long steps) {
      probing = settings.interval() > 0 && step % settings.interval() == settings.interval() - 1 && settings.drop() > 0;
    }

    @Override
    public @Nullable Tensor afterStep(long step, long steps, Parameters parameters) {
      if (!probing) {
        return null;
      }
      probing = false;
      double share = settings.drop() * (1 - (double) step / steps);
      try (TensorScope scope = TensorScope.inference()) {
        Tensor kept = torch.ones_like(parameters.values());
        for (Site site : sites()) {
          regrow(site, share, parameters.view(parameters.values(), name(site, VALUES)),
              parameters.view(kept, name(site, VALUES)));
        }
        return scope.leave(kept);
      } finally {
        probes.clear();
        owner.close();
      }
    }

    /** Drops the smallest values and grows where the gradient is largest, each new place in the slot of a dropped one. */
    private void regrow(Site site, double share, Tensor values, Tensor kept) {
      long[] old = places.at(site);
      float[] now = Tensors.toFloats(values);
      float[] mask = new float[now.length];
      Arrays.fill(mask, 1);
      int count = (int) (share * old.length);
      List<Integer> dropped = IntStream.range(0, old.length).boxed()
          .sorted(Comparator.comparingDouble(slot -> Math.abs(now[slot]))).limit(count).toList();
      var active = new HashSet<Long>();
      for (long place : old) {
        active.add(place);
      }
      dropped.forEach(slot -> active.remove(old[slot]));
      float[] gradient = gradient(site);
      List<Integer> grown = IntStream.range(0, gradient.length).boxed().filter(place -> !active.contains((long) place))
          .sorted(Comparator.comparingDouble((Integer place) -> -Math.abs(gradient[place]))).limit(count).toList();
      long[] next = old.clone();
      // A place that was dropped and grows again keeps its difference and its slot.
      var again = new HashSet<>(grown);
      List<Integer> freed = dropped.stream().filter(slot -> !again.remove((int) old[slot])).toList();
      List<Integer> fresh = grown.stream().filter(again::contains).toList();
      for (int i = 0; i < fresh.size(); i++) {
        int slot = freed.get(i);
        next[slot] = fresh.get(i);
        now[slot] = 0;
        mask[slot] = 0;
      }
      values.copy_(Tensors.floats(now, now.length));
      kept.copy_(Tensors.floats(mask, mask.length));
      places.put(site, next);
    }

    private float[] gradient(Site site) {
      Tensor sum = Tensors.zeros(site.out(), site.in());
      for (Map<Site, Tensor> part : probes.values()) {
        Tensor probe = part.get(site);
        if (probe != null && probe.grad().defined()) {
          sum.add_(probe.grad());
        }
      }
      return Tensors.toFloats(sum);
    }
  }
}
