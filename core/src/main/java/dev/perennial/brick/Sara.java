package dev.perennial.brick;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.StringViewOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The difference of the numbers of the weights that are nearest to zero, which the backbone hardly uses.
 *
 * <p>Source: SaRA: High-Efficient Diffusion Model Fine-tuning with Progressive Sparse Low-Rank Adaptation (arXiv
 * 2409.06633). The share {@code density} of all numbers of the sites' weights, those smallest in magnitude, gets a
 * difference each, which begins as 0. The loss is added {@code nuclear * sum over sites of |D|_*}, the nuclear norm, whose
 * gradient is {@code U V'} of the singular value decomposition of D. In the middle of an experience, numbers that have
 * grown beyond the threshold by then are in use: they stay as they are, and the others go on. Rank and alpha are not used.
 */
public final class Sara implements BrickKind<Sara.Settings> {

  private static final String PLACES = "sara_places";
  private static final String VALUES = "sara_values";
  private static final String SETTLED = "sara_settled";

  /** Singular values below this share of the largest are taken to be 0. */
  private static final double NEGLIGIBLE = 1e-6;

  /**
   * What SaRA is asked beside what kinds share.
   *
   * @param density share of the weights' numbers, above 0 to 1; default 0.1
   * @param nuclear weight of the nuclear norm, 0 or more; default 0.0001
   * @param progressive whether numbers that are in use by the middle of an experience are left alone after it; default true
   */
  public record Settings(double density, double nuclear, boolean progressive) {

    /** Checks the ranges. */
    public Settings {
      if (!(density > 0 && density <= 1)) {
        throw new UsageException("expected a density above 0 to 1, got " + density);
      }
      if (!(nuclear >= 0) || Double.isInfinite(nuclear)) {
        throw new UsageException("expected a nuclear of 0 or more, got " + nuclear);
      }
    }
  }

  @Override
  public String name() {
    return "sara";
  }

  @Override
  public Settings defaults() {
    return new Settings(0.1, 1e-4, true);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends WeightBrick implements Adjusting {

    private final Settings settings;
    private final SparsePlaces places = new SparsePlaces();
    private final Map<Site, float[]> own = new HashMap<>();
    private final Map<Site, float[]> moving = new LinkedHashMap<>();
    private final float threshold;

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      this.settings = settings;
      var weights = new HashMap<Site, float[]>();
      int total = 0;
      try (TensorScope scope = TensorScope.inference()) {
        for (Site site : sites()) {
          float[] weight = Tensors.toFloats(backbone.frozen(site).weight());
          weights.put(site, weight);
          total = Math.addExact(total, weight.length);
        }
      }
      float[] sizes = new float[total];
      int next = 0;
      for (float[] weight : weights.values()) {
        for (float number : weight) {
          sizes[next++] = Math.abs(number);
        }
      }
      Arrays.sort(sizes);
      threshold = sizes[(int) Math.clamp(Math.round(settings.density() * total), 1, total) - 1];
      weights.forEach((site, weight) -> choose(site, weight));
    }

    private void choose(Site site, float[] weight) {
      int[] chosen = IntStream.range(0, weight.length).filter(i -> Math.abs(weight[i]) <= threshold).toArray();
      float[] numbers = new float[chosen.length];
      for (int i = 0; i < chosen.length; i++) {
        numbers[i] = weight[chosen[i]];
      }
      places.put(site, Arrays.stream(chosen).asLongStream().toArray());
      own.put(site, numbers);
      moving.put(site, ones(chosen.length));
    }

    private static float[] ones(int length) {
      float[] ones = new float[length];
      Arrays.fill(ones, 1);
      return ones;
    }

    private static float[] at(Map<Site, float[]> numbers, Site site) {
      float[] found = numbers.get(site);
      if (found == null) {
        throw new IllegalArgumentException("no numbers at " + site.name());
      }
      return found;
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      shapes.put(name(site, VALUES), List.of((long) places.at(site).length));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      shapes().forEach((name, shape) -> parameters.add(name, new float[shape.getFirst().intValue()], shape.getFirst()));
      sites().forEach(site -> moving.put(site, ones(places.at(site).length)));
    }

    @Override
    Tensor weight(Site site, Map<String, Tensor> tensors) {
      return places.weight(site, named(tensors, site, VALUES));
    }

    @Override
    public Map<String, TensorData> fixed() {
      var fixed = new HashMap<>(places.state(PLACES));
      moving.forEach((site, mask) -> fixed.put(name(site, SETTLED), TensorData.of(mask, mask.length)));
      return fixed;
    }

    @Override
    public void restore(Map<String, TensorData> fixed) {
      var where = new HashMap<>(fixed);
      for (Site site : sites()) {
        String name = name(site, SETTLED);
        TensorData mask = where.remove(name);
        List<Long> shape = List.of((long) places.at(site).length);
        if (mask == null || !mask.shape().equals(shape)) {
          throw new FailureException("expected " + name + " to be F32 " + shape + " in a brick, found "
              + (mask == null ? "none of that name" : mask.toString()) + ": the brick was made with other options");
        }
        moving.put(site, mask.floats());
      }
      places.restore(PLACES, where);
    }

    @Override
    public void addGradient(Parameters parameters, Tensor gradient) {
      for (Site site : sites()) {
        Tensor values = parameters.view(parameters.values(), name(site, VALUES));
        Tensor own = parameters.view(gradient, name(site, VALUES));
        if (settings.nuclear() > 0) {
          long[] where = places.at(site);
          Tensor pull = nuclearGradient(places.weight(site, values)).reshape(-1);
          Tensors.addScaled(own, Tensors.rows(pull, where), settings.nuclear());
        }
        float[] mask = at(moving, site);
        own.mul_(Tensors.floats(mask, mask.length));
      }
    }

    private static Tensor nuclearGradient(Tensor weight) {
      var parts = torch.linalg_svd(weight, false, new StringViewOptional());
      Tensor sizes = parts.get1();
      Tensor counted = sizes.gt(new Scalar(NEGLIGIBLE * Math.max(sizes.max().item_double(), Float.MIN_NORMAL)));
      return torch.mm(parts.get0().mul(counted.to(torch.ScalarType.Float)), parts.get2());
    }

    @Override
    public @Nullable Tensor afterStep(long step, long steps, Parameters parameters) {
      if (step == steps - 1) {
        sites().forEach(site -> moving.put(site, ones(places.at(site).length)));
        return null;
      }
      if (!settings.progressive() || step != (steps - 1) / 2) {
        return null;
      }
      try (TensorScope scope = TensorScope.inference()) {
        Tensor kept = torch.ones_like(parameters.values());
        for (Site site : sites()) {
          float[] values = Tensors.toFloats(parameters.view(parameters.values(), name(site, VALUES)));
          float[] numbers = at(own, site);
          float[] mask = ones(values.length);
          for (int i = 0; i < mask.length; i++) {
            mask[i] = Math.abs(numbers[i] + values[i]) <= threshold ? 1 : 0;
          }
          moving.put(site, mask);
          parameters.view(kept, name(site, VALUES)).copy_(Tensors.floats(mask, mask.length));
        }
        return scope.leave(kept);
      }
    }
  }
}
