package dev.perennial.engine;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.SiteFunction;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.route.Arrow;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.Phatgoose;
import dev.perennial.route.Prototypes;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.route.SiteVectors;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * The library of a store, opened to ask which of its bricks a text goes to.
 *
 * <p>Arrow needs the bricks alone, and keeps what it found of each beside the library: only bricks that are new are read.
 * Prototypes need examples of what bricks are for, see {@link #teach}; PHATGOOSE needs gates, see {@link #learnGates}.
 *
 * <p>Routers that look at what sites are given see the backbone alone, without the bricks that act below: a text costs one
 * pass through the backbone, and a product with one matrix a site.
 */
public final class BrickRoutes implements AutoCloseable {

  /** The routers, by the names that they are asked for by. */
  public static final List<String> ROUTERS = List.of("arrow", "phatgoose", "prototypes");

  private static final int BATCH = 32;

  private final StoreBricks store;
  private final List<String> bricks;
  private final List<String> leftOut;
  private final @Nullable SiteRouter bySite;
  private final @Nullable Router byFeatures;
  private final Runnable free;

  /**
   * A brick that a text goes to.
   *
   * @param brick its name
   * @param weight from 0 to 1; those of all bricks add up to 1. Where a router decides by token and site, the mean
   */
  public record Share(String brick, double weight) {}

  private BrickRoutes(StoreBricks store, String name, int top) {
    this.store = store;
    List<String> all = store.libraryNames();
    if (all.isEmpty()) {
      throw new UsageException("expected bricks in the library of the store, found none: add some with bricks import");
    }
    List<Site> sites = store.backbone().sites();
    var files = new RoutingFiles(store.directory(), store.backbone().digest());
    if (name.equals("prototypes")) {
      FeatureMeans means = files.means(name);
      var prototypes = new Prototypes(all, means, Prototypes.Options.DEFAULT.withTop(top));
      bricks = all;
      leftOut = all.stream().filter(brick -> !means.byBrick().containsKey(brick)).toList();
      bySite = null;
      byFeatures = prototypes;
      free = prototypes::close;
      return;
    }
    SiteVectors vectors = name.equals("arrow") ? arrows(files, store, all) : gates(files, store, all);
    bricks = vectors.bricks();
    leftOut = all.stream().filter(brick -> vectors.byBrick().getOrDefault(brick, Map.of()).isEmpty()).toList();
    byFeatures = null;
    if (name.equals("arrow")) {
      var arrow = new Arrow(vectors, sites, Arrow.Options.DEFAULT);
      bySite = arrow;
      free = arrow::close;
    } else {
      var phatgoose = new Phatgoose(vectors, sites, Phatgoose.Options.DEFAULT);
      bySite = phatgoose;
      free = phatgoose::close;
    }
  }

  /**
   * Opens the library.
   *
   * @param router one of {@link #ROUTERS}
   * @param top how many bricks prototypes route a text to, at least 1; Arrow takes 3 and PHATGOOSE 2 for each token
   * @throws UsageException if there is no store, no brick, no such router, or nothing that it could route by
   */
  public static BrickRoutes open(Path directory, String router, int top) {
    requireRouter(router);
    StoreBricks store = StoreBricks.open(directory);
    try {
      return new BrickRoutes(store, router, top);
    } catch (RuntimeException e) {
      store.close();
      throw e;
    }
  }

  private static void requireRouter(String router) {
    if (!ROUTERS.contains(router)) {
      throw new UsageException("expected a router among " + String.join(", ", ROUTERS) + ", got " + router
          + Spelling.suggestion(router, ROUTERS));
    }
  }

  /**
   * Takes in examples of what a brick of a library is for, in addition to those before.
   *
   * @param label the class of the examples; empty where the brick is of one task
   * @param texts at least one
   * @throws UsageException if there is no store, or no such brick in its library
   */
  public static void teach(Path directory, String brick, String label, List<String> texts) {
    try (StoreBricks store = StoreBricks.open(directory)) {
      requireInLibrary(store, brick);
      var files = new RoutingFiles(directory, store.backbone().digest());
      FeatureMeans means = files.means("prototypes");
      for (int start = 0; start < texts.size(); start += BATCH) {
        try (TensorScope scope = TensorScope.inference()) {
          List<String> batch = texts.subList(start, Math.min(start + BATCH, texts.size()));
          means = means.with(brick, label, features(store.backbone(), batch));
        }
      }
      files.write("prototypes", means);
    }
  }

  /**
   * Learns the gates of a brick of a library for PHATGOOSE, in the place of those before: 100 steps of 32 examples.
   *
   * @param labels the class of each text, as the head that was learned with the brick names it
   * @throws UsageException if there is no store, or no such brick in its library, or it has no linear head, or its head
   *     does not know a class
   */
  public static void learnGates(Path directory, String brick, List<String> texts, List<String> labels) {
    try (StoreBricks store = StoreBricks.open(directory)) {
      requireInLibrary(store, brick);
      Map<String, float[]> gates =
          new GateLearning(store.backbone(), store.read(brick)).learn(texts, labels, GateLearning.STEPS);
      var files = new RoutingFiles(directory, store.backbone().digest());
      RoutingFiles.Stamped before = files.vectors("phatgoose");
      var vectors = new TreeMap<>(before.vectors().byBrick());
      var stamps = new TreeMap<>(before.stamps());
      vectors.put(brick, gates);
      stamps.put(brick, store.stamp(brick));
      files.write("phatgoose", new RoutingFiles.Stamped(new SiteVectors(vectors), stamps));
    }
  }

  private static void requireInLibrary(StoreBricks store, String brick) {
    if (!store.libraryNames().contains(brick)) {
      throw new UsageException("expected a brick of the library, one of " + String.join(", ", store.libraryNames())
          + ", got " + brick + Spelling.suggestion(brick, store.libraryNames()));
    }
  }

  private static SiteVectors arrows(RoutingFiles files, StoreBricks store, List<String> all) {
    RoutingFiles.Stamped before = files.vectors("arrow");
    var vectors = new TreeMap<String, Map<String, float[]>>();
    var stamps = new TreeMap<String, String>();
    boolean changed = before.stamps().size() != all.size();
    for (String brick : all) {
      String stamp = store.stamp(brick);
      Map<String, float[]> known = before.vectors().byBrick().get(brick);
      if (known == null || !stamp.equals(before.stamps().get(brick))) {
        known = arrows(store, brick);
        changed = true;
      }
      vectors.put(brick, known);
      stamps.put(brick, stamp);
    }
    var found = new SiteVectors(vectors);
    if (changed) {
      files.write("arrow", new RoutingFiles.Stamped(found, stamps));
    }
    return found;
  }

  private static Map<String, float[]> arrows(StoreBricks store, String name) {
    SavedBrick saved = store.read(name);
    try (TensorScope scope = TensorScope.inference()) {
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((tensor, data) -> tensors.put(tensor, Tensors.copyOf(data)));
      return Arrow.vectors(saved.on(store.backbone()), tensors);
    }
  }

  /** Those of bricks that are still there, and are the bricks that the gates were learned for. */
  private static SiteVectors gates(RoutingFiles files, StoreBricks store, List<String> all) {
    RoutingFiles.Stamped kept = files.vectors("phatgoose");
    var vectors = new TreeMap<String, Map<String, float[]>>();
    for (String brick : all) {
      if (store.stamp(brick).equals(kept.stamps().get(brick))) {
        vectors.put(brick, kept.vectors().byBrick().getOrDefault(brick, Map.of()));
      }
    }
    return new SiteVectors(vectors);
  }

  /** Bricks of the library that this router cannot route to, in alphabetical order. */
  public List<String> leftOut() {
    return leftOut;
  }

  /**
   * The bricks that a text goes to, the heaviest first; those of weight 0 are left out.
   *
   * @param top how many at most, at least 1
   * @throws UsageException if the store is one of images
   */
  public List<Share> route(String text, int top) {
    double[] weights;
    try (TensorScope scope = TensorScope.inference()) {
      Router asked = byFeatures;
      weights = asked == null
          ? ofSites(text)
          : Tensors.toDoubles(asked.weights(features(store.backbone(), List.of(text))));
    }
    var shares = new ArrayList<Share>();
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        shares.add(new Share(bricks.get(i), weights[i]));
      }
    }
    shares.sort(Comparator.comparingDouble(Share::weight).reversed().thenComparing(Share::brick));
    return List.copyOf(shares.subList(0, Math.min(top, shares.size())));
  }

  /** The mean over sites and tokens. */
  private double[] ofSites(String text) {
    SiteRouter asked = bySite;
    if (asked == null) {
      throw new IllegalStateException("a router is asked by features or by sites");
    }
    Backbone backbone = store.backbone();
    Tensor sum = Tensors.zeros(bricks.size());
    var functions = new HashMap<Site, SiteFunction>();
    asked.pass().forEach((site, at) -> functions.put(site, (input, output) -> {
      Tensors.addScaled(sum, at.weights(input).mean(0), 1);
      return output;
    }));
    Adaptation listening = Adaptation.ofSites(functions);
    Pass pass = backbone.pass(rows(backbone, List.of(text)));
    pass.advance(pass.start(), 0, backbone.blocks(), listening);
    double[] weights = Tensors.toDoubles(sum);
    for (int i = 0; i < weights.length; i++) {
      weights[i] /= functions.size();
    }
    return weights;
  }

  private static Tensor features(Backbone backbone, List<String> texts) {
    Pass pass = backbone.pass(rows(backbone, texts));
    return pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), Adaptation.NONE));
  }

  private static List<Row> rows(Backbone backbone, List<String> texts) {
    return backbone.prepare(texts.stream().map(Input.Text::new).toList());
  }

  /** Frees the router and the backbone. */
  @Override
  public void close() {
    free.run();
    store.close();
  }
}
