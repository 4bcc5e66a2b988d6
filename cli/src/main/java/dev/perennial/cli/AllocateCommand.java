package dev.perennial.cli;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.allocate.SiteSearch;
import dev.perennial.allocate.SiteSearchOptions;
import dev.perennial.allocate.SiteTrial;
import dev.perennial.bench.StreamOptions;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Resource;
import dev.perennial.engine.RunSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code perennial allocate}: searches for the sites of a backbone that are worth tuning. */
@Command(
    name = "allocate",
    abbreviateSynopsis = true,
    header = "Search for the sites of a backbone that are worth tuning, by accuracy and by parameters or memorisation.",
    description = {
        "",
        "Trains a brick on subset after subset of the sites, and judges each by two rewards: the accuracy on validation "
            + "rows, and how few parameters it has (--second parameters) or how little it memorises (--second memorisation: "
            + "the accuracy on rows that were learned less that on validation rows). Subsets that are best in either sense "
            + "are crossed and changed (MemControl, arXiv 2405.19458, with NSGA-II). Test rows are not looked at. The choice "
            + "is the one with the best second reward within a standard error of the best accuracy.",
        "Ranks within one training are dealt out by --option brick=increlora or brick=adalora:targetRank=N of learn."},
    footer = {
        "  ./perennial allocate --data mail.csv --text body --label folder --tasks 1 --max-per-class 20 --trials 24",
        "  ./perennial allocate --data mail.csv --text body --label folder --tasks 1 --second memorisation --option rank=4"})
final class AllocateCommand implements Runnable {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--option", arity = "1..*", paramLabel = "k=v",
      description = "An option of the technique fine-tune, such as rank=4 or brick=dora. Can be repeated.")
  private List<String> options = new ArrayList<>();

  @Option(names = "--trials", paramLabel = "N", defaultValue = "24", description = "Trainings. Default: ${DEFAULT-VALUE}.")
  private int trials;

  @Option(names = "--population", paramLabel = "N", defaultValue = "8",
      description = "Subsets to go on from. Default: ${DEFAULT-VALUE}.")
  private int population;

  @Option(names = "--second", paramLabel = "NAME", defaultValue = "parameters",
      description = "parameters or memorisation. Default: ${DEFAULT-VALUE}.")
  private String second = "";

  @Option(names = "--json", paramLabel = "OUT", description = "Write all trials to this file.")
  private @Nullable Path json;

  private final Console console;

  AllocateCommand(Console console) {
    this.console = console;
  }

  /** What is written as JSON. */
  private record Found(String second, List<String> sites, List<SiteTrial> trials, SiteTrial choice) {}

  @Override
  public void run() {
    Map<String, String> asked = new HashMap<>(KeyValues.of("--option", options));
    if (asked.containsKey("sites")) {
      throw new UsageException("expected no option sites, which is searched for, got sites=" + asked.get("sites"));
    }
    RunSpec spec = stream.run("fine-tune", asked, new Budget(Map.of()));
    var outputs = new Outputs(json, null);
    outputs.check();
    var search = new SiteSearch(spec, new SiteSearchOptions(trials, population, second()));
    int[] done = {0};
    List<SiteTrial> found = search.run(console.clock(), trial -> {
      console.err().printf(Locale.ROOT, "%d/%d: %d of %d sites, %s%n", ++done[0], trials, trial.sites().size(),
          search.sites().size(), text(trial));
      console.err().flush();
    });
    SiteTrial choice = search.choice(found);
    outputs.write(Json.pretty(new Found(second, search.sites(), found, choice)) + "\n");
    var table = new Table("sites", "accuracy", "memorisation", "parameters");
    found.stream().filter(SiteTrial::front)
        .sorted(java.util.Comparator.comparingDouble(SiteTrial::accuracy).reversed())
        .forEach(trial -> table.row(trial.sites().size(), String.format(Locale.ROOT, "%.1f", 100 * trial.accuracy()),
            String.format(Locale.ROOT, "%.1f", 100 * trial.memorisation()),
            Resource.PARAMETERS.format(trial.parameters())));
    console.out().println("Subsets that none is better than in both senses, in percent of validation rows:");
    console.out().print(table.text());
    console.out().println("Choice  " + text(choice));
    console.out().println("use: --option " + Shell.word("sites=" + choice.expression()));
    console.out().flush();
  }

  private static String text(SiteTrial trial) {
    return String.format(Locale.ROOT, "accuracy %.1f %%, memorisation %.1f points, %,d parameters", 100 * trial.accuracy(),
        100 * trial.memorisation(), trial.parameters());
  }

  private SiteSearchOptions.Second second() {
    for (SiteSearchOptions.Second known : SiteSearchOptions.Second.values()) {
      if (known.name().equalsIgnoreCase(second)) {
        return known;
      }
    }
    throw new UsageException("expected --second parameters or memorisation, got " + second);
  }
}
