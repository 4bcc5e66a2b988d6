package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.BrickCollection;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.GateLearning;
import dev.perennial.engine.LearnedRouter;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Objective;
import dev.perennial.route.Analytic;
import dev.perennial.route.Arrow;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.Mixture;
import dev.perennial.route.Phatgoose;
import dev.perennial.route.Prototypes;
import dev.perennial.route.Router;
import dev.perennial.route.SiteRouter;
import dev.perennial.route.SiteVectors;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** One seed of {@link RouteBench}: bricks of tasks, learned apart, and routers over them. */
final class RouteTrial {

  static final List<String> ROUTERS = List.of("prototypes", "analytic", "arrow", "phatgoose", "top-p", "recurrent");

  private final RunSpec spec;
  private final long seed;
  private final List<String> routers;
  private final GradientOptions training;
  private final int steps;
  private final Progress progress;

  /** Rows with the place of the brick of their task. */
  private record Rows(List<String> texts, List<String> labels, int[] tasks) {

    int size() {
      return tasks.length;
    }
  }

  /**
   * What all bricks make of rows.
   *
   * @param labels by brick, then by row, what its head says
   */
  private record Judged(Rows rows, List<List<String>> labels) {

    double accuracy(int[] bricks) {
      return (double) IntStream.range(0, rows.size())
          .filter(row -> labels.get(bricks[row]).get(row).equals(rows.labels.get(row))).count() / rows.size();
    }

    double found(int[] bricks) {
      return (double) IntStream.range(0, rows.size()).filter(row -> bricks[row] == rows.tasks[row]).count() / rows.size();
    }
  }

  RouteTrial(RunSpec spec, long seed, List<String> routers, int epochs, int steps, Progress progress) {
    this.spec = spec;
    this.seed = seed;
    this.routers = routers;
    this.training = GradientOptions.DEFAULT.withEpochs(epochs);
    this.steps = steps;
    this.progress = progress;
  }

  RouteFigures.Trial run() {
    progress.say("reading the data");
    Dataset dataset = Datasets.read(spec.data(), seed);
    if (!(dataset.train().getFirst().input() instanceof Input.Text)) {
      throw new UsageException("expected texts to route, got images: name a table with --data, or wordnet");
    }
    Stream stream = Streams.of(dataset, spec.scenario(), spec.tasks(), seed);
    try (var workers = new Workers(spec.threads());
        Backbone backbone = Backbones.load(
            spec.backbone().isEmpty() ? "minilm" : spec.backbone(), new Device(spec.device()))) {
      try (var bricks = new BrickCollection(backbone, workers, learned(backbone, workers, stream.experiences()))) {
        return measured(bricks, workers, dataset, stream.experiences());
      }
    }
  }

  private TreeMap<String, SavedBrick> learned(Backbone backbone, Workers workers, List<Experience> tasks) {
    var bricks = new TreeMap<String, SavedBrick>();
    var cache = new FeatureCache(backbone, workers, 0);
    for (Experience task : tasks) {
      progress.say("brick " + (task.index() + 1) + " of " + tasks.size() + ", " + task.classes().size() + " classes, "
          + task.train().size() + " rows");
      var alone = new Experience(0, task.name(), task.classes(), task.train(), List.of());
      try (var learner = new GradientLearner(
          training, BenchContext.of("fine-tune", backbone, cache, workers, seed), new Objective() {})) {
        long all = learner.steps(alone);
        for (long step = 0; step < all; step++) {
          try (TensorScope scope = TensorScope.inference()) {
            learner.step(alone, step);
          }
          progress.at(step + 1, all);
        }
        try (TensorScope scope = TensorScope.inference()) {
          bricks.put(name(task.index()), learner.saved("brick").orElseThrow());
        }
      }
    }
    return bricks;
  }

  /** Names whose alphabetical order is that of the tasks. */
  private static String name(int task) {
    return String.format(Locale.ROOT, "task-%05d", task + 1);
  }

