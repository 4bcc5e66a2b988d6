package dev.perennial.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.tune.Ranking;
import dev.perennial.tune.Tuning;
import dev.perennial.tune.TuningSpec;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench tune}: the first of two phases, tuning on one dataset what is evaluated on another. */
@Command(
    name = "tune",
    abbreviateSynopsis = true,
    header = "Tune a technique's options on one dataset, to evaluate them on another.",
    description = {
        "",
        "A technique that is tuned and evaluated on the same data looks better than it is. So tune it here on one "
            + "dataset, and then evaluate it on another, in the same scenario, with the options in DIR/tuned.yaml "
            + "(Hyperparameters in Continual Learning: a Reality Check, arXiv 2403.09066).",
        "Candidates are the defaults and the points of the technique's search space. Many learn few rows, the better "
            + "half learns three times as many, and so on; the last ones also on two other seeds. They are judged on "
            + "validation rows; test rows are not looked at. Finished trials are kept in DIR: tuning that was stopped "
            + "goes on by the same command."},
    footer = {
        "  ./perennial bench tune --technique ewc --data wordnet --tasks 9 --out ewc",
        "  ./perennial learn --config ewc/tuned.yaml --data mail.csv --text body --label folder --tasks 5 --store mail",
        "  ./perennial bench tune --technique replay --data fashion-mnist --tasks 5 --out replay"})
public final class TuneBench implements Callable<Integer> {

  @Option(names = "--technique", paramLabel = "NAME", description = "What to tune; ./perennial techniques lists them.")
  private @Nullable String technique;

  @Mixin
  private TuningOptions options = new TuningOptions();

  @Option(names = "--out", paramLabel = "DIR", description = "Where trials and the outcome are kept. Needed.")
  private @Nullable Path out;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /** What is written as JSON. */
  private record Tuned(Machine machine, Ranking ranking) {}

  /**
   * Tunes, prints the ranking, and writes {@code tuned.yaml}, and JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is missing or wrong, or the directory holds something else
   * @throws FailureException if no candidate can be run, or nothing can be written
   */
  @Override
  public Integer call() {
    if (technique == null) {
      throw new UsageException("expected --technique NAME, got none: ./perennial techniques lists them");
    }
    if (out == null) {
      throw new UsageException("expected --out DIR, got none: name the directory to keep trials in");
    }
    TuningSpec asked = options.spec(List.of(technique), null);
    output.check();
    Ranking ranking =
        Tuning.run(asked, out, Clock.systemUTC(), ticker, new TuningProgress(spec.commandLine().getErr()));
    Path tuned = out.resolve("tuned.yaml");
    write(tuned, yaml(ranking));
    output.write(new Tuned(Machine.here(asked.run().threads()), ranking));
    PrintWriter print = spec.commandLine().getOut();
    print.print(RankingText.of(ranking));
    print.println("Options " + tuned);
    print.println("Evaluate ./perennial learn --config " + tuned + " --data OTHER ... --store DIR");
    return 0;
  }

  /** The technique and all options that were tuned, as {@code learn --config} takes them. */
  private static String yaml(Ranking ranking) {
    Ranking.Entry choice = ranking.choice();
    var yaml = new StringBuilder(String.format(Locale.ROOT,
        "# Tuned on %s (%s, %d tasks): %.1f %% on %,d validation rows.%n", ranking.data().replaceAll("\\R", " "),
        ranking.spec().run().scenario().id(), ranking.spec().run().tasks(), 100 * choice.accuracy(),
        choice.validationRows()));
    yaml.append("technique: ").append(quoted(choice.technique())).append('\n');
    if (!choice.chosen().isEmpty()) {
      yaml.append("option:\n");
      choice.chosen().forEach((name, value) ->
          yaml.append("  ").append(name).append(": ").append(quoted(value)).append('\n'));
    }
    return yaml.toString();
  }

  /** A text as JSON writes it, which is YAML too. */
  private static String quoted(String text) {
    try {
      return JsonMapper.builder().build().writeValueAsString(text);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a text can be written as JSON", e);
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new FailureException("could not write the options to " + file + " (" + e.getMessage()
          + "): check permissions and space", e);
    }
  }
}
