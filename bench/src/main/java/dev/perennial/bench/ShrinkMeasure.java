package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.backbone.TextModel;
import dev.perennial.brick.AnalyticHead;
import dev.perennial.brick.RandomProjection;
import dev.perennial.data.Example;
import dev.perennial.shrink.Calibration;
import dev.perennial.shrink.DistillOptions;
import dev.perennial.shrink.OnceForAll;
import dev.perennial.shrink.Packed;
import dev.perennial.shrink.Perp;
import dev.perennial.shrink.Pruning;
import dev.perennial.shrink.Shrink;
import dev.perennial.shrink.ShrinkOptions;
import dev.perennial.shrink.ShrinkProgress;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SortedMap;
import java.util.function.Consumer;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Tensor;

/** One seed's measurements of an encoder made smaller. */
final class ShrinkMeasure {

  private static final int FEATURES = 2048;
  private static final double RIDGE = 0.01;
  private static final int CALIBRATION = 32;
  private static final int BATCH = 500;
  private static final int BLOCKS = 6;
  private static final long PROJECTION = 312;

  private final Asked asked;
  private final ShrinkTexts texts;
  private final long seed;
  private final Consumer<String> err;
  private final List<ShrinkFigures.Run> runs = new ArrayList<>();

  /** What is measured. */
  record Asked(
      String backbone, List<String> methods, List<Double> bits, int rank, double sparsity, int steps, int threads) {}

  ShrinkMeasure(Asked asked, ShrinkTexts texts, long seed, Consumer<String> err) {
    this.asked = asked;
    this.texts = texts;
    this.seed = seed;
    this.err = err;
  }

  /** What stays the same over all that is measured. */
  private record Bench(TextModel model, Backbone backbone, Workers workers, RandomProjection projection, AnalyticHead head) {}

  List<ShrinkFigures.Run> run() {
    TextModel model = TextModel.read(asked.backbone);
    try (var workers = new Workers(asked.threads);
        Backbone backbone = Backbones.load(asked.backbone);
        var projection = new RandomProjection(1, backbone.width(), FEATURES, CounterRandom.of(seed, PROJECTION));
        var head = new AnalyticHead(FEATURES, RIDGE, workers);
        var calibration = new Calibration(
            backbone, ShrinkTexts.inputs(texts.train().subList(0, Math.min(CALIBRATION, texts.train().size()))))) {
      var bench = new Bench(model, backbone, workers, projection, head);
      fit(bench, backbone, head);
      double accuracy = accuracy(bench, backbone, head);
      record("full precision", 32, model.tensors().values().stream().mapToLong(data -> data.data().byteSize()).sum(),
          0, accuracy, accuracy);
      if (asked.methods.contains("bitstack")) {
        curve(bench, calibration, new ShrinkOptions(ShrinkOptions.Method.BITSTACK, asked.rank, BLOCKS, 4), asked.bits);
      }
      if (asked.methods.contains("nested")) {
        var bits = new ArrayList<Double>(List.of(8.0));
        bits.addAll(asked.bits);
        curve(bench, calibration, ShrinkOptions.of(ShrinkOptions.Method.NESTED), bits);
      }
      if (asked.methods.contains("perp")) {
        perp(bench, calibration);
      }
      if (asked.methods.contains("once-for-all")) {
        onceForAll(bench, calibration);
      }
    }
    return runs;
  }

  private void curve(Bench bench, Calibration calibration, ShrinkOptions options, List<Double> bits) {
    Packed whole = Shrink.of(bench.model, calibration, options, progress(options.name()));
    for (double count : bits) {
      // A plane of nested has its scales beside it.
      Packed packed = options.method() == ShrinkOptions.Method.NESTED
          ? whole.atLevel((int) Math.round(count)) : whole.atBits(count);
      measure(bench, calibration, options.name() + " " + text(count), packed.bitsPerWeight(), packed.bytes(), packed.decode());
    }
  }

  private void perp(Bench bench, Calibration calibration) {
    prune(bench, calibration, Pruning.unstructured(asked.sparsity), List.of(Perp.Subset.values()));
    prune(bench, calibration, Pruning.structure("2:4"), List.of(Perp.Subset.MASK_LORA));
  }

