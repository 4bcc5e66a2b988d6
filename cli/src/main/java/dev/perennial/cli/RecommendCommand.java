package dev.perennial.cli;

import static java.util.Comparator.comparing;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import dev.perennial.KeyValues;
import dev.perennial.bench.RankingText;
import dev.perennial.bench.TuningOptions;
import dev.perennial.bench.TuningProgress;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Method;
import dev.perennial.learn.Techniques;
import dev.perennial.tune.Ranking;
import dev.perennial.tune.Tuning;
import dev.perennial.tune.TuningSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code perennial recommend}: which technique and options to use on a stream, by a short tournament. */
@Command(
    name = "recommend",
    abbreviateSynopsis = true,
    header = "Find the technique and the options that suit your data, by a short tournament.",
    description = {
        "",
        "Every technique learns a few rows; the better half learns three times as many, and so on; the few that are "
            + "left try other options, and the best of those learn more, while there is time. They are judged on "
            + "validation rows; test rows are not looked at, so that learn can report on them honestly. Of those that "
            + "are as good as the best, within one standard error, the cheapest is recommended: that with the fewest bytes, then that "
            + "which learns fastest. The default technique always takes part.",
        "The last line can be pasted: it learns the data with what was found."},
    footer = {
        "  ./perennial recommend --data mail.csv --text body --label folder --tasks 5",
        "  ./perennial recommend --data clinc.jsonl.gz --text text --label intent --split split --tasks 10 \\",
        "      --budget seconds=20min bytes=64MiB --json clinc.json",
        "  ./perennial recommend --data fashion-mnist --tasks 5 --techniques replay,ewc,g-acil --budget seconds=2min",
        "  ./perennial recommend --data wordnet --tasks 9 --budget seconds=1h --out tournament"})
final class RecommendCommand implements Runnable {

  /** What trials may take where nothing else is asked for. */
  private static final double SECONDS = 300;

  @Mixin
  private TuningOptions options = new TuningOptions();

  @Option(
      names = "--techniques",
      split = ",",
      paramLabel = "NAME",
      description = "Techniques that take part beside the default one, with commas between them. Default: all of them.")
  private List<String> techniques = new ArrayList<>();

  @Option(
      names = "--out",
      paramLabel = "DIR",
      description = "Keep finished trials here; a tournament that was stopped then goes on by the same command.")
  private @Nullable Path out;

  @Option(names = "--json", paramLabel = "OUT", description = "Write the ranking to this file.")
  private @Nullable Path json;

  private final Console console;

  RecommendCommand(Console console) {
    this.console = console;
  }

  /**
   * What is written as JSON.
   *
   * @param use the command that learns with what was found
   */
  private record Recommendation(String use, @JsonUnwrapped Ranking ranking) {}

  @Override
  public void run() {
    TuningSpec spec = options.spec(participants(), SECONDS);
    var outputs = new Outputs(json, null);
    outputs.check();
    Ranking ranking;
    try (var interruption = Interruption.watch(console, () -> {}, this::ifStopped)) {
      ranking = Tuning.run(spec, out, console.clock(), console.ticker(), new TuningProgress(console.err()));
    }
    String use = use(ranking);
    outputs.write(ranking.data(), List.of(), Json.pretty(new Recommendation(use, ranking)) + "\n");
    console.out().print(RankingText.of(ranking));
    if (json != null) {
      console.out().println("Figures " + json);
    }
    console.out().println("use: " + use);
  }

  /** The default technique, then those that are named, or all: first those that train nothing, which is cheap. */
  private List<String> participants() {
    var names = new LinkedHashSet<>(List.of(RunSpec.DEFAULT_TECHNIQUE));
    Techniques known = Techniques.load();
    if (techniques.isEmpty()) {
      known.names().stream().sorted(comparing(name -> trains(known.named(name)))).forEach(names::add);
    } else {
      techniques.forEach(name -> names.add(name.strip()));
    }
    return List.copyOf(names);
  }

  private static boolean trains(Method<?> method) {
    return Arrays.stream(method.defaults().getClass().getRecordComponents())
        .anyMatch(component -> component.getType() == GradientOptions.class);
  }

  private String ifStopped() {
    return out == null
        ? "nothing of the tournament is kept; with --out DIR it goes on where it stopped"
        : "go on by the same command";
  }

  private String use(Ranking ranking) {
    Ranking.Entry choice = ranking.choice();
    var words = new ArrayList<String>(List.of("learn"));
    words.addAll(options.learnWords());
    words.addAll(List.of("--technique", choice.technique()));
    KeyValues.written(choice.chosen()).forEach(option -> words.addAll(List.of("--option", option)));
    words.addAll(List.of("--store", "recommended"));
    return "./perennial " + words.stream().map(Shell::word).collect(Collectors.joining(" "));
  }
}
