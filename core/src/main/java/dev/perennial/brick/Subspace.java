package dev.perennial.brick;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.Tensors;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The difference of all weights of its sites as a random projection of few numbers.
 *
 * <p>Source: Measuring the Intrinsic Dimension of Objective Landscapes (arXiv 1804.08838): {@code D = P d}, d of
 * {@code dimension} zeros at first, P a fixed random matrix whose columns are of length 1 on average. P is that of
 * Fastfood (arXiv 1408.3060), which is never written down: with n the power of two from the dimension on, each n numbers
 * of D are
 *
 * <pre>
 *   H G Q H B d / √(n N)        H the Hadamard matrix, B random signs, Q a random order, G normal numbers
 * </pre>
 *
 * <p>N being all numbers of D. That any few parameters do as well as others on a large backbone is the finding of
 * Arbitrary Few Parameters are Good Enough (arXiv 2306.02320): {@code sites} says where they act, and {@code dimension}
 * how many there are. Rank and alpha are not used.
 */
public final class Subspace implements BrickKind<Subspace.Settings> {

  private static final String NUMBERS = "subspace.numbers";

  /**
   * What a random subspace is asked beside what kinds share.
   *
   * @param dimension numbers trained, 1 to 1 million; default 1000
   * @param projectionSeed of P; default 0
   */
  public record Settings(int dimension, long projectionSeed) {

    /** Checks the range. */
    public Settings {
      if (dimension < 1 || dimension > 1_000_000) {
        throw new UsageException("expected a dimension between 1 and 1000000, got " + dimension);
      }
    }
  }

  @Override
  public String name() {
    return "subspace";
  }

  @Override
  public Settings defaults() {
    return new Settings(1000, 0);
  }

  @Override
  public Brick brick(LoraOptions shape, Settings settings, Backbone backbone) {
    return new OnSites(name(), shape, settings, backbone);
  }

  private static final class OnSites extends WeightBrick {

    private final int dimension;
    private final int size;
    private final double scale;
    private final Map<Site, Projection> projections = new HashMap<>();

    /**
     * What is random of P at a site, for each of its {@code blocks}.
     *
     * @param signs B, {@code [blocks * size]}
     * @param order Q, as places in {@code [blocks * size]}
     * @param normal G, {@code [blocks * size]}
     */
    private record Projection(int blocks, float[] signs, long[] order, float[] normal) {}

    private OnSites(String kind, LoraOptions shape, Settings settings, Backbone backbone) {
      super(kind, shape.select(backbone.sites(), Lora.USUAL_SITES), shape.dropout());
      dimension = settings.dimension();
      size = Math.max(1, Integer.highestOneBit(dimension - 1) << 1);
      double all = sites().stream().mapToDouble(site -> (double) site.out() * site.in()).sum();
      scale = 1 / Math.sqrt(size * all);
      sites().forEach(site -> projections.put(site, drawn(site, settings.projectionSeed())));
    }

    private Projection drawn(Site site, long seed) {
      int blocks = Math.ceilDiv(Math.multiplyExact(site.out(), site.in()), size);
      int count = Math.multiplyExact(blocks, size);
      float[] signs = new float[count];
      long[] order = new long[count];
      float[] normal = new float[count];
      for (int block = 0; block < blocks; block++) {
        var random = CounterRandom.of(seed, site.index(), block);
        int[] own = CounterRandom.of(seed, site.index(), block, 1).permutation(size);
        for (int i = 0; i < size; i++) {
          int place = block * size + i;
          normal[place] = (float) random.gaussian(i);
          signs[place] = random.at(size + i) < 0 ? -1 : 1;
          order[place] = (long) block * size + own[i];
        }
      }
      return new Projection(blocks, signs, order, normal);
    }

    @Override
    void shapesAt(Site site, Map<String, List<Long>> shapes) {
      throw new IllegalStateException("the numbers belong to all sites");
    }

    @Override
    public SequencedMap<String, List<Long>> shapes() {
      return new LinkedHashMap<>(Map.of(NUMBERS, List.of((long) dimension)));
    }

    @Override
    public void initialise(Parameters parameters, CounterRandom random) {
      parameters.add(NUMBERS, new float[dimension], dimension);
    }

    @Override
    Tensor weight(Site site, Map<String, Tensor> tensors) {
      Projection projection = projections.get(site);
      if (projection == null) {
        throw new IllegalArgumentException("no projection at " + site.name());
      }
      int blocks = projection.blocks;
      Tensor numbers = torch.constant_pad_nd(named(tensors, NUMBERS), new long[] {0, size - dimension});
      Tensor mixed = hadamard(numbers.unsqueeze(0).mul(Tensors.floats(projection.signs, blocks, size)));
      Tensor ordered = Tensors.rows(mixed.reshape(-1), projection.order)
          .mul(Tensors.floats(projection.normal, projection.normal.length)).view(blocks, size);
      return hadamard(ordered).mul(new Scalar(scale)).reshape(-1)
          .narrow(0, 0, (long) site.out() * site.in()).view(site.out(), site.in());
    }

    /** H x for each row, {@code [rows, size]}: in place of one large matrix, two whose Kronecker product it is. */
    private Tensor hadamard(Tensor rows) {
      int first = 1 << (Integer.numberOfTrailingZeros(size) / 2);
      int second = size / first;
      Tensor cut = rows.reshape(-1, first, second);
      return torch.matmul(torch.matmul(matrix(first), cut), matrix(second)).reshape(-1, size);
    }

    private static Tensor matrix(int size) {
      float[] entries = new float[size * size];
      for (int i = 0; i < size; i++) {
        for (int j = 0; j < size; j++) {
          entries[i * size + j] = Integer.bitCount(i & j) % 2 == 0 ? 1 : -1;
        }
      }
      return Tensors.floats(entries, size, size);
    }
  }
}
