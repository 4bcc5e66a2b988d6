package dev.perennial.engine;

import dev.perennial.backbone.Backbone;
import dev.perennial.data.Example;
import dev.perennial.route.Analytic;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.SiteVectors;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** What is learned of a library of a store by those who route over it, and kept beside it; the bricks stay as they are. */
public final class LibraryLearning {

  /** The file of V. */
  static final String ANALYTIC = "analytic";

  private static final String SUMS = "analytic-sums";
  private static final int BATCH = 32;

  private LibraryLearning() {}

  /**
   * Takes in examples of what a brick of a library is for, in addition to those before.
   *
   * @param label the class of the examples; empty where the brick is of one task
   * @param texts at least one
   * @param progress is told how many texts are taken in
   * @throws UsageException if there is no store, or no such brick in its library
   */
  public static void teach(
      Path directory, String brick, String label, List<String> texts, IntConsumer progress) {
    try (StoreBricks store = StoreBricks.open(directory)) {
      store.requireInLibrary(brick);
      var files = new RoutingFiles(directory, store.backbone().digest());
      Backbone backbone = store.backbone();
      Analytic.Options options = analytic(backbone);
      FeatureMeans means = files.means("prototypes");
      RoutingFiles.Learned before = files.learned(SUMS);
      try (var workers = new Workers(1); var sums = new Analytic.Sums(options, backbone.width(), workers);
          TensorScope whole = TensorScope.inference()) {
        if (!before.names().isEmpty()) {
          sums.restore(columns(before), before.tensors());
        }
        for (int start = 0; start < texts.size(); start += BATCH) {
          try (TensorScope scope = TensorScope.inference()) {
            List<String> batch = texts.subList(start, Math.min(start + BATCH, texts.size()));
            Tensor features = BrickRoutes.features(backbone, batch, options.levels());
            means = means.with(
                brick, label, features.narrow(1, features.size(1) - backbone.width(), backbone.width()));
            sums.add(brick, Collections.nCopies(batch.size(), label), features);
          }
          progress.accept(Math.min(start + BATCH, texts.size()));
        }
        Analytic.Solved solved = sums.solve();
        files.write("prototypes", means);
        files.write(SUMS, learned(sums.columns(), sums.tensors()));
        files.write(ANALYTIC, learned(solved.columns(), Map.of("weight", solved.weight())));
      }
    }
  }

  /** The usual options, with no more levels than the backbone has. */
  static Analytic.Options analytic(Backbone backbone) {
    Analytic.Options usual = Analytic.Options.DEFAULT;
    return new Analytic.Options(
        usual.features(), Math.min(usual.levels(), backbone.blocks()), usual.ridge(), usual.temperature());
  }

  private static RoutingFiles.Learned learned(List<Analytic.Column> columns, Map<String, TensorData> tensors) {
    return new RoutingFiles.Learned(columns.stream().map(Analytic.Column::brick).toList(),
        columns.stream().map(Analytic.Column::label).toList(), tensors);
  }

  /** The columns of an analytic router in a file. */
  static List<Analytic.Column> columns(RoutingFiles.Learned learned) {
    return IntStream.range(0, learned.names().size())
        .mapToObj(i -> new Analytic.Column(learned.names().get(i), learned.notes().get(i))).toList();
  }

  /**
   * Learns the gates of a brick of a library for PHATGOOSE, in the place of those before.
   *
   * @param examples of classes that the head knows that was learned with the brick
   * @param steps of 32 examples
   * @param progress is told how many steps are done, after each
   * @throws UsageException if there is no store, or no such brick in its library, or it has no linear head, or its head
   *     does not know a class
   */
  public static void learnGates(
      Path directory, String brick, List<Example> examples, int steps, IntConsumer progress) {
    try (StoreBricks store = StoreBricks.open(directory)) {
      store.requireInLibrary(brick);
      Map<String, float[]> gates =
          new GateLearning(store.backbone(), store.read(brick)).learn(examples, steps, progress);
      var files = new RoutingFiles(directory, store.backbone().digest());
      RoutingFiles.Stamped before = files.vectors("phatgoose");
      var vectors = new TreeMap<>(before.vectors().byBrick());
      var stamps = new TreeMap<>(before.stamps());
      vectors.put(brick, gates);
      stamps.put(brick, Objects.requireNonNull(store.stamps().get(brick)));
      files.write("phatgoose", new RoutingFiles.Stamped(new SiteVectors(vectors), stamps));
    }
  }

  /**
   * Learns a router for all bricks of a library that have linear heads, in the place of the one before.
   *
   * @param examples of classes that these heads know
   * @param steps of 32 examples
   * @param progress is told how many steps are done, after each
   * @throws UsageException if there is no store, or no such brick in its library, or no head knows a class
   */
  public static void learnRouter(
      Path directory, LearnedRouter.Kind kind, List<Example> examples, int steps, IntConsumer progress) {
    try (StoreBricks store = StoreBricks.open(directory); var workers = new Workers(1)) {
      List<String> names = store.libraryNames().stream()
          .filter(name -> store.read(name).head().filter(head -> head.kind().equals("linear-head")).isPresent()).toList();
      try (BrickCollection collection = BrickRoutes.collection(store, workers, names);
          LearnedRouter learned = LearnedRouter.learn(kind, collection, examples, steps, progress)) {
        new RoutingFiles(directory, store.backbone().digest()).write(
            kind.id(), new RoutingFiles.Learned(names, names.stream().map(store.stamps()::get).toList(), learned.state()));
      }
    }
  }

  /**
   * Makes the brick of a new task of LoRA bricks of a library, and adds it to that.
   *
   * @param from the bricks that are its skills; all of the library where none is named
   * @param examples of the new task
   * @param steps of 32 examples
   * @param progress is told how many steps are done, after each
   * @throws UsageException if there is no store, or no such brick in its library, one is not of low rank, or the name is
   *     taken
   */
  public static void adapt(Path directory, String name, List<String> from, SkillLearning.Way way, int heads,
      List<Example> examples, int steps, IntConsumer progress) {
    try (StoreBricks store = StoreBricks.open(directory); var workers = new Workers(1)) {
      store.requireNew(name);
      from.forEach(brick -> store.requireInLibrary(brick));
      try (BrickCollection collection = BrickRoutes.collection(store, workers, from.isEmpty() ? store.libraryNames() : from)) {
        store.add(name, new SkillLearning(collection, way, heads).learn(examples, steps, progress));
      }
    }
  }
}
