package dev.perennial.engine;

import dev.perennial.UsageException;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.data.Example;
import dev.perennial.route.Mixture;
import dev.perennial.route.Recurrent;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.route.TopP;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * A router that is learned for all bricks of a collection at once, the bricks and their heads frozen: by the cross-entropy
 * of the heads of all bricks together, on the features of the mixture.
 */
public final class LearnedRouter implements SiteRouter, AutoCloseable {

  /** Steps of 32 examples, unless told otherwise. */
  public static final int STEPS = 300;

  private static final double RATE = 2e-3;
  private static final int WARM_UP = 20;
  private static final int BATCH = 32;
  private static final long SEED = 1;

  private final TensorOwner owner = new TensorOwner();
  private final Map<String, Tensor> tensors = new HashMap<>();
  private final SiteRouter router;

  /** Which router. */
  public enum Kind {
    /** {@link TopP} with its usual options. */
    TOP_P("top-p"),
    /** {@link Recurrent} with a cell of 64 and the best two bricks. */
    RECURRENT("recurrent");

    private final String id;

    Kind(String id) {
      this.id = id;
    }

    /** The name it is asked for by. */
    public String id() {
      return id;
    }

    private void initialise(List<Site> sites, int bricks, Parameters parameters) {
      var random = CounterRandom.of(SEED);
      if (this == RECURRENT) {
        Recurrent.initialise(RECURRENT_OPTIONS, sites, bricks, parameters, random);
        return;
      }
      long index = 0;
      for (Site site : sites) {
        float[] gate = new float[bricks * site.in()];
        for (int i = 0; i < gate.length; i++) {
          gate[i] = (float) ((2 * random.uniform(index++) - 1) / Math.sqrt(site.in()));
        }
        parameters.add(site.name(), gate, bricks, site.in());
      }
    }

    private SiteRouter of(List<Site> sites, Map<String, Tensor> tensors) {
      if (this == RECURRENT) {
        return new Recurrent(RECURRENT_OPTIONS, sites, tensors);
      }
      var gates = new HashMap<Site, Tensor>();
      for (Site site : sites) {
        Tensor gate = tensors.get(site.name());
        if (gate != null) {
          gates.put(site, gate);
        }
      }
      return new TopP(gates, TopP.Options.DEFAULT);
    }
  }

  private static final Recurrent.Options RECURRENT_OPTIONS = new Recurrent.Options(64, 2);

  /**
   * A router that was learned.
   *
   * @param bricks those that it was learned for
   * @param state as {@link #state} gave it
   * @throws dev.perennial.FailureException if the tensors are not those of such a router
   */
  LearnedRouter(Kind kind, BrickCollection bricks, Map<String, TensorData> state) {
    List<Site> sites = sites(bricks);
    try (var layout = new Parameters(); TensorScope scope = TensorScope.inference()) {
      kind.initialise(sites, bricks.names().size(), layout);
      layout.restore(state);
      layout.views().forEach((name, view) -> tensors.put(name, owner.keep(view.clone())));
    }
    router = kind.of(sites, tensors);
  }

  /** Where any of the bricks acts, in the backbone's order. */
  private static List<Site> sites(BrickCollection bricks) {
    return bricks.backbone().sites().stream()
        .filter(site -> bricks.experts().stream().anyMatch(expert -> expert.brick().sites().contains(site))).toList();
  }

  /**
   * Learns one.
   *
   * @param examples at least one, of classes that heads of the bricks know
   * @param steps of 32 examples
   * @param progress is told how many steps are done, after each
   * @throws UsageException if no brick has a linear head, or none knows a class
   */
  public static LearnedRouter learn(
      Kind kind, BrickCollection bricks, List<Example> examples, int steps, IntConsumer progress) {
    if (bricks.classes().isEmpty()) {
      throw new UsageException("expected bricks with the linear heads that they were learned with, to learn a router by,"
          + " got none among " + bricks.names().size() + ": choose a router that needs none, such as arrow");
    }
    List<Site> sites = sites(bricks);
    try (var parameters = new Parameters()) {
      kind.initialise(sites, bricks.names().size(), parameters);
      new HeadFit(bricks.backbone(), RATE, WARM_UP, BATCH, progress).run(
          parameters, examples, bricks.classes(), steps, (rows, leaves) -> {
            var costs = new ArrayList<Tensor>();
            SiteRouter learning = kind.of(sites, leaves);
            SiteRouter costed = learning instanceof TopP topP ? costed(topP, rows, costs) : learning;
            Tensor features = bricks.features(rows, Mixture.bySite(bricks.experts(), costed));
            Tensor more = Tensors.zeros();
            for (Tensor cost : costs) {
              more = more.add(cost.div(new Scalar((double) sites.size())));
            }
            return new HeadFit.Output(bricks.logits(features), more);
          });
      return new LearnedRouter(kind, bricks, parameters.state());
    }
  }

  /** The router, which notes what the tokens that are no padding add to the loss at each site. */
  private static SiteRouter costed(TopP router, List<Row> rows, List<Tensor> costs) {
    return new SiteRouter() {
      @Override
      public List<Site> sites() {
        return router.sites();
      }

      @Override
      public Map<Site, Router> pass() {
        var noting = new HashMap<Site, Router>();
        router.pass().forEach((site, at) -> noting.put(site, inputs -> {
          Tensor seen = Tensors.rows(inputs, tokens(rows, (int) inputs.size(0) / rows.size()));
          costs.add(router.loss(router.probabilities(site, seen)));
          return at.weights(inputs);
        }));
        return noting;
      }
    };
  }

  /** The places of tokens that are no padding, in a batch whose rows have {@code longest} each. */
  private static long[] tokens(List<Row> rows, int longest) {
    var places = new ArrayList<Long>();
    for (int row = 0; row < rows.size(); row++) {
      for (int token = 0; token < rows.get(row).length(); token++) {
        places.add((long) row * longest + token);
      }
    }
    return places.stream().mapToLong(Long::longValue).toArray();
  }

  /** The tensors that were learned, by name. */
  Map<String, TensorData> state() {
    var state = new TreeMap<String, TensorData>();
    tensors.forEach((name, tensor) -> state.put(name, TensorData.of(Tensors.toFloats(tensor), tensor.shape())));
    return state;
  }

  @Override
  public List<Site> sites() {
    return router.sites();
  }

  @Override
  public Map<Site, Router> pass() {
    return router.pass();
  }

  @Override
  public void close() {
    owner.close();
  }
}
