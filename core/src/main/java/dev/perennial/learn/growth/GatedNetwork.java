package dev.perennial.learn.growth;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.Lora;
import dev.perennial.data.Input;
import dev.perennial.learn.LearnerContext;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/**
 * A frozen backbone whose sites have functions that may differ from row to row.
 *
 * <p>Blocks below the first site are computed once for an input and cached. A backbone without sites has one of its own
 * here: what it pools, {@code features}, on which bricks then act.
 */
final class GatedNetwork {

  /** Rows of a batch for inference, which pad less when they are few. */
  private static final int INFERENCE_BATCH = 32;

  /** Rows of a shard at least: fewer are not worth another thread. */
  private static final int SHARD = 8;

  private final Backbone backbone;
  private final FeatureCache cache;
  private final Workers workers;
  private final List<Site> sites;
  private final boolean pooled;
  private final int lowest;

  /** What acts on some of the rows that go through together. */
  @FunctionalInterface
  interface Acting {

    /**
     * The function of each site, in the open scope.
     *
     * @param tensors what gradients are taken with respect to, by name; views without gradients in inference
     * @param positions which of the rows go through, in their order
     */
    Function<Site, SiteFunction> on(Map<String, Tensor> tensors, long[] positions);
  }

  /** The loss of some rows: a scalar, their part of the whole. */
  @FunctionalInterface
  interface Loss {

    /**
     * The loss of some rows.
     *
     * @param features {@code [positions, width]}
     * @param positions which of the rows these are
     */
    Tensor of(Tensor features, Map<String, Tensor> tensors, long[] positions);
  }

  GatedNetwork(GrowthOptions options, LearnerContext context) {
    this.backbone = context.backbone();
    this.cache = context.cache();
    this.workers = context.workers();
    this.pooled = backbone.sites().isEmpty();
    this.sites = pooled
        ? List.of(new Site(0, "features", backbone.blocks(), backbone.width(), backbone.width()))
        : options.lora().select(backbone.sites());
    this.lowest = sites.stream().mapToInt(Site::block).min().orElse(0);
  }

  List<Site> sites() {
    return sites;
  }

  /** The tensors of a new brick at every site: A drawn from ±1/√in, B of zeros. */
  Map<String, Tensor> beginning(int rank, CounterRandom random) {
    var tensors = new LinkedHashMap<String, Tensor>();
    long drawn = 0;
    for (Site site : sites) {
      float[] down = new float[rank * site.in()];
      for (int i = 0; i < down.length; i++) {
        down[i] = (float) ((2 * random.uniform(drawn++) - 1) / Math.sqrt(site.in()));
      }
      tensors.put(Lora.nameOfA(site), Tensors.floats(down, rank, site.in()));
      tensors.put(Lora.nameOfB(site), Tensors.zeros(site.out(), rank));
    }
    return tensors;
  }

  /** Whether the backbone has sites of its own. */
  boolean inside() {
    return !pooled;
  }

  /** Features of the backbone alone, {@code [inputs, width]}. */
  Tensor frozen(List<? extends Input> inputs) {
    return cache.features(inputs, FeatureCache.Frozen.BACKBONE);
  }

  /** Rows on their way: where they are at the first site, and how long they are. */
  private record Begun(List<Row> rows, float[][] states, Tensor features) {}

  private Begun begin(List<? extends Input> inputs) {
    if (pooled) {
      return new Begun(List.of(), new float[0][], frozen(inputs));
    }
    cache.register(inputs);
    float[][] states = lowest > 0
        ? cache.states(inputs, FeatureCache.Frozen.BACKBONE, lowest)
        : new float[0][];
    return new Begun(inputs.stream().map(cache::row).toList(), states, Tensors.zeros(0));
  }

