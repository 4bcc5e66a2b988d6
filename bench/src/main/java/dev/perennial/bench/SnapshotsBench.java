package dev.perennial.bench;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.Objective;
import dev.perennial.snapshot.Snapshots;
import dev.perennial.store.Position;
import dev.perennial.store.Store;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench snapshots}: what background snapshots cost learning, and how fast they are written. */
@Command(
    name = "snapshots",
    header = "Measure what snapshots in the background cost learning, and how fast they are written.",
    description = {
        "",
        "First LoRA steps on all-MiniLM-L6-v2, as in bench learn, with a snapshot of all state every few steps: the time of "
            + "a copy, and that of steps that meet its being written, give the share of learning's time at one snapshot "
            + "every 100 steps. Then a larger state, all of which has changed, is snapshot again and again, each time right "
            + "after as many bytes were written and synced as plain files."},
    footer = {
        "  ./perennial bench snapshots",
        "  ./perennial bench snapshots --megabytes 2000 --dir /mnt/disk --json snapshots.json"})
public final class SnapshotsBench implements Callable<Integer> {

  private static final double NANOS = 1e9;
  private static final int WARM_UP = 2;
  private static final int PARTS = 4;
  private static final int CHUNK = 8 << 20;
  private static final long MEGABYTE = 1_000_000;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "60",
      description = "LoRA steps, half a second each or so. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(
      names = "--between",
      paramLabel = "N",
      defaultValue = "10",
      description = "Steps from one snapshot to the next while this is measured. Default: ${DEFAULT-VALUE}.")
  private int between;

  @Option(
      names = "--megabytes",
      paramLabel = "N",
      defaultValue = "512",
      description = "Size of the state whose bandwidth is measured; it is in memory twice. Default: ${DEFAULT-VALUE}.")
  private int megabytes;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "5",
      description = "How often it is written; medians count. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "2",
      description = "Threads that compute LoRA steps. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where files are written and deleted again: on the disk that is meant. Default: a new directory among "
          + "the system's temporary files.")
  private @Nullable Path directory;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws dev.perennial.UsageException if an option is out of range
   * @throws dev.perennial.FailureException if the disk fails
   */
  @Override
  public Integer call() throws IOException {
    Numbers.require("--steps", steps, 1, LoraStep.MOST_STEPS - WARM_UP);
    Numbers.require("--between", between, 1, 1000);
    Numbers.require("--megabytes", megabytes, 1, 100_000);
    Numbers.require("--rounds", rounds, 1, 1000);
    Numbers.require("--threads", threads, 1, 1024);
    output.check();
    Path place = ScratchDirectory.in(directory, "perennial-snapshots");
    var progress = new Progress(spec.commandLine().getErr(), ticker, "snapshots");
    progress.say(steps + " LoRA steps with snapshots");
    SnapshotFigures.Stall stall = stall(place.resolve("learned"), progress);
    progress.say(rounds + " rounds of " + megabytes + " MB as plain files and as a snapshot");
    SnapshotFigures.Bandwidth bandwidth = bandwidth(place, progress);
    var figures = new SnapshotFigures(Machine.here(threads), stall, bandwidth);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    ScratchDirectory.delete(place);
    return 0;
  }

  private SnapshotFigures.Stall stall(Path place, Progress progress) {
    var quiet = new ArrayList<Double>();
    var busy = new ArrayList<Double>();
    var copies = new ArrayList<Double>();
    long bytes;
    try (var workers = new Workers(threads); Backbone backbone = Backbones.load("minilm");
        var learner = new GradientLearner(LoraStep.OPTIONS, LoraStep.context(backbone, workers), new Objective() {});
        Store store = Store.create(place, ""); var snapshots = new Snapshots(store, 2, ticker)) {
      Experience experience = LoraStep.experience(backbone);
      for (int step = 0; step < WARM_UP + steps; step++) {
        boolean met = snapshots.isBusy();
        long start = ticker.getAsLong();
        try (TensorScope scope = TensorScope.inference()) {
          learner.step(experience, step);
        }
        long end = ticker.getAsLong();
        if (step >= WARM_UP) {
          (met ? busy : quiet).add((end - start) / NANOS);
        }
        if (step + 1 >= WARM_UP && (step + 1 - WARM_UP) % between == 0) {
          snapshots.settle();
          long taking = ticker.getAsLong();
          try (TensorScope scope = TensorScope.inference()) {
            snapshots.take(new Position(0, step + 1), learner.state(), Map.of(), Instant.EPOCH);
          }
          // The first copy also takes the memory that all others use again.
          if (snapshots.figures().taken() > 1) {
            copies.add((ticker.getAsLong() - taking) / NANOS);
          }
        }
        progress.at(step, WARM_UP + steps);
      }
      snapshots.settle();
      bytes = snapshots.bytes();
    }
    var others = new Timings(quiet.isEmpty() ? busy : quiet);
    double meeting = busy.isEmpty() ? others.median() : new Timings(busy).median();
    return SnapshotFigures.Stall.of(
        bytes, others, meeting, (double) busy.size() / Math.max(1, copies.size()), new Timings(copies.isEmpty() ? List.of(0.0) : copies));
  }

  private SnapshotFigures.Bandwidth bandwidth(Path place, Progress progress) throws IOException {
    long bytes = megabytes * MEGABYTE / PARTS / Long.BYTES * Long.BYTES;
    var disk = new ArrayList<Double>();
    var written = new ArrayList<Double>();
    var ratios = new ArrayList<Double>();
    var unchanged = new ArrayList<Double>();
    try (Arena arena = Arena.ofShared(); Store store = Store.create(place.resolve("large"), "");
        var snapshots = new Snapshots(store, 1, ticker)) {
      var memory = new ArrayList<MemorySegment>();
      for (int i = 0; i < PARTS; i++) {
        memory.add(arena.allocate(bytes, 64));
      }
      for (int round = 0; round <= rounds; round++) {
        for (int i = 0; i < PARTS; i++) {
          memory.get(i).fill((byte) (round * PARTS + i + 1));
        }
        double plain = PARTS * bytes / plain(place, memory);
        double snapshot = PARTS * bytes / snapshot(snapshots, memory, bytes);
        double nothing = snapshot(snapshots, memory, bytes);
        // The first round takes memory and room on the disk that the others use again.
        if (round > 0) {
          disk.add(plain);
          written.add(snapshot);
          ratios.add(snapshot / plain);
          unchanged.add(nothing);
        }
        progress.at(round, rounds);
      }
    }
    return new SnapshotFigures.Bandwidth(PARTS * bytes, new Timings(disk).median(), new Timings(written).median(),
        new Timings(ratios).median(), new Timings(unchanged).median());
  }

  private double snapshot(Snapshots snapshots, List<MemorySegment> memory, long bytes) {
    var state = new ArrayList<StatePart>();
    for (int i = 0; i < memory.size(); i++) {
      var tensor = new TensorData(Dtype.F64, List.of(bytes / Long.BYTES), memory.get(i));
      state.add(StatePart.of("part-" + i, Combine.LATEST, Map.of("values", tensor)));
    }
    long start = ticker.getAsLong();
    snapshots.take(Position.START, state, Map.of(), Instant.EPOCH);
    snapshots.settle();
    return (ticker.getAsLong() - start) / NANOS;
  }

  private double plain(Path place, List<MemorySegment> memory) throws IOException {
    long start = ticker.getAsLong();
    for (int i = 0; i < memory.size(); i++) {
      try (FileChannel file = FileChannel.open(
          place.resolve("plain-" + i), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        for (long from = 0; from < memory.get(i).byteSize(); from += CHUNK) {
          var chunk = memory.get(i).asSlice(from, Math.min(CHUNK, memory.get(i).byteSize() - from)).asByteBuffer();
          while (chunk.hasRemaining()) {
            file.write(chunk);
          }
        }
        file.force(true);
      }
    }
    double seconds = (ticker.getAsLong() - start) / NANOS;
    for (int i = 0; i < memory.size(); i++) {
      Files.delete(place.resolve("plain-" + i));
    }
    return seconds;
  }
}
