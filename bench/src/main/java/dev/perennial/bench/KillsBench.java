package dev.perennial.bench;

import dev.perennial.FailureException;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Position;
import dev.perennial.store.StateDigest;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.tensor.CounterRandom;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench kills}: a run killed at random moments, compared with one that never was. */
@Command(
    name = "kills",
    header = "Kill a learning process at random moments, and compare its state with that of one never killed.",
    description = {
        "",
        "A small run is learned once to its end, and its state's digest noted after every step. Then processes learn the "
            + "same, are ended by SIGKILL, and are gone on with by the next process. After each kill the store is opened: "
            + "its newest commit must be whole, no older than what the process had acknowledged, and have the digest of "
            + "the run never killed at that step. Processes that wait for the disk and ones that do not take turns."},
    footer = {
        "  ./perennial bench kills --rounds 30",
        "  ./perennial bench kills --rounds 1000 --json kills.json"})
public final class KillsBench implements Callable<Integer> {

  private static final double NANOS = 1e9;

  /** One kill of so many comes at any moment since the start of the process, the others while it learns. */
  private static final int ANY_MOMENT = 5;

  @Option(
      names = "--rounds",
      paramLabel = "N",
      defaultValue = "1000",
      description = "Processes that are killed, each about two seconds. Default: ${DEFAULT-VALUE}.")
  private int rounds;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Of the moments. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--dir",
      paramLabel = "DIR",
      description = "Where stores are made and deleted again: on the disk that is meant. Default: a new directory among "
          + "the system's temporary files.")
  private @Nullable Path directory;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final Map<Position, String> digests = new HashMap<>();
  private final Set<Position> found = new HashSet<>();
  private String last = "";
  private int whileLearning;

  /**
   * Kills, compares, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws FailureException if a state is not what it should be: the line says which, and where the store is left
   */
  @Override
  public Integer call() throws IOException, InterruptedException {
    Numbers.require("--rounds", rounds, 1, 1_000_000);
    output.check();
    Path place = ScratchDirectory.in(directory, "perennial-kills");
    Path images = place.resolve("images");
    KillsData.write(images);
    var progress = new Progress(spec.commandLine().getErr(), System::nanoTime, "kills");
    progress.say("a run that is not killed");
    int steps = reference(images, place.resolve("whole"));
    double seconds = unkilled(images, place.resolve("timed"));
    progress.say(rounds + " kills");
    KillsFigures figures = kill(images, place, seconds, steps, progress);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    ScratchDirectory.delete(place);
    return 0;
  }

  /** Learns in this process, and notes the digest after every step; how many there were. */
  private int reference(Path images, Path store) {
    var options = new SnapshotOptions(Durability.SYNC, 1, 1, Double.POSITIVE_INFINITY);
    var listener = new RunListener() {
      @Override
      public void committed(long commit) {
        try (Store reader = Store.open(store, Access.READ); StoredParts parts = reader.openHead().orElseThrow()) {
          last = StateDigest.of(parts.parts().values());
          digests.put(parts.commit().position(), last);
        }
      }
    };
    try (Run run = Run.create(KillsData.spec(images), store, options, Clock.systemUTC(), listener)) {
      run.execute();
    }
    return digests.size();
  }

  /** Seconds that another process takes to learn it, from its first step on. */
  private double unkilled(Path images, Path store) throws IOException, InterruptedException {
    Process child = start(images, store, Durability.SYNC);
    try (BufferedReader output = child.inputReader()) {
      @Nullable String line = output.readLine();
      if (line == null || !line.equals("learning")) {
        throw new FailureException("expected a process that learns, it said " + line + ": see its complaint above");
      }
      long start = System.nanoTime();
      while (output.readLine() != null) {
        Thread.onSpinWait();
      }
      double seconds = (System.nanoTime() - start) / NANOS;
      child.waitFor();
      check(store, 0, "a process that was not killed");
      return seconds;
    }
  }

  private KillsFigures kill(Path images, Path place, double seconds, int steps, Progress progress)
      throws IOException, InterruptedException {
    var random = CounterRandom.of(seed, 1);
    int kills = 0;
    int runs = 0;
    long acknowledged = 0;
    Path store = place.resolve("run-0");
    for (long round = 0; kills < rounds; round++) {
      Process child = start(images, store, round % 2 == 0 ? Durability.SYNC : Durability.ASYNC);
      boolean ended = false;
      try (BufferedReader output = child.inputReader()) {
        boolean anyMoment = round % ANY_MOMENT == 0;
        @Nullable String line = anyMoment ? "" : output.readLine();
        ended = child.waitFor((long) (random.uniform(round) * seconds * 1e6), TimeUnit.MICROSECONDS);
        // Through the handle: destroying the Process itself would also throw away what it had said.
        child.toHandle().destroyForcibly();
        child.waitFor();
        boolean learned = false;
        for (; line != null; line = output.readLine()) {
          learned |= line.equals("learning");
          ended |= line.equals("end");
          acknowledged = line.matches("\\d+") ? Math.max(acknowledged, Long.parseLong(line)) : acknowledged;
        }
        if (!ended) {
          kills++;
          whileLearning += learned ? 1 : 0;
        }
      }
      String what = "kill " + kills + " of the store " + store;
      Optional<Position> position = check(store, acknowledged, what);
      if (ended) {
        if (!position.map(at -> last.equals(digests.get(at))).orElse(false)) {
          throw new FailureException("expected the end of a run after " + what + ", found " + position);
        }
        runs++;
        acknowledged = 0;
        ScratchDirectory.delete(store);
        store = place.resolve("run-" + runs);
      }
      progress.at(kills, rounds);
    }
    return new KillsFigures(Machine.here(1), seed, kills, whileLearning, kills, runs, found.size(), steps);
  }

  /** Where the newest commit stands; empty if there is none yet. */
  private Optional<Position> check(Path store, long acknowledged, String place) {
    if (Files.notExists(store.resolve("perennial.db"))) {
      require(acknowledged == 0, place + ": the store is gone");
      return Optional.empty();
    }
    try (Store reader = Store.open(store, Access.READ)) {
      Optional<Commit> head = reader.head();
      require(reader.fallback().isEmpty(), place + ": " + reader.fallback().orElse(""));
      require(head.map(Commit::id).orElse(0L) >= acknowledged,
          place + ": commit " + acknowledged + " was acknowledged, the newest is " + head.map(Commit::id));
      if (head.isPresent()) {
        Position position = head.get().position();
        try (StoredParts parts = reader.parts(head.get())) {
          String digest = StateDigest.of(parts.parts().values());
          require(digest.equals(digests.get(position)),
              place + ": at " + position + " the state is " + digest + ", of a run never killed " + digests.get(position));
        }
        found.add(position);
        return Optional.of(position);
      }
      return Optional.empty();
    }
  }

  private static void require(boolean condition, String otherwise) {
    if (!condition) {
      throw new FailureException("not what a run never killed has, " + otherwise);
    }
  }

  /** Starts a learner. The first that ends by itself leaves its classes in a file, from which the others start faster. */
  private static Process start(Path images, Path store, Durability durability) throws IOException {
    var builder = new ProcessBuilder(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx256m", "-XX:+UseSerialGC",
        "-XX:TieredStopAtLevel=1", "-XX:+AutoCreateSharedArchive",
        "-XX:SharedArchiveFile=" + images.resolveSibling("classes.jsa"), "-Xlog:cds=off", "-Xlog:aot=off",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        KillsChild.class.getName(), images.toString(), store.toString(), durability.text()));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }
}
