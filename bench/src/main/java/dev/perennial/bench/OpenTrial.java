package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.cluster.AdjustedRand;
import dev.perennial.cluster.PartitivePartitioning;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.CalibrationError;
import dev.perennial.measure.RankArea;
import dev.perennial.open.Discovery;
import dev.perennial.open.DiscoveryOptions;
import dev.perennial.open.OpenLearner;
import dev.perennial.open.OpenOptions;
import dev.perennial.open.Proposal;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One seed of {@link OpenBench}. */
final class OpenTrial {

  private static final long CACHE_BYTES = 512L << 20;
  private static final long LEFT_OUT = 91;

  private final RunSpec spec;
  private final OpenOptions options;
  private final String outside;
  private final int fresh;
  private final Progress progress;

  /** Rows, what a learner says of them, and how. */
  private record Judged(List<Example> rows, List<String> named, List<OpenLearner.Judgement> judgements) {

    boolean isRight(int row) {
      return named.get(row).equals(rows.get(row).label());
    }

    double[] familiarities() {
      return judgements.stream().mapToDouble(OpenLearner.Judgement::familiarity).toArray();
    }

    double share(Predicate<Integer> which) {
      return (double) IntStream.range(0, rows.size()).boxed().filter(which).count() / rows.size();
    }
  }

  OpenTrial(RunSpec spec, OpenOptions options, String outside, int fresh, Progress progress) {
    this.spec = spec;
    this.options = options;
    this.outside = outside;
    this.fresh = fresh;
    this.progress = progress;
  }

  OpenFigures.Trial run() {
    progress.say("reading the data");
    Dataset all = Datasets.read(spec.data(), spec.seed());
    List<Example> strangers = all.test().stream().filter(row -> row.label().equals(outside)).toList();
    if (strangers.isEmpty()) {
      throw new UsageException("expected rows with the label " + outside + " to evaluate on, got none: name the label of"
          + " rows outside with --outside");
    }
    Dataset known = without(all, Set.of(outside));
    try (var workers = new Workers(spec.threads());
        Backbone backbone = Backbones.load(
            spec.backbone().isEmpty() ? "minilm" : spec.backbone(), new Device(spec.device()))) {
      var cache = new FeatureCache(backbone, workers, CACHE_BYTES);
      List<OpenFigures.Stage> stages = stages(known, strangers, backbone, cache, workers);
      return new OpenFigures.Trial(
          spec.seed(), stages, fresh == 0 ? null : discovery(known, strangers, backbone, cache, workers));
    }
  }

  private static Dataset without(Dataset all, Set<String> labels) {
    Predicate<Example> wanted = row -> !labels.contains(row.label());
    return new Dataset(all.name(), all.train().stream().filter(wanted).toList(),
        all.validation().stream().filter(wanted).toList(), all.test().stream().filter(wanted).toList(), all.badRows());
  }

  private OpenLearner learner(Backbone backbone, FeatureCache cache, Workers workers) {
    var context = BenchContext.of(spec.technique(), backbone, cache, workers, spec.seed());
    Learner learner = Techniques.load().choose(spec.technique(), spec.options()).learner(context);
    if (learner instanceof Absorbing absorbing) {
      return new OpenLearner(options, context, absorbing);
    }
    learner.close();
    throw new UsageException("expected a technique that takes rows in late, such as g-acil, first-session-analytic or auto,"
        + " got " + spec.technique() + ": choose one of them with --technique");
  }