  private void prune(Bench bench, Calibration calibration, Pruning pruning, List<Perp.Subset> subsets) {
    SortedMap<String, TensorData> pruned = Perp.prune(bench.model, bench.backbone, pruning);
    long bytes = pruning.of(pruned).bytes();
    String name = "pruned " + pruning.text();
    measure(bench, calibration, name, 32, bytes, pruned);
    for (Perp.Subset subset : subsets) {
      String by = subset.name().toLowerCase(Locale.ROOT).replace('_', '-');
      Perp.Outcome outcome = Perp.retrain(bench.model, bench.backbone, pruned, subset, ShrinkTexts.inputs(texts.train()),
          bench.workers, DistillOptions.of(seed).withSteps(asked.steps), progress("perp " + by));
      measure(bench, calibration, name + ", perp " + by + " (" + Numbers.whole(outcome.trained()) + ")", 32, bytes,
          outcome.weights());
    }
  }

  private void onceForAll(Bench bench, Calibration calibration) {
    try (var all = new OnceForAll(bench.model, bench.backbone, seed)) {
      List<Double> possible = asked.bits.stream().filter(count -> count >= 2 && count <= 4).toList();
      for (double count : possible) {
        subnet(bench, calibration, all, "once-for-all " + text(count) + ", not trained", all.search(count, calibration));
      }
      all.train(bench.backbone, ShrinkTexts.inputs(texts.train()), bench.workers,
          DistillOptions.of(seed).withSteps(3 * asked.steps), progress("once-for-all"));
      for (double count : possible) {
        subnet(bench, calibration, all, "once-for-all " + text(count), all.search(count, calibration));
      }
    }
  }

  private void subnet(Bench bench, Calibration calibration, OnceForAll all, String name, int[] bits) {
    Packed packed = all.subnet(bits);
    measure(bench, calibration, name, packed.bitsPerWeight(), packed.bytes(), packed.decode());
  }

  private void measure(Bench bench, Calibration calibration, String name, double bits, long bytes,
      Map<String, TensorData> weights) {
    try (Backbone smaller = bench.model.backbone(asked.backbone, weights, Device.CPU);
        var anew = new AnalyticHead(FEATURES, RIDGE, bench.workers)) {
      fit(bench, smaller, anew);
      long rest = bench.model.tensors().entrySet().stream().filter(entry -> !weights.containsKey(entry.getKey()))
          .mapToLong(entry -> entry.getValue().data().byteSize()).sum();
      record(name, bits, bytes + rest, calibration.distance(smaller), accuracy(bench, smaller, bench.head),
          accuracy(bench, smaller, anew));
    }
  }

  private void record(String name, double bits, long bytes, double distance, double kept, double anew) {
    runs.add(new ShrinkFigures.Run(name, bits, bytes / 1e6, distance, kept, anew));
    err.accept(String.format(Locale.ROOT, "%s: %.2f bits, %.1f MB, distance %.4f, accuracy %.4f with the head kept, %.4f anew",
        name, bits, bytes / 1e6, distance, kept, anew));
  }

  private void fit(Bench bench, Backbone backbone, AnalyticHead head) {
    head.grow(texts.classes().size());
    long[] labels = texts.labels(texts.train());
    for (int from = 0; from < labels.length; from += BATCH) {
      int to = Math.min(from + BATCH, labels.length);
      try (TensorScope scope = TensorScope.inference()) {
        head.add(features(bench, backbone, texts.train().subList(from, to)), Arrays.copyOfRange(labels, from, to));
      }
    }
    try (TensorScope scope = TensorScope.inference()) {
      head.solve();
    }
  }

  private double accuracy(Bench bench, Backbone backbone, AnalyticHead head) {
    long[] labels = texts.labels(texts.test());
    int correct = 0;
    for (int from = 0; from < labels.length; from += BATCH) {
      int to = Math.min(from + BATCH, labels.length);
      try (TensorScope scope = TensorScope.inference()) {
        long[] found = Tensors.toLongs(head.scores(features(bench, backbone, texts.test().subList(from, to))).argmax(
            new LongOptional(1), false));
        for (int i = from; i < to; i++) {
          correct += found[i - from] == labels[i] ? 1 : 0;
        }
      }
    }
    return (double) correct / labels.length;
  }

  private static Tensor features(Bench bench, Backbone backbone, List<Example> rows) {
    return bench.projection.apply(new FeatureCache(backbone, bench.workers, 0)
        .features(ShrinkTexts.inputs(rows), FeatureCache.Frozen.BACKBONE));
  }

  private ShrinkProgress progress(String name) {
    var lines = new long[] {0};
    return (what, done, of) -> {
      if (10 * done / of != lines[0]) {
        lines[0] = 10 * done / of;
        err.accept(name + ": " + what + ", " + done + " of " + of);
      }
    };
  }

  private static String text(double bits) {
    return bits == Math.rint(bits) ? Math.round(bits) + " bits" : bits + " bits";
  }
}
