package dev.perennial.bench;

import dev.perennial.FailureException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.Row;
import dev.perennial.backbone.RowChoices;
import dev.perennial.brick.Brick;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Input;
import dev.perennial.engine.BrickRoutes;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.engine.StoreBricks;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;

/** What {@link BricksBench} measures. */
final class BricksMeasurement {

  /** Tokens of a row of the batch, {@code [CLS]} and {@code [SEP]} included. */
  static final int TOKENS = 16;

  private static final int TEXTS = 20;
  private static final int PASSES = 5;
  private static final double NANOS = 1e9;
  private static final String TEXT = "how much money is left in the bank at the end of";

  private final int bricks;
  private final int rank;
  private final int rows;
  private final int rounds;
  private final Clock clock;
  private final LongSupplier ticker;
  private final Progress progress;

  BricksMeasurement(
      int bricks, int rank, int rows, int rounds, Clock clock, LongSupplier ticker, Progress progress) {
    this.bricks = bricks;
    this.rank = rank;
    this.rows = rows;
    this.rounds = rounds;
    this.clock = clock;
    this.ticker = ticker;
    this.progress = progress;
  }

  BricksFigures run() {
    Path directory = temporary();
    try {
      Path store = store(directory);
      fill(store);
      return measured(store);
    } finally {
      delete(directory);
    }
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("perennial-bricks");
    } catch (IOException e) {
      throw new FailureException("cannot make a temporary directory: " + e.getMessage() + "; check its space", e);
    }
  }

  private static void delete(Path directory) {
    try (var files = Files.walk(directory)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new FailureException("cannot remove " + directory + ": " + e.getMessage() + "; remove it", e);
    }
  }

  /** A store that has learned eight rows. */
  private Path store(Path directory) {
    progress.say("making a store");
    Path table = directory.resolve("table.csv");
    Path store = directory.resolve("store");
    var lines = new ArrayList<>(List.of("text,label,split"));
    for (int i = 0; i < 8; i++) {
      lines.add("text " + i + "," + (i % 2 == 0 ? "even" : "odd") + "," + (i < 4 ? "train" : "test"));
    }
    try {
      Files.write(table, lines);
    } catch (IOException e) {
      throw new FailureException("cannot write " + table + ": " + e.getMessage() + "; check its space", e);
    }
    RunSpec spec = RunSpec.of(DataSpec.table(table.toString(), "text", "label", "split"), 1).withTechnique("ncm");
    try (Run run = Run.create(spec, store, clock, RunListener.SILENT)) {
      run.execute();
    }
    return store;
  }

  private void fill(Path directory) {
    progress.say("adding " + bricks + " bricks to it");
    try (StoreBricks store = StoreBricks.open(directory)) {
      for (int i = 0; i < bricks; i++) {
        store.add(String.format(Locale.ROOT, "brick-%06d", i), drawn(store.backbone(), i));
        progress.at(i + 1, bricks);
      }
    }
  }

  /** A brick of random numbers. */
  private SavedBrick drawn(Backbone backbone, int seed) {
    var options = BrickOptions.of(new LoraOptions(rank, 2.0 * rank, 0, LoraOptions.USUAL));
    var tensors = new HashMap<String, TensorData>();
    try (var parameters = new Parameters(); TensorScope scope = TensorScope.inference()) {
      options.on(backbone).initialise(parameters, CounterRandom.of(seed));
      Tensors.addScaled(
          parameters.values(), Tensors.gaussians(CounterRandom.of(seed, 1), 0, parameters.size()), 0.02);
      parameters.views().forEach((name, view) -> tensors.put(name, TensorData.of(Tensors.toFloats(view), view.shape())));
    }
    return SavedBrick.of(options, tensors, Map.of(), null, Provenance.of("bench", seed, "drawn", "", backbone));
  }

  private BricksFigures measured(Path store) {
    var open = new ArrayList<Double>();
    var list = new ArrayList<Double>();
    var route = new ArrayList<Double>();
    for (int round = 0; round <= rounds; round++) {
      progress.say(round == 0 ? "warm-up" : "round " + round + " of " + rounds);
      boolean counts = round > 0;
      long start = ticker.getAsLong();
      try (BrickRoutes routes = BrickRoutes.open(store, "arrow", "", 3)) {
        note(open, counts, start);
        for (int text = 0; text < (counts ? 1 : 3) * TEXTS; text++) {
          start = ticker.getAsLong();
          routes.route(TEXT, 3);
          note(route, counts, start);
        }
      }
      for (int again = 0; again < (counts ? 1 : 5); again++) {
        start = ticker.getAsLong();
        StoreBricks.list(store);
        note(list, counts, start);
      }
    }
    var unlike = new ArrayList<Double>();
    var alike = new ArrayList<Double>();
    try (StoreBricks bricksOfStore = StoreBricks.open(store); var owner = new TensorOwner()) {
      batches(bricksOfStore, owner, unlike, alike);
    }
    var first = new Timings(unlike);
    var second = new Timings(alike);
    return new BricksFigures(Machine.here(1), bricks, rank, rows, rounds, new Timings(open), new Timings(list),
        new Timings(route), first, second, second.median() / first.median());
  }

  private void note(List<Double> seconds, boolean counts, long start) {
    if (counts) {
      seconds.add((ticker.getAsLong() - start) / NANOS);
    }
  }

  private void batches(StoreBricks store, TensorOwner owner, List<Double> unlike, List<Double> alike) {
    progress.say("batches");
    Backbone backbone = store.backbone();
    List<Row> batch = backbone.prepare(
        IntStream.range(0, rows).mapToObj(row -> new Input.Text("word ".repeat(TOKENS - 2).strip())).toList());
    RowChoices choices;
    var adaptations = new ArrayList<Adaptation>();
    List<String> names = store.libraryNames();
    try (TensorScope scope = TensorScope.inference()) {
      for (int i = 0; i < rows; i++) {
        SavedBrick saved = store.read(names.get(i));
        Brick brick = saved.on(backbone);
        var tensors = new HashMap<String, Tensor>();
        saved.tensors().forEach((name, data) -> tensors.put(name, owner.keep(Tensors.copyOf(data))));
        adaptations.add(brick.adaptation(tensors));
      }
      choices = new RowChoices(adaptations).keptBy(owner);
    }
    int[] own = IntStream.range(0, rows).toArray();
    for (int round = 0; round <= rounds; round++) {
      boolean counts = round > 0;
      for (int pass = 0; pass < (counts ? 1 : 2) * PASSES; pass++) {
        long start = ticker.getAsLong();
        try (TensorScope scope = TensorScope.inference()) {
          through(backbone, batch, choices.of(own));
        }
        note(unlike, counts, start);
        start = ticker.getAsLong();
        try (TensorScope scope = TensorScope.inference()) {
          through(backbone, batch, adaptations.getFirst());
        }
        note(alike, counts, start);
      }
    }
  }

  private static void through(Backbone backbone, List<Row> batch, Adaptation adaptation) {
    Pass pass = backbone.pass(batch);
    Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, backbone.blocks(), adaptation)));
  }
}
