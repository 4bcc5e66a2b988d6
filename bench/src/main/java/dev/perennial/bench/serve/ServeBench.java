package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.bench.JsonOutput;
import dev.perennial.data.Example;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code perennial bench serve}: a server under load from this process. */
@Command(
    name = "serve",
    header = "Load a server from a second process: predictions a second, latencies, learning beside them, kills, tenants.",
    description = {
        "",
        "Each figure starts ./perennial serve over a directory of its own, and loads it over the loopback. Figures: "
            + "throughput (32 clients that ask as fast as they are answered, against the encoder's own batch rate), peer (the "
            + "same against embeddings of ONNX Runtime, a text at a time, behind the same HTTP server), latency "
            + "(at half of that, each arrival by itself), learning (the same with four clients that teach as fast as "
            + "they can, and --p99 100ms), visible (from teaching a row to predictions that have seen it), kills (SIGKILL "
            + "every 20 s while clients teach and ask; then the predictions of 500 texts against those of a server that was "
            + "taught the same rows without kills), tenants (many models with a head each, Zipf traffic, against one "
            + "model), trace (arrivals of a file, at half the throughput), memory (resident bytes over time)."},
    footer = {
        "  ./perennial bench serve throughput latency learning visible --data clinc150.jsonl.gz --text text --label label",
        "  ./perennial bench serve kills --seconds 600",
        "  ./perennial bench serve tenants --models 1000",
        "  ./perennial bench serve trace --trace azure_llm_conv_trace.csv.gz --seconds 300",
        "  ./perennial bench serve memory --seconds 3600"})
public final class ServeBench implements Callable<Integer> {

  private static final Set<String> NAMES = new LinkedHashSet<>(
      List.of("throughput", "peer", "latency", "learning", "visible", "kills", "tenants", "trace", "memory"));

  @Parameters(arity = "1..*", paramLabel = "FIGURE", description = "Which to take.")
  private List<String> names = new ArrayList<>();

  @Option(names = "--data", paramLabel = "FILE", description = "A CSV, JSONL or Parquet file. Default: WordNet's glosses.")
  private @Nullable Path data;

  @Option(names = "--text", paramLabel = "COL", defaultValue = "text", description = "Column of the text.")
  private String text = "";

  @Option(names = "--label", paramLabel = "COL", defaultValue = "label", description = "Column of the class.")
  private String label = "";

  @Option(names = "--rows", paramLabel = "N", defaultValue = "3000",
      description = "Rows that a model is taught first. Default: ${DEFAULT-VALUE}.")
  private int rows;

  @Option(names = "--clients", paramLabel = "N", defaultValue = "32", description = "Default: ${DEFAULT-VALUE}.")
  private int clients;

  @Option(names = "--seconds", paramLabel = "S", defaultValue = "30",
      description = "How long each figure is taken; kills want 600, memory 3600. Default: ${DEFAULT-VALUE}.")
  private double seconds;

  @Option(names = "--threads", paramLabel = "N", defaultValue = "2", description = "That predict. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(names = "--models", paramLabel = "N", defaultValue = "1000",
      description = "Models of the figure tenants. Default: ${DEFAULT-VALUE}.")
  private int models;

  @Option(names = "--trace", paramLabel = "FILE", description = "CSV, plain or .gz, whose first column is the time.")
  private @Nullable Path trace;

  @Option(names = "--dir", paramLabel = "DIR", description = "Where directories are made. Default: temporary files.")
  private @Nullable Path directory;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /** Takes the figures, prints them, and writes JSON where asked. */
  @Override
  public Integer call() throws IOException, InterruptedException {
    for (String name : names) {
      if (!NAMES.contains(name)) {
        throw new UsageException("expected figures among " + NAMES + ", got " + name);
      }
    }
    if (names.contains("trace") && trace == null) {
      throw new UsageException("expected --trace FILE for the figure trace, got none");
    }
    if (!(seconds > 0) || rows < 1 || clients < 1 || threads < 1 || models < 2) {
      throw new UsageException("expected seconds above 0, at least 1 row, client and thread, and at least 2 models");
    }
    output.check();
    List<Example> examples = data == null ? BenchRows.wordNet(20_000) : BenchRows.table(data, text, label, 20_000);
    var taken = new ServeFigures.Taken(this::say);
    Path place = directory == null ? Files.createTempDirectory("perennial-serve") : Files.createDirectories(directory);
    var figures = new ServeMeasurement(new Rows(examples), place, rows, clients, threads, seconds, this::say, taken);
    for (String name : NAMES) {
      if (names.contains(name)) {
        take(name, figures);
      }
    }
    var result = new ServeFigures(Runtime.getRuntime().availableProcessors(), threads, taken.all());
    output.write(result);
    spec.commandLine().getOut().println(result.text());
    if (directory == null) {
      delete(place);
    }
    return 0;
  }

  private void take(String name, ServeMeasurement figures) throws IOException, InterruptedException {
    try {
      switch (name) {
        case "throughput" -> figures.throughput();
        case "peer" -> figures.peer();
        case "latency" -> figures.latency();
        case "learning" -> figures.learning();
        case "visible" -> figures.visible();
        case "kills" -> figures.kills();
        case "tenants" -> figures.tenants(models);
        case "trace" -> figures.trace(requiredTrace());
        default -> figures.memory();
      }
    } catch (SocketException | SocketTimeoutException e) {
      throw new FailureException("the figure " + name + " could not be taken: the server did not answer (" + e.getMessage()
          + "): see above what it said, and whether the machine was busy or stopped", e);
    }
  }

  private Path requiredTrace() {
    Path file = trace;
    if (file == null) {
      throw new FailureException("a trace was asked for and is not there");
    }
    return file;
  }

  private void say(String line) {
    PrintWriter err = spec.commandLine().getErr();
    err.println("perennial: " + line);
    err.flush();
  }

  private static void delete(Path place) throws IOException {
    try (var files = Files.walk(place)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
