package dev.perennial.engine;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.Site;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.route.Analytic;
import dev.perennial.route.Arrow;
import dev.perennial.route.ByTask;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.Phatgoose;
import dev.perennial.route.Prototypes;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.route.SiteVectors;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/**
 * The library of a store, opened to ask which of its bricks a text goes to.
 *
 * <p>Arrow needs the bricks alone, and keeps what it found of each beside the library: only bricks that are new are read.
 * Prototypes and the analytic router need examples of what bricks are for, PHATGOOSE gates, top-p and the
 * recurrent router weights of their own: see {@link LibraryLearning}.
 *
 * <p>Routers that look at what sites are given see the backbone alone, without the bricks that act below: a text costs one
 * pass through the backbone, and a product with one matrix a site.
 */
public final class BrickRoutes implements AutoCloseable {

  /** The routers, by the names that they are asked for by. */
  public static final List<String> ROUTERS =
      List.of("analytic", "arrow", "phatgoose", "prototypes", "recurrent", "task", "top-p");

  /** Threads beyond these wait for memory more than they compute, with the products of a single text. */
  private static final int MOST_THREADS = 4;

  private final StoreBricks store;
  private final Workers workers = new Workers(1);
  private final List<String> bricks;
  private final List<String> leftOut;
  private final Asked asked;
  private final Map<String, BrickCollection> alone = new HashMap<>();

  /** A router as this class asks it: by features of the backbone, by what sites are given, or while bricks act. */
  private sealed interface Asked extends AutoCloseable {

    /** By features of the last blocks. */
    record ByFeatures(Router router, int levels, Runnable free) implements Asked {}

    /** By what sites are given by the backbone alone. */
    record BySites(SiteRouter router, Runnable free) implements Asked {}

    /** By what sites are given while the bricks act. */
    record Acting(LearnedRouter router, BrickCollection collection) implements Asked {
      @Override
      public Runnable free() {
        return () -> {
          router.close();
          collection.close();
        };
      }
    }

    /** Frees its tensors. */
    Runnable free();

    @Override
    default void close() {
      free().run();
    }
  }

  /**
   * A brick that a text goes to.
   *
   * @param brick its name
   * @param weight from 0 to 1; those of all bricks add up to 1. Where a router decides by token and site, the mean
   */
  public record Share(String brick, double weight) {}

  private BrickRoutes(StoreBricks store, String name, String task, int top) {
    this.store = store;
    SortedMap<String, String> stamps = store.stamps();
    List<String> all = List.copyOf(stamps.keySet());
    if (all.isEmpty()) {
      throw new UsageException("expected bricks in the library of the store, found none: add some with bricks import");
    }
    var files = new RoutingFiles(store.directory(), store.backbone().digest());
    switch (name) {
      case "task" -> {
        store.requireInLibrary(task);
        var told = new ByTask(all.size(), all.indexOf(task));
        bricks = all;
        leftOut = List.of();
        asked = new Asked.ByFeatures(inputs -> told.weights(Tensors.longs(new long[(int) inputs.size(0)], inputs.size(0))),
            1, () -> { });
      }
      case "prototypes" -> {
        FeatureMeans means = files.means(name);
        var prototypes = new Prototypes(all, means, Prototypes.Options.DEFAULT.withTop(top));
        bricks = all;
        leftOut = all.stream().filter(brick -> !means.byBrick().containsKey(brick)).toList();
        asked = new Asked.ByFeatures(prototypes, 1, prototypes::close);
      }
      case LibraryLearning.ANALYTIC -> {
        RoutingFiles.Learned learned = files.learned(name);
        Analytic.Options options = LibraryLearning.analytic(store.backbone());
        List<Analytic.Column> columns = LibraryLearning.columns(learned);
        var weight = learned.tensors().getOrDefault("weight", TensorData.of(new float[0], options.features(), 0));
        var analytic = new Analytic(
            all, new Analytic.Solved(columns, weight), options, store.backbone().width(), top);
        bricks = all;
        leftOut = all.stream().filter(brick -> columns.stream().noneMatch(column -> column.brick().equals(brick))).toList();
        asked = new Asked.ByFeatures(analytic, options.levels(), analytic::close);
      }
      case "arrow", "phatgoose" -> {
        boolean arrows = name.equals("arrow");
        SiteVectors vectors = arrows ? arrows(files, store, stamps) : gates(files, stamps);
        bricks = vectors.bricks();
        leftOut = all.stream().filter(brick -> vectors.byBrick().getOrDefault(brick, Map.of()).isEmpty()).toList();
        List<Site> sites = store.backbone().sites();
        if (arrows) {
          var arrow = new Arrow(vectors, sites, Arrow.Options.DEFAULT);
          asked = new Asked.BySites(arrow, arrow::close);
        } else {
          var phatgoose = new Phatgoose(vectors, sites, Phatgoose.Options.DEFAULT);
          asked = new Asked.BySites(phatgoose, phatgoose::close);
        }
      }
      default -> {
        RoutingFiles.Learned learned = files.learned(name);
        bricks = learned.names();
        if (bricks.isEmpty() || !all.containsAll(bricks)
            || !bricks.stream().map(stamps::get).toList().equals(learned.notes())) {
          throw new UsageException("expected a router " + name + " that was learned for the bricks that the library has now,"
              + " found " + (bricks.isEmpty() ? "none" : "one for others") + ": learn it with bricks gate --router " + name);
        }
        leftOut = all.stream().filter(brick -> !bricks.contains(brick)).toList();
        BrickCollection collection = collection(store, workers, bricks);
        try {
          asked = new Asked.Acting(new LearnedRouter(kind(name), collection, learned.tensors()), collection);
        } catch (RuntimeException e) {
          collection.close();
          throw e;
        }
      }
    }
  }