  private RouteFigures.Trial measured(
      BrickCollection bricks, Workers workers, Dataset dataset, List<Experience> tasks) {
    var taskOf = new HashMap<String, Integer>();
    tasks.forEach(task -> task.classes().forEach(label -> taskOf.put(label, task.index())));
    Judged validation = judged(bricks, rows(dataset.validation(), taskOf), "validation");
    Judged test = judged(bricks, rows(tasks.stream().flatMap(task -> task.test().stream()).toList(), taskOf), "test");
    double withTask = test.accuracy(test.rows.tasks);
    progress.say(String.format(Locale.ROOT, "with task ids: accuracy %.4f", withTask));
    var outcomes = new TreeMap<String, RouteFigures.Outcome>();
    for (String router : routers) {
      progress.say("router " + router);
      RouteFigures.Outcome outcome = switch (router) {
        case "prototypes" -> prototypes(bricks, tasks, validation, test);
        case "analytic" -> analytic(bricks, workers, tasks, validation, test);
        default -> bySite(router, bricks, tasks, validation, test);
      };
      outcomes.put(router, outcome);
      progress.say("  " + outcome.text());
    }
    return new RouteFigures.Trial(seed, tasks.size(), test.rows.size(), validation.rows.size(),
        withTask, outcomes);
  }

  private static Rows rows(List<Example> examples, Map<String, Integer> taskOf) {
    List<Example> known = examples.stream().filter(example -> taskOf.containsKey(example.label())).toList();
    return new Rows(texts(known), known.stream().map(Example::label).toList(),
        known.stream().mapToInt(example -> taskOf.getOrDefault(example.label(), 0)).toArray());
  }

  private static List<String> texts(List<Example> examples) {
    return examples.stream().map(example -> ((Input.Text) example.input()).value()).toList();
  }

  private Judged judged(BrickCollection bricks, Rows rows, String part) {
    progress.say("what every brick says of " + rows.size() + " " + part + " rows");
    var labels = new ArrayList<List<String>>();
    for (int brick = 0; brick < bricks.names().size(); brick++) {
      int[] own = new int[rows.size()];
      Arrays.fill(own, brick);
      labels.add(bricks.classify(rows.texts, own));
      progress.at(brick + 1, bricks.names().size());
    }
    return new Judged(rows, labels);
  }

  private RouteFigures.Outcome prototypes(
      BrickCollection bricks, List<Experience> tasks, Judged validation, Judged test) {
    FeatureMeans means = FeatureMeans.NONE;
    for (Experience task : tasks) {
      for (String label : task.classes()) {
        List<Example> own = task.train().stream().filter(example -> example.label().equals(label)).toList();
        try (TensorScope scope = TensorScope.inference()) {
          means = means.with(name(task.index()), label, matrix(bricks.features(texts(own), 1)));
        }
      }
    }
    try (var router = new Prototypes(bricks.names(), means, Prototypes.Options.DEFAULT)) {
      return byFeatures(bricks, router, 1, validation, test);
    }
  }

  private RouteFigures.Outcome analytic(
      BrickCollection bricks, Workers workers, List<Experience> tasks, Judged validation, Judged test) {
    int width = bricks.backbone().width();
    Analytic.Options usual = Analytic.Options.DEFAULT;
    var options = new Analytic.Options(usual.features(), Math.min(usual.levels(), bricks.backbone().blocks()),
        usual.ridge(), usual.temperature());
    try (TensorScope scope = TensorScope.inference(); var sums = new Analytic.Sums(options, width, workers)) {
      for (Experience task : tasks) {
        try (TensorScope inner = TensorScope.inference()) {
          sums.add(name(task.index()), task.train().stream().map(Example::label).toList(),
              matrix(bricks.features(texts(task.train()), options.levels())));
        }
        progress.at(task.index() + 1, tasks.size());
      }
      try (var router = new Analytic(bricks.names(), sums.solve(), options, width, 1)) {
        return byFeatures(bricks, router, options.levels(), validation, test);
      }
    }
  }

  private static RouteFigures.Outcome byFeatures(
      BrickCollection bricks, Router router, int levels, Judged validation, Judged test) {
    int[] onValidation = heaviest(router, bricks.features(validation.rows.texts, levels));
    int[] onTest = heaviest(router, bricks.features(test.rows.texts, levels));
    return RouteFigures.Outcome.alone(test.found(onTest), validation.accuracy(onValidation), test.accuracy(onTest));
  }

