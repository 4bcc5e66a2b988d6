package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * The difference of all weights of its sites, whose numbers are shared at random.
 *
 * <p>Source: STABLE-RPS of In defense of parameter sharing for model-compression (arXiv 2310.11611), for a difference of
 * weights. All N numbers of the difference lie one after another and are cut into chunks as long as the memory of
 * {@code m = N / compression} shared numbers; chunk c is the memory turned by a random offset, times a random sign:
 *
 * <pre>
 *   D_i = s_c M_((i + o_c) mod m) / √(chunks),    c = i / m
 * </pre>
 *
 * <p>So no number is shared within a chunk, and without compression D is the memory itself, turned: nothing is lost. A
 * gradient step moves D as far as the mean of the gradients that a number shares would, whatever the compression: this is
 * what the root is for. Rank and alpha are not used.
 */
public final class SharedWeights implements BrickKind<SharedWeights.Settings> {

  private static final String MEMORY = "shared.memory";

  /**
   * What shared weights are asked beside what kinds share.
   *
   * @param compression numbers of the weights for one of the memory, 1 or more; default 100
   * @param sharingSeed of offsets and signs; default 0
   */
  public record Settings(double compression, long sharingSeed) {

    /** Checks the range. */
    public Settings {
      if (!(compression >= 1) || Double.isInfinite(compression)) {
        throw new UsageException("expected a compression of 1 or more, got " + compression);
      }
    }
  }

  @Override
  public String name() {
    return "stable-rps";
  }

  @Override
  public Settings defaults() {
    return new Settings(100, 0);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends WeightBrick {

    private final long seed;
    private final long memory;
    private final long chunks;
    private final Map<Site, Long> starts = new HashMap<>();

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      seed = settings.sharingSeed();
      long all = 0;
      for (Site site : sites()) {
        starts.put(site, all);
        all += (long) site.out() * site.in();
      }
      memory = Math.min(Integer.MAX_VALUE, Math.max(1, (long) Math.ceil(all / settings.compression())));
      chunks = Math.ceilDiv(all, memory);
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      throw new IllegalStateException("the memory belongs to all sites");
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return new LinkedHashMap<>(Map.of(MEMORY, List.of(memory)));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      parameters.add(MEMORY, new float[Math.toIntExact(memory)], memory);
    }

    @Override
    Tensor weight(Site site, Map<String, Tensor> tensors) {
      Tensor shared = named(tensors, MEMORY);
      long from = starts.getOrDefault(site, 0L);
      long end = from + (long) site.out() * site.in();
      var pieces = new ArrayList<Tensor>();
      while (from < end) {
        long chunk = from / memory;
        var random = CounterRandom.of(seed, chunk);
        long place = (from % memory + random.below(0, (int) memory)) % memory;
        long length = Math.min(Math.min(end, (chunk + 1) * memory) - from, memory - place);
        Tensor piece = shared.narrow(0, place, length);
        pieces.add(random.at(1) < 0 ? piece.neg() : piece);
        from += length;
      }
      return Tensors.concat(0, pieces.toArray(new Tensor[0]))
          .mul(new Scalar(1 / Math.sqrt(chunks))).view(site.out(), site.in());
    }
  }
}
