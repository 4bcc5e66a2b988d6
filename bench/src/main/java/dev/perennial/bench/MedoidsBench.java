package dev.perennial.bench;

import dev.perennial.cluster.Distances;
import dev.perennial.cluster.KMedoids;
import dev.perennial.cluster.Medoids;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench medoids}: FastPAM1 and FasterPAM against plain PAM, from the same starts. */
@Command(
    name = "medoids",
    header = "Compare the choice of medoids with plain PAM: seconds, and the loss that is found.",
    description = {
        "",
        "All of them search the same distances, on one thread: from BUILD, PAM's own start, and from random rows. "
            + "FastPAM1 makes PAM's swaps; FasterPAM makes every swap that helps. The rows are drawn around as many centres "
            + "as there are medoids. Each search is run once on a quarter of the rows first, to warm up."},
    footer = {
        "  ./perennial bench medoids",
        "  ./perennial bench medoids --rows 1000 --medoids 100 --json medoids.json"})
public final class MedoidsBench implements Callable<Integer> {

  private static final int WIDTH = 16;
  private static final int MOST = 1_000_000;

  @Option(
      names = "--rows",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Rows to cluster. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(
      names = "--medoids",
      paramLabel = "N",
      defaultValue = "50",
      description = "Medoids to find. Default: ${DEFAULT-VALUE}.")
  private int medoids;

  @Option(
      names = "--seed",
      paramLabel = "N",
      defaultValue = "1",
      description = "Seed of the rows and of the random start. Default: ${DEFAULT-VALUE}.")
  private long seed;

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
   * @throws dev.perennial.FailureException if the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--rows", rows, 8, 20_000);
    Numbers.require("--medoids", medoids, 2, rows / 4);
    output.check();
    MedoidsFigures figures = measured();
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private MedoidsFigures measured() {
    Distances few = Distances.euclidean(drawn(rows / 4));
    searches(few, KMedoids.build(few, medoids), "warm-up");
    Timed<Distances> distances = timed(() -> Distances.euclidean(drawn(rows)));
    Timed<int[]> build = timed(() -> KMedoids.build(distances.result, medoids));
    var searches = new ArrayList<>(searches(distances.result, build.result, "build"));
    searches.addAll(searches(
        distances.result, KMedoids.random(distances.result, medoids, CounterRandom.of(seed, 2)), "random"));
    return new MedoidsFigures(
        Machine.here(1), rows, medoids, WIDTH, seed, distances.seconds, build.seconds, searches);
  }

  /** Rows around random centres. */
  private float[][] drawn(int count) {
    var noise = CounterRandom.of(seed, 0);
    var centres = CounterRandom.of(seed, 1);
    float[][] drawn = new float[count][WIDTH];
    for (int row = 0; row < count; row++) {
      for (int c = 0; c < WIDTH; c++) {
        drawn[row][c] = (float) (centres.gaussian((long) (row % medoids) * WIDTH + c)
            + noise.gaussian((long) row * WIDTH + c));
      }
    }
    return drawn;
  }

  private List<MedoidsFigures.Search> searches(Distances distances, int[] start, String name) {
    spec.commandLine().getErr().println("medoids: PAM, FastPAM1 and FasterPAM, " + name);
    var pam = new PlainPam(distances, start);
    Timed<int[]> plain = timed(pam::search);
    List<Integer> found = Arrays.stream(plain.result).boxed().toList();
    Timed<Medoids> fast = timed(() -> KMedoids.fastPam1(distances, start, MOST));
    Timed<Medoids> eager = timed(() -> KMedoids.fasterPam(distances, start, MOST));
    // The loss of medoids that are no longer swapped is what a search from them begins and ends with.
    double loss = KMedoids.fastPam1(distances, plain.result, MOST).loss();
    return List.of(
        new MedoidsFigures.Search("PAM", name, plain.seconds, pam.swaps(), loss, 1, true),
        search("FastPAM1", name, fast, plain.seconds, found),
        search("FasterPAM", name, eager, plain.seconds, found));
  }

  private static MedoidsFigures.Search search(
      String algorithm, String start, Timed<Medoids> search, double plainSeconds, List<Integer> found) {
    Medoids result = search.result;
    return new MedoidsFigures.Search(algorithm, start, search.seconds, result.swaps(), result.loss(),
        plainSeconds / search.seconds, result.medoids().equals(found));
  }

  private <T> Timed<T> timed(Supplier<T> work) {
    long from = ticker.getAsLong();
    T result = work.get();
    return new Timed<>(result, (ticker.getAsLong() - from) / 1e9);
  }

  private record Timed<T>(T result, double seconds) {}
}