  /** Places of rows, the short ones first, so that those that go through together pad less. */
  private static List<Integer> byLength(Begun begun, int count) {
    var order = new ArrayList<>(IntStream.range(0, count).boxed().toList());
    if (!begun.rows.isEmpty()) {
      order.sort(Comparator.comparingInt(i -> begun.rows.get(i).length()));
    }
    return order;
  }

  private Tensor through(Begun begun, long[] positions, Acting acting, Map<String, Tensor> tensors) {
    if (pooled) {
      Tensor own = Tensors.rows(begun.features, positions);
      return acting.on(tensors, positions).apply(sites.getFirst()).apply(own, own);
    }
    var functions = new HashMap<Site, SiteFunction>();
    Function<Site, SiteFunction> at = acting.on(tensors, positions);
    sites.forEach(site -> functions.put(site, at.apply(site)));
    Adaptation adaptation = Adaptation.ofSites(functions);
    var rows = new ArrayList<Row>();
    for (long position : positions) {
      rows.add(begun.rows.get((int) position));
    }
    Pass pass = backbone.pass(rows);
    Tensor state;
    if (lowest > 0) {
      float[][] own = new float[positions.length][];
      for (int i = 0; i < own.length; i++) {
        own[i] = begun.states[(int) positions[i]];
      }
      state = pass.join(own);
    } else {
      state = pass.start(adaptation);
    }
    return pass.pool(pass.advance(state, lowest, backbone.blocks(), adaptation));
  }

  /** Features of inputs with what acts on them, {@code [inputs, width]}, without gradients. */
  Tensor features(List<? extends Input> inputs, Acting acting, Map<String, Tensor> tensors) {
    int width = backbone.width();
    if (inputs.isEmpty()) {
      return Tensors.zeros(0, width);
    }
    Begun begun = begin(inputs);
    List<Integer> order = byLength(begun, inputs.size());
    float[] all = new float[inputs.size() * width];
    var tasks = new ArrayList<Callable<Integer>>();
    for (int end = order.size(); end > 0; end -= INFERENCE_BATCH) {
      long[] positions = longs(order.subList(Math.max(0, end - INFERENCE_BATCH), end));
      tasks.add(() -> {
        try (TensorScope scope = TensorScope.inference()) {
          float[] features = Tensors.toFloats(through(begun, positions, acting, tensors));
          for (int i = 0; i < positions.length; i++) {
            System.arraycopy(features, i * width, all, (int) positions[i] * width, width);
          }
          return positions.length;
        }
      });
    }
    workers.run(tasks);
    return Tensors.floats(all, inputs.size(), width);
  }

  /** The gradient of a batch's loss, flat as the parameters are, in the open scope. */
  Tensor gradient(Parameters parameters, List<? extends Input> inputs, Acting acting, Loss loss) {
    Begun begun = begin(inputs);
    List<Integer> order = byLength(begun, inputs.size());
    int shards = Math.min(workers.size(), Math.ceilDiv(order.size(), SHARD));
    var gradients = new ArrayList<Tensor>();
    try (TensorOwner owner = new TensorOwner()) {
      var tasks = new ArrayList<Callable<Integer>>();
      for (int shard = 0; shard < shards; shard++) {
        long[] positions = longs(order.subList(order.size() * shard / shards, order.size() * (shard + 1) / shards));
        Tensor gradient = Tensors.zeros(parameters.size());
        gradients.add(gradient);
        Map<String, Tensor> leaves = parameters.leaves(gradient, owner);
        tasks.add(() -> {
          try (TensorScope scope = TensorScope.training()) {
            loss.of(through(begun, positions, acting, leaves), leaves, positions).backward();
            return positions.length;
          }
        });
      }
      workers.run(tasks);
    }
    Tensor sum = gradients.getFirst();
    for (Tensor part : gradients.subList(1, gradients.size())) {
      sum.add_(part);
    }
    return sum;
  }

  private static long[] longs(List<Integer> places) {
    return places.stream().mapToLong(Integer::longValue).toArray();
  }
}