  private void learn(OpenLearner learner, Experience experience) {
    long steps = learner.steps(experience);
    for (long step = 0; step < steps; step++) {
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(experience, step);
      }
      progress.at(step + 1, steps);
    }
  }

  private List<OpenFigures.Stage> stages(
      Dataset known, List<Example> strangers, Backbone backbone, FeatureCache cache, Workers workers) {
    Stream stream = Streams.of(known, spec.scenario(), spec.tasks(), spec.seed());
    var stages = new ArrayList<OpenFigures.Stage>();
    var seen = new ArrayList<Example>();
    try (OpenLearner learner = learner(backbone, cache, workers)) {
      for (Experience experience : stream.experiences()) {
        progress.say("experience " + (experience.index() + 1) + " of " + stream.experiences().size());
        learn(learner, experience);
        seen.addAll(experience.test());
        if (!experience.test().isEmpty()) {
          stages.add(stage(learner, judged(learner, seen), judged(learner, strangers)));
        }
      }
    }
    return stages;
  }

  private static Judged judged(OpenLearner learner, List<Example> rows) {
    List<String> classes = learner.classNames();
    try (TensorScope scope = TensorScope.inference()) {
      float[] scores = Tensors.toFloats(learner.scores(inputs(rows)));
      var named = new ArrayList<String>();
      for (int row = 0; row < rows.size(); row++) {
        int best = 0;
        for (int c = 1; c < classes.size(); c++) {
          best = scores[row * classes.size() + c] > scores[row * classes.size() + best] ? c : best;
        }
        named.add(classes.get(best));
      }
      return new Judged(List.copyOf(rows), named, learner.judge(scores, rows.size()));
    }
  }

  private static List<Input> inputs(List<Example> rows) {
    return rows.stream().map(Example::input).toList();
  }

  private OpenFigures.Stage stage(OpenLearner learner, Judged known, Judged strangers) {
    double[] inside = known.familiarities();
    double[] out = strangers.familiarities();
    double[] sorted = inside.clone();
    Arrays.sort(sorted);
    double atKeep = sorted[(int) Math.floor(sorted.length * (1 - options.keep()) + 1e-9)];
    double threshold = learner.threshold();
    var error = new CalibrationError();
    var plain = new CalibrationError();
    for (int row = 0; row < inside.length; row++) {
      error.add(known.judgements.get(row).confidence(), known.isRight(row));
      plain.add(known.judgements.get(row).plainConfidence(), known.isRight(row));
    }
    double kept = known.share(row -> inside[row] >= threshold);
    double right = known.share(row -> inside[row] >= threshold && known.isRight(row));
    var figures = new OpenFigures.Stage(learner.classNames().size(), inside.length, out.length,
        known.share(known::isRight), RankArea.of(inside, out), kept, right, kept == 0 ? 0 : right / kept,
        known.share(row -> inside[row] >= atKeep && known.isRight(row)),
        strangers.share(row -> out[row] < threshold), error.value(), plain.value());
    progress.say(String.format(Locale.ROOT, "area %.4f, kept %.4f, accuracy %.4f", figures.area(), kept,
        figures.accuracy()));
    return figures;
  }

  private OpenFigures.@Nullable NewClasses discovery(
      Dataset known, List<Example> strangers, Backbone backbone, FeatureCache cache, Workers workers) {
    var labels = new ArrayList<>(new TreeSet<>(known.train().stream().map(Example::label).toList()));
    if (labels.size() - fresh < Math.max(2, spec.tasks())) {
      throw new UsageException("expected --new of at most " + (labels.size() - Math.max(2, spec.tasks())) + " of "
          + labels.size() + " classes, got " + fresh + ": leave more of them to be learned");
    }
    var left = new TreeSet<String>();
    int[] order = CounterRandom.of(spec.seed(), LEFT_OUT).permutation(labels.size());
    Arrays.stream(order).limit(fresh).forEach(place -> left.add(labels.get(place)));
    progress.say("without " + fresh + " classes: " + String.join(", ", left));
    Stream stream = Streams.of(without(known, left), spec.scenario(), spec.tasks(), spec.seed());
    try (OpenLearner learner = learner(backbone, cache, workers)) {
      for (Experience experience : stream.experiences()) {
        progress.say("experience " + (experience.index() + 1) + " of " + stream.experiences().size());
        learn(learner, experience);
      }
      var come = new ArrayList<>(known.test());
      come.addAll(strangers);
      Judged judged = judged(learner, come);
      List<Example> rejected = IntStream.range(0, come.size())
          .filter(row -> judged.judgements.get(row).familiarity() < learner.threshold()).mapToObj(come::get).toList();
      Judged before = judged(learner, known.test());
      OpenFigures.Clusters found = proposed(learner, rejected, left);
      OpenFigures.Clusters partitive = partitive(cache, rejected, left);
      try (TensorScope scope = TensorScope.inference()) {
        learner.absorb(known.train().stream().filter(row -> left.contains(row.label())).toList());
      }
      Judged after = judged(learner, known.test());
      return new OpenFigures.NewClasses(fresh, rejected.size(),
          (int) rejected.stream().filter(row -> left.contains(row.label())).count(),
          (int) known.test().stream().filter(row -> left.contains(row.label())).count(), found, partitive,
          before.share(before::isRight), after.share(after::isRight));
    }
  }

  private static OpenFigures.Clusters proposed(OpenLearner learner, List<Example> rejected, Set<String> left) {
    int[] cluster = new int[rejected.size()];
    Arrays.fill(cluster, -1);
    try (TensorScope scope = TensorScope.inference()) {
      List<Proposal> proposals = Discovery.of(learner, inputs(rejected), DiscoveryOptions.DEFAULT);
      for (int i = 0; i < proposals.size(); i++) {
        for (int row : proposals.get(i).members()) {
          cluster[row] = i;
        }
      }
      return clusters(cluster, proposals.size(), rejected, left);
    }
  }

  private OpenFigures.Clusters partitive(FeatureCache cache, List<Example> rejected, Set<String> left) {
    float[][] rows;
    try (TensorScope scope = TensorScope.inference()) {
      float[] flat = Tensors.toFloats(cache.features(inputs(rejected), FeatureCache.Frozen.BACKBONE));
      int width = rejected.isEmpty() ? 0 : flat.length / rejected.size();
      rows = IntStream.range(0, rejected.size())
          .mapToObj(row -> Arrays.copyOfRange(flat, row * width, (row + 1) * width)).toArray(float[][]::new);
    }
    if (rows.length == 0) {
      return new OpenFigures.Clusters(0, 0, 0, 0, 0);
    }
    PartitivePartitioning.Clusters found =
        PartitivePartitioning.of(rows, PartitivePartitioning.Options.DEFAULT, spec.seed());
    return clusters(found.labels(), found.size(), rejected, left);
  }

  /** How clusters, of which -1 is none, go with labels. */
  static OpenFigures.Clusters clusters(int[] cluster, int count, List<Example> rows, Set<String> left) {
    var counts = new ArrayList<Map<String, Integer>>();
    for (int c = 0; c < count; c++) {
      counts.add(new HashMap<>());
    }
    var numbers = new HashMap<String, Integer>();
    var own = new ArrayList<Integer>();
    int clustered = 0;
    for (int row = 0; row < cluster.length; row++) {
      String label = rows.get(row).label();
      if (cluster[row] >= 0) {
        counts.get(cluster[row]).merge(label, 1, Integer::sum);
        clustered++;
      }
      if (left.contains(label)) {
        numbers.putIfAbsent(label, numbers.size());
        own.add(row);
      }
    }
    int pure = 0;
    var hit = new HashSet<String>();
    for (Map<String, Integer> ofCluster : counts) {
      var most = ofCluster.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
      pure += most.getValue();
      if (left.contains(most.getKey())) {
        hit.add(most.getKey());
      }
    }
    int[] ofCluster = own.stream().mapToInt(row -> cluster[row] < 0 ? count : cluster[row]).toArray();
    int[] ofLabel = own.stream().mapToInt(row -> numbers.getOrDefault(rows.get(row).label(), 0)).toArray();
    return new OpenFigures.Clusters(count, clustered, clustered == 0 ? 0 : (double) pure / clustered, hit.size(),
        own.isEmpty() ? 0 : AdjustedRand.of(ofCluster, ofLabel));
  }
}