  private static int[] heaviest(Router router, List<float[]> features) {
    try (TensorScope scope = TensorScope.inference()) {
      return features.isEmpty() ? new int[0] : heaviest(rows(router.weights(matrix(features))));
    }
  }

  private static int[] heaviest(double[][] weights) {
    return Arrays.stream(weights).mapToInt(
        row -> IntStream.range(0, row.length).reduce((a, b) -> row[b] > row[a] ? b : a).orElseThrow()).toArray();
  }

  private static double[][] rows(Tensor matrix) {
    double[] flat = Tensors.toDoubles(matrix);
    int width = (int) matrix.size(1);
    return IntStream.range(0, flat.length / width)
        .mapToObj(row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width)).toArray(double[][]::new);
  }

  private static Tensor matrix(List<float[]> rows) {
    int width = rows.getFirst().length;
    float[] flat = new float[rows.size() * width];
    for (int row = 0; row < rows.size(); row++) {
      System.arraycopy(rows.get(row), 0, flat, row * width, width);
    }
    return Tensors.floats(flat, rows.size(), width);
  }

  private RouteFigures.Outcome bySite(
      String router, BrickCollection bricks, List<Experience> tasks, Judged validation, Judged test) {
    return switch (router) {
      case "arrow" -> {
        var vectors = new TreeMap<String, Map<String, float[]>>();
        for (int i = 0; i < tasks.size(); i++) {
          Mixture.Expert expert = bricks.experts().get(i);
          vectors.put(bricks.names().get(i), Arrow.vectors(expert.brick(), expert.tensors()));
        }
        try (var arrow = new Arrow(new SiteVectors(vectors), bricks.backbone().sites(), Arrow.Options.DEFAULT)) {
          yield mixed(bricks, arrow, validation, test);
        }
      }
      case "phatgoose" -> {
        var gates = new TreeMap<String, Map<String, float[]>>();
        for (Experience task : tasks) {
          gates.put(name(task.index()), new GateLearning(bricks.backbone(), bricks.saved(task.index())).learn(
              task.train(), GateLearning.STEPS,
              done -> progress.at(task.index() * GateLearning.STEPS + done, (long) GateLearning.STEPS * tasks.size())));
        }
        try (var phatgoose =
            new Phatgoose(new SiteVectors(gates), bricks.backbone().sites(), Phatgoose.Options.DEFAULT)) {
          yield mixed(bricks, phatgoose, validation, test);
        }
      }
      default -> {
        LearnedRouter.Kind kind = router.equals("top-p") ? LearnedRouter.Kind.TOP_P : LearnedRouter.Kind.RECURRENT;
        List<Example> all = tasks.stream().flatMap(task -> task.train().stream()).toList();
        try (LearnedRouter learned =
            LearnedRouter.learn(kind, bricks, all, steps, done -> progress.at(done, steps))) {
          yield mixed(bricks, learned, validation, test);
        }
      }
    };
  }

  private RouteFigures.Outcome mixed(BrickCollection bricks, SiteRouter router, Judged validation, Judged test) {
    List<BrickCollection.Mixed> onValidation = bricks.mix(validation.rows.texts, router);
    List<BrickCollection.Mixed> onTest = bricks.mix(test.rows.texts, router);
    int[] heaviestOnTest = heaviest(shares(onTest));
    return new RouteFigures.Outcome(test.found(heaviestOnTest),
        validation.accuracy(heaviest(shares(onValidation))), test.accuracy(heaviestOnTest),
        accuracy(onValidation, validation.rows), accuracy(onTest, test.rows));
  }

  private static double[][] shares(List<BrickCollection.Mixed> mixed) {
    return mixed.stream().map(BrickCollection.Mixed::shares).toArray(double[][]::new);
  }

  private static double accuracy(List<BrickCollection.Mixed> mixed, Rows rows) {
    return (double) IntStream.range(0, rows.size())
        .filter(row -> mixed.get(row).label().equals(rows.labels.get(row))).count() / rows.size();
  }
}