  private static LearnedRouter.Kind kind(String name) {
    return Arrays.stream(LearnedRouter.Kind.values()).filter(kind -> kind.id().equals(name)).findFirst().orElseThrow();
  }

  /** Bricks of the library of a store, in memory. */
  static BrickCollection collection(StoreBricks store, Workers workers, List<String> names) {
    var saved = new TreeMap<String, SavedBrick>();
    names.forEach(name -> saved.put(name, store.read(name)));
    return new BrickCollection(store.backbone(), workers, saved);
  }

  /**
   * Opens the library.
   *
   * @param router one of {@link #ROUTERS}
   * @param task the brick of the task that all texts are of, for the router {@code task}; empty for others
   * @param top how many bricks prototypes route a text to, at least 1; Arrow takes 3, PHATGOOSE and the recurrent router 2
   *     for each token, top-p as many as it needs
   * @throws UsageException if there is no store, no brick, no such router, or nothing that it could route by
   */
  public static BrickRoutes open(Path directory, String router, String task, int top) {
    requireRouter(router);
    if (router.equals("task") == task.isEmpty()) {
      throw new UsageException(task.isEmpty()
          ? "expected the brick of the task that the texts are of, got none: name it with --task"
          : "--task is for the router task, and the router is " + router + ": leave one of them out");
    }
    StoreBricks store = StoreBricks.open(directory);
    try {
      return new BrickRoutes(store, router, task, top);
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

  private static SiteVectors arrows(RoutingFiles files, StoreBricks store, SortedMap<String, String> stamps) {
    RoutingFiles.Stamped before = files.vectors("arrow");
    if (before.stamps().equals(stamps)) {
      return before.vectors();
    }
    var vectors = new TreeMap<String, Map<String, float[]>>();
    stamps.forEach((brick, stamp) -> {
      Map<String, float[]> known = before.vectors().byBrick().get(brick);
      vectors.put(brick, known == null || !stamp.equals(before.stamps().get(brick)) ? arrows(store, brick) : known);
    });
    var found = new SiteVectors(vectors);
    if (Files.isWritable(store.directory())) {
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
  private static SiteVectors gates(RoutingFiles files, SortedMap<String, String> stamps) {
    RoutingFiles.Stamped kept = files.vectors("phatgoose");
    var vectors = new TreeMap<String, Map<String, float[]>>();
    stamps.forEach((brick, stamp) -> {
      if (stamp.equals(kept.stamps().get(brick))) {
        vectors.put(brick, kept.vectors().byBrick().getOrDefault(brick, Map.of()));
      }
    });
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
    double[] weights = weights(text);
    var shares = new ArrayList<Share>();
    for (int i = 0; i < weights.length; i++) {
      if (weights[i] > 0) {
        shares.add(new Share(bricks.get(i), weights[i]));
      }
    }
    shares.sort(Comparator.comparingDouble(Share::weight).reversed().thenComparing(Share::brick));
    return List.copyOf(shares.subList(0, Math.min(top, shares.size())));
  }

  private double[] weights(String text) {
    return LibTorch.withOperationThreads(Math.min(MOST_THREADS, Runtime.getRuntime().availableProcessors()),
        () -> weightsOf(text));
  }

  private double[] weightsOf(String text) {
    if (asked instanceof Asked.Acting acting) {
      return acting.collection.mix(List.of(text), acting.router).getFirst().shares();
    }
    try (TensorScope scope = TensorScope.inference()) {
      if (asked instanceof Asked.BySites bySites) {
        Backbone backbone = store.backbone();
        List<Row> rows = rows(backbone, List.of(text));
        var shares = new Shares(bySites.router, rows, bricks.size());
        Pass pass = backbone.pass(rows);
        pass.advance(pass.start(), 0, backbone.blocks(), shares.listening());
        return shares.means()[0];
      }
      var byFeatures = (Asked.ByFeatures) asked;
      return Tensors.toDoubles(
          byFeatures.router.weights(features(store.backbone(), List.of(text), byFeatures.levels)));
    }
  }

  /**
   * The class of a text: what the head of the heaviest brick names; for top-p and the recurrent router what the heads of
   * all bricks name together, on the features of the mixture.
   *
   * @throws UsageException if that brick has no linear head
   */
  public String classOf(String text) {
    if (asked instanceof Asked.Acting acting) {
      return acting.collection.mix(List.of(text), acting.router).getFirst().label();
    }
    String heaviest = route(text, 1).getFirst().brick();
    return alone.computeIfAbsent(heaviest, brick -> collection(store, workers, List.of(brick)))
        .classify(List.of(text), 0).getFirst();
  }

  /** The features that the last blocks of the backbone alone give of a batch of texts, in the open scope. */
  static Tensor features(Backbone backbone, List<String> texts, int levels) {
    return BrickCollection.levels(backbone, rows(backbone, texts), levels);
  }

  private static List<Row> rows(Backbone backbone, List<String> texts) {
    return backbone.prepare(texts.stream().map(Input.Text::new).toList());
  }

  /** Frees the router and the backbone. */
  @Override
  public void close() {
    alone.values().forEach(BrickCollection::close);
    asked.close();
    workers.close();
    store.close();
  }
}
