package dev.perennial.allocate;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.Site;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.Prediction;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.measure.Result;
import dev.perennial.tensor.Device;
import java.time.Clock;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The search for the sites that are worth tuning, by two rewards.
 *
 * <p>Source: MemControl: Mitigating Memorization in Diffusion Models via Automated Parameter Selection (arXiv 2405.19458):
 * two levels, the inner one trains the parameters of a subset of sites, the outer one searches for subsets by two rewards of
 * what came of it. Here the first reward is the accuracy on validation rows, the second how few parameters there are, or how
 * little is memorised, and the outer level is NSGA-II on subsets. Test rows are not looked at.
 */
public final class SiteSearch {

  private static final int HOLD_OUT = 5;
  private static final int MEMORISED = 500;

  private final RunSpec spec;
  private final SiteSearchOptions options;
  private final Dataset rows;
  private final List<String> names;

  /**
   * A search over the sites of a run's backbone.
   *
   * @param spec a run of a technique that trains a brick; its test rows are dropped. Where there are no validation rows,
   *     every fifth row of a class is held out in their place
   * @throws UsageException if the backbone has no sites, or its data are no texts
   */
  public SiteSearch(RunSpec spec, SiteSearchOptions options) {
    this.spec = spec;
    this.options = options;
    rows = rows(Datasets.read(spec.data(), spec.seed()));
    if (!(rows.train().getFirst().input() instanceof Input.Text)) {
      throw new UsageException("expected texts to search sites with, got images: their backbones have no sites");
    }
    try (Backbone backbone =
        Backbones.load(spec.backbone().isEmpty() ? "minilm" : spec.backbone(), new Device(spec.device()))) {
      names = backbone.sites().stream().map(Site::name).toList();
    }
  }

  private static Dataset rows(Dataset all) {
    var learned = new ArrayList<Example>();
    var judged = new ArrayList<>(all.validation());
    Map<String, Integer> seen = new HashMap<>();
    for (Example row : all.train()) {
      int number = seen.merge(row.label(), 1, Integer::sum);
      (all.validation().isEmpty() && number % HOLD_OUT == 0 ? judged : learned).add(row);
    }
    return new Dataset(all.name(), learned, List.of(), judged, all.badRows());
  }

  /** Names of the sites that are searched over. */
  public List<String> sites() {
    return names;
  }

  /**
   * Searches.
   *
   * @param trial told each trial as it ends; whether it is on the front is not known by then
   * @return all trials in order
   */
  public List<SiteTrial> run(Clock clock, Consumer<SiteTrial> trial) {
    var trials = new HashMap<BitSet, SiteTrial>();
    var search = new ParetoSearch(names.size(), options.population(), spec.seed(), subset -> {
      SiteTrial found = tried(subset, clock);
      trials.put(subset, found);
      trial.accept(found);
      return new ParetoSearch.Rewards(found.accuracy(), switch (options.second()) {
        case PARAMETERS -> -found.parameters();
        case MEMORISATION -> -found.memorisation();
      });
    });
    List<BitSet> front = search.run(options.trials());
    var all = new ArrayList<SiteTrial>();
    for (BitSet subset : search.tried()) {
      SiteTrial of = trials.get(subset);
      if (of != null) {
        all.add(new SiteTrial(of.sites(), of.accuracy(), of.memorisation(), of.parameters(), front.contains(subset)));
      }
    }
    return all;
  }

  /** Of trials within one standard error of the best accuracy, the one of the best second reward. */
  public SiteTrial choice(List<SiteTrial> trials) {
    double best = trials.stream().mapToDouble(SiteTrial::accuracy).max().orElseThrow();
    double error = Math.sqrt(best * (1 - best) / rows.test().size());
    return trials.stream().filter(trial -> trial.accuracy() >= best - error)
        .min(java.util.Comparator.comparingDouble(trial -> switch (options.second()) {
          case PARAMETERS -> trial.parameters();
          case MEMORISATION -> trial.memorisation();
        })).orElseThrow();
  }

  private SiteTrial tried(BitSet subset, Clock clock) {
    List<String> chosen = subset.stream().mapToObj(names::get).toList();
    var draft = new SiteTrial(chosen, 0, 0, 0, false);
    try (Run run = Run.rehearse(spec.withOption("sites", draft.expression()), rows, clock, RunListener.SILENT)) {
      Result result = run.execute();
      List<Example> learned = rows.train().subList(0, Math.min(MEMORISED, rows.train().size()));
      List<Prediction> predicted = run.predict(
          learned.stream().map(row -> ((Input.Text) row.input()).value()).toList(), 1);
      int right = 0;
      for (int i = 0; i < learned.size(); i++) {
        right += predicted.get(i).candidates().getFirst().label().equals(learned.get(i).label()) ? 1 : 0;
      }
      return new SiteTrial(chosen, result.finalAccuracy(),
          (double) right / learned.size() - result.finalAccuracy(), result.trainableParameters(), false);
    }
  }
}
