package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Predictor;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial doctor}: whether this machine is fit, and how fast it starts. */
@Command(
    name = "doctor",
    header = "Check this machine: Java, processors, memory, natives, backbone, disk; measure how fast it starts.",
    description = {
        "",
        "Each line says what was looked at, whether it is well, and what to do if it is not. With --cold-start processes "
            + "are started that predict one text each, with the store named or with a small one that is made for it, and "
            + "the time from the start of the process to its first prediction is shown in its parts."},
    footer = {
        "  ./perennial doctor",
        "  ./perennial doctor --store clinc",
        "  ./perennial doctor --cold-start --store clinc --repeats 10 --json start.json"})
final class DoctorCommand implements Runnable {

  private static final int MOST_REPEATS = 1000;
  private static final int WARM_UPS = 2;

  @Option(names = "--store", paramLabel = "DIR", description = "A store to look at, or where one is to be. Default: here.")
  private @Nullable Path store;

  @Option(names = "--cold-start", description = "Measure the time from process start to first prediction.")
  private boolean coldStart;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "5",
      description = "Processes to start. Default: ${DEFAULT-VALUE}.")
  private int repeats;

  @Option(names = "--json", paramLabel = "OUT", description = "Write the findings, or the figures, to this file.")
  private @Nullable Path json;

  @Option(names = "--probe", hidden = true, description = "Predict one text, and print the parts of the time it took.")
  private boolean probe;

  @Option(names = "--warm-up", hidden = true, description = "Learn and predict a little, as a training of a cache.")
  private boolean warmUp;

  private final Console console;

  DoctorCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    if (repeats < 1 || repeats > MOST_REPEATS) {
      throw new UsageException("expected --repeats between 1 and " + MOST_REPEATS + ", got " + repeats);
    }
    var outputs = new Outputs(json, null);
    outputs.check();
    if (probe) {
      console.out().println(Json.line(ColdStart.probe(named(), Runtime.getRuntime().availableProcessors())));
    } else if (warmUp) {
      withSample(1 << 10, sample -> {
        try (Predictor predictor = Predictor.open(sample, Runtime.getRuntime().availableProcessors())) {
          predictor.predict(List.of("a small dog"), 1);
        }
        for (int i = 0; i < WARM_UPS; i++) {
          Perennial.run(console, "predict", "--store", sample.toString(), "a small dog");
        }
      });
    } else if (coldStart) {
      measure(outputs);
    } else {
      check(outputs);
    }
  }

  private Path named() {
    if (store == null) {
      throw new UsageException("expected --store DIR, got none: name a store to predict with");
    }
    return store;
  }

  private void check(Outputs outputs) {
    Path place = store == null ? Path.of("") : store;
    if (store != null && Files.exists(store) && !Files.isDirectory(store)) {
      throw new UsageException("expected a directory for --store, got the file " + store + ": name a directory");
    }
    List<Checkup.Finding> findings =
        Checkup.of(place, store != null && StorePath.holdsStore(store), console.ticker());
    PrintWriter out = console.out();
    for (Checkup.Finding finding : findings) {
      out.printf(Locale.ROOT, "%-5s %-12s %s%n", finding.state().name().toLowerCase(Locale.ROOT), finding.what(),
          finding.detail());
    }
    outputs.write(Json.pretty(findings));
    long bad = findings.stream().filter(it -> it.state() == Checkup.State.FAIL).count();
    long doubtful = findings.stream().filter(it -> it.state() == Checkup.State.WARN).count();
    if (bad > 0) {
      out.flush();
      throw new FailureException(bad + " of " + findings.size() + " checks failed: what to do stands above");
    }
    out.println(doubtful == 0
        ? "All " + findings.size() + " checks are well"
        : findings.size() - doubtful + " of " + findings.size() + " checks are well, " + doubtful + " to look at");
  }

  private void measure(Outputs outputs) {
    if (store == null) {
      withSample(0, sample -> show(sample, outputs));
    } else {
      if (!StorePath.holdsStore(store)) {
        throw new UsageException("expected a store in " + store + ", there is none: check the path, or leave --store out");
      }
      show(store, outputs);
    }
  }

  private void show(Path directory, Outputs outputs) {
    ColdStart starts = ColdStart.measure(console, directory, repeats);
    Map<String, Double> best = starts.best();
    PrintWriter out = console.out();
    var table = new Table("part", "seconds", "share");
    best.forEach((part, seconds) -> table.row(part, String.format(Locale.ROOT, "%.3f", seconds),
        String.format(Locale.ROOT, "%.1f %%", 100 * seconds / starts.least())));
    out.print(table.text());
    var figures = new LinkedHashMap<String, Object>();
    figures.put("fastest", starts.least());
    figures.put("median", starts.median());
    figures.put("parts", best);
    figures.put("runs", starts.runs());
    outputs.write(Json.pretty(figures));
    out.printf(Locale.ROOT, "Process start to first prediction: %.2f s at best of %d, %.2f s in the middle%n",
        starts.least(), repeats, starts.median());
  }

  private interface Use {
    void of(Path sample);
  }

  /**
   * Learns a few glosses of WordNet into a store that is gone afterwards.
   *
   * @param features of the analytic head; 0 for the default
   */
  private void withSample(int features, Use use) {
    Path directory;
    try {
      directory = Files.createTempDirectory("perennial-doctor");
    } catch (IOException e) {
      throw new FailureException("cannot make a directory for a sample (" + e.getMessage()
          + "): check the space and permissions of " + System.getProperty("java.io.tmpdir"), e);
    }
    try {
      console.err().println("learning a small sample");
      RunSpec spec = RunSpec.of(DataSpec.wordnet(2).withMaxTestPerClass(1), 2);
      if (features > 0) {
        spec = spec.withOption("features", Integer.toString(features));
      }
      try (Run run = Run.create(spec, directory.resolve("sample"), console.clock(), RunListener.SILENT)) {
        run.execute();
      }
      use.of(directory.resolve("sample"));
    } finally {
      delete(directory);
    }
  }

  private static void delete(Path directory) {
    try (Stream<Path> files = Files.walk(directory)) {
      files.sorted(Comparator.reverseOrder()).forEach(file -> file.toFile().delete());
    } catch (IOException e) {
      throw new FailureException("cannot delete " + directory + ": " + e.getMessage(), e);
    }
  }
}
