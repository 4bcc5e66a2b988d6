package dev.perennial.tune;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.data.Dataset;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Techniques;
import dev.perennial.measure.Result;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.CounterRandom;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/*
 * Successive halving (Jamieson and Talwalkar, Non-stochastic Best Arm Identification and Hyperparameter Optimization,
 * arXiv 1502.07943): many candidates learn little, the better half of them learns more, and so on. Here:
 *
 *   1  every technique, as its search space begins, mostly with its defaults, on the smallest part of the rows
 *   2  the better half on three times as many rows; again until three techniques or fewer are left, or these are all
 *   3  those, with the points of their search spaces, on as many rows
 *   4  the better half of the candidates on three times as many rows; again until these are all rows
 *   5  the better half on another seed; again until each has three
 *
 * One technique alone begins with 3. The first round gives the first technique all the time that it needs. The better
 * half are two at least, and the cheapest candidate within noise of the best is always among them. A round
 * may take half of what is left of the limit, the rounds of other seeds all of it; rounds that at least two candidates
 * cannot be expected to end in time are not held. What is chosen of the last round is said by Choice. Tuning on one
 * dataset what is then evaluated on another: Hyperparameters in Continual Learning: a Reality Check (arXiv 2403.09066).
 */
/**
 * A search for the technique and the options that suit a stream, by trials on validation rows.
 *
 * <p>Rows to learn are split off for validation, a fifth of each class, where the data have no validation rows of a
 * class; test rows are never looked at. What is tried, and in which order, depends on the spec alone, and on how long
 * trials took where there is a limit on seconds. Costs as much as its trials: for k candidates about k log k times
 * the smallest part of the rows.
 */
public final class Tuning {

  /** Rows of a round in relation to the round before. */
  private static final int GROWTH = 3;

  /** Techniques whose options are tried, where there is time to tell which they are. */
  private static final int FEW = 3;

  /** Trials of a candidate that comes to the end. */
  private static final int SEEDS = 3;

  /** Points of a technique's search space at most; of more, so many are drawn. */
  private static final int MOST_POINTS = 12;

  /** The purpose of the random numbers that draw points. */
  private static final long POINTS = 203;

  private static final double HALF = 0.5;
  private static final double NANOS = 1e9;

  private final TuningSpec spec;
  private final TuningRows rows;
  private final Trials trials;
  private final Clock clock;
  private final LongSupplier ticker;
  private final TuningListener listener;
  private final Techniques techniques = Techniques.load();
  private final Purse purse;
  private final Map<Candidate, Standing> standings = new HashMap<>();
  private final FailurePredictor predictor = new FailurePredictor();
  private int round;

  /**
   * Where tuning stands.
   *
   * @param field those that came through the last round
   * @param rows of a class that they learned
   */
  private record Stage(List<Standing> field, int rows) {}

  private Tuning(TuningSpec spec, TuningRows rows, Trials trials, Clock clock, LongSupplier ticker,
      TuningListener listener) {
    this.spec = spec;
    this.rows = rows;
    this.trials = trials;
    this.clock = clock;
    this.ticker = ticker;
    this.listener = listener;
    purse = new Purse(spec.limit());
  }

  /**
   * Tunes.
   *
   * @param directory where finished trials are kept, and found again after a stop; null to keep none
   * @param ticker nanoseconds since some moment, by which trials are timed
   * @throws dev.perennial.UsageException if the data cannot be read, do not make such a stream, or the directory holds
   *     something else
   * @throws FailureException if no candidate can be run to an end, or the directory cannot be written
   */
  public static Ranking run(
      TuningSpec spec, @Nullable Path directory, Clock clock, LongSupplier ticker, TuningListener listener) {
    RunSpec run = spec.run();
    TuningRows rows = TuningRows.of(Datasets.read(run.data(), run.seed()), run.seed());
    Stream stream = rows.stream(run);
    try (Trials trials = directory == null ? Trials.inMemory() : Trials.in(directory, spec, stream.digest())) {
      var tuning = new Tuning(spec, rows, trials, clock, ticker, listener);
      listener.prepared(
          rows.name(), stream.classes().size(), rows.learned(), rows.judged(), spec.techniques().size());
      tuning.hold();
      return tuning.ranking();
    }
  }

  /** Holds all rounds. */
  private void hold() {
    int least = rows.least(spec.run().tasks());
    List<Standing> first = spec.techniques().stream().map(name -> standing(candidates(name).getFirst())).toList();
    Stage stage = new Stage(first, least);
    if (first.size() > 1) {
      stage = grown(new Stage(hold(first, least, 0, HALF), least), FEW);
    }
    List<Standing> few = stage.field().size() > FEW ? survivors(stage.field()) : stage.field();
    stage = grown(new Stage(hold(withPoints(few, stage.rows()), stage.rows(), 0, HALF), stage.rows()), 0);
    for (int more = 1; more < SEEDS; more++) {
      List<Standing> next = affordable(stage.field(), stage.rows(), 1);
      if (!next.isEmpty()) {
        stage = new Stage(hold(next, stage.rows(), more, 1), stage.rows());
      }
    }
  }

  /** The better half of the better half and so on, on more and more rows, until these are all, or few are left. */
  private Stage grown(Stage begun, int few) {
    Stage stage = begun;
    while (stage.rows() < rows.most() && stage.field().size() > few) {
      int larger = Math.min(GROWTH * stage.rows(), rows.most());
      List<Standing> next = affordable(stage.field(), larger, HALF);
      List<Standing> through = next.isEmpty() ? next : hold(next, larger, 0, HALF);
      if (through.isEmpty()) {
        break;
      }
      stage = new Stage(through, larger);
    }
    return stage;
  }

  /** Holds one round; those that came through it. */
  private List<Standing> hold(List<Standing> field, int size, int otherSeed, double share) {
    long seed = spec.run().seed() + otherSeed;
    round++;
    if (field.stream().anyMatch(standing -> !standing.has(size, seed))) {
      listener.round(round, field.size(), size, seed);
    }
    Purse.Allowance allowance = purse.allowance(share);
    Dataset part = rows.part(size);
    predictor.beginRound();
    var through = new ArrayList<Standing>();
    for (int i = 0; i < field.size(); i++) {
      Standing standing = field.get(i);
      if (!standing.has(size, seed)) {
        if (allowance.isSpent()) {
          standing.stop("not tried in round " + round + ", for which the budget was used up");
          continue;
        }
        listener.began(standing.candidate(), i + 1, field.size());
        double patience = allowance.patience(round == 1 && i == 0 ? 1 : field.size() - i);
        Trial trial = trial(standing.candidate(), part, size, seed, patience);
        standing.add(trial);
        Result ended = trial.result();
        if (ended != null) {
          predictor.observe(ended.accuracy());
        }
        allowance.spend(trial.seconds());
        purse.spend(trial.seconds());
        listener.finished(trial, purse.secondsLeft(), purse.runsLeft());
      }
      if (standing.has(size, seed)) {
        standing.reached(round);
        through.add(standing);
      }
    }
    return through;
  }

  private Trial trial(Candidate candidate, Dataset part, int size, long seed, double patience) {
    return trials.find(candidate, size, seed).orElseGet(() -> {
      Trial trial = rehearse(candidate, part, size, seed, patience);
      trials.keep(trial);
      return trial;
    });
  }

  private Trial rehearse(Candidate candidate, Dataset part, int size, long seed, double patience) {
    RunSpec run = spec.run().withTechnique(candidate.technique()).withSeed(seed);
    for (var option : candidate.options().entrySet()) {
      run = run.withOption(option.getKey(), option.getValue());
    }
    long start = ticker.getAsLong();
    Result result = null;
    String problem = "";
    var waiting = new Patience(ticker, start, patience, size, spec.abandon() ? predictor : null);
    try (Run rehearsal = Run.rehearse(run, part, clock, waiting)) {
      result = rehearsal.execute();
    } catch (PerennialException e) {
      problem = String.valueOf(e.getMessage());
    }
    double seconds = (ticker.getAsLong() - start) / NANOS;
    return new Trial(candidate, size, part.test().size(), seed, seconds, result, problem);
  }

  private Standing standing(Candidate candidate) {
    return standings.computeIfAbsent(candidate, Standing::new);
  }

  /** The techniques of a field, each with as many of its candidates as there is likely to be time for. */
  private List<Standing> withPoints(List<Standing> field, int size) {
    Purse.Allowance allowance = purse.allowance(HALF);
    var with = new LinkedHashSet<Standing>();
    for (Standing standing : field) {
      for (Candidate candidate : candidates(standing.candidate().technique())) {
        Standing other = standing(candidate);
        if (other.has(size, spec.run().seed()) || allowance.take(standing.expectedSeconds(size))) {
          with.add(other);
        }
      }
    }
    return List.copyOf(with);
  }

  /**
   * The candidates of a technique, no two the same: what its search space begins with, the points of the space in their
   * order, drawn by the seed where there are many, and its defaults.
   */
  private List<Candidate> candidates(String technique) {
    SearchSpace space = techniques.named(technique).searchSpace();
    List<Map<String, String>> points = space.points();
    int[] drawn = CounterRandom.of(spec.run().seed(), POINTS, technique.hashCode()).permutation(points.size());
    var chosen = new ArrayList<>(List.of(space.start()));
    Arrays.stream(drawn).limit(MOST_POINTS).sorted().mapToObj(points::get).forEach(chosen::add);
    chosen.add(Map.of());
    var distinct = new LinkedHashMap<Record, Candidate>();
    for (Map<String, String> options : chosen) {
      distinct.putIfAbsent(
          techniques.choose(technique, options).options(), new Candidate(technique, new TreeMap<>(options)));
    }
    return List.copyOf(distinct.values());
  }

  /** The better half, the best first: two at least, and the cheapest of those that are as good as the best. */
  private static List<Standing> survivors(List<Standing> field) {
    if (field.isEmpty()) {
      return field;
    }
    List<Standing> ranked = field.stream().sorted(Choice.BEST_FIRST).toList();
    int half = Math.max(2, (ranked.size() + 1) / 2);
    var survivors = new LinkedHashSet<>(ranked.subList(0, Math.min(ranked.size(), half)));
    survivors.add(Choice.cheapestNear(ranked.getFirst(), ranked));
    return List.copyOf(survivors);
  }

  /** As many of the better half as there is time for, the best first; none if there is no time for two that remain. */
  private List<Standing> affordable(List<Standing> field, int size, double share) {
    Purse.Allowance allowance = purse.allowance(share);
    var affordable = new ArrayList<Standing>();
    for (Standing standing : survivors(field)) {
      if (!allowance.take(standing.expectedSeconds(size))) {
        break;
      }
      affordable.add(standing);
    }
    return affordable.size() < Math.min(2, field.size()) ? List.of() : affordable;
  }

  private Ranking ranking() {
    List<Standing> judged = standings.values().stream().filter(Standing::isJudged)
        .sorted((a, b) -> a.round() == b.round() ? Choice.BEST_FIRST.compare(a, b) : b.round() - a.round()).toList();
    if (judged.isEmpty()) {
      throw new FailureException("no technique could be run to an end, the first of them, "
          + spec.techniques().getFirst() + ", for this reason: "
          + standing(candidates(spec.techniques().getFirst()).getFirst()).problem()
          + "; if it is the time, give more with --budget seconds=... or --runs");
    }
    Choice choice = Choice.of(judged.stream().filter(it -> it.round() == judged.getFirst().round()).toList());
    List<Ranking.Dropped> dropped = standings.values().stream()
        .filter(it -> !it.problem().isEmpty())
        .map(it -> new Ranking.Dropped(it.candidate().technique(), it.candidate().options(), it.problem()))
        .sorted(Comparator.comparing(Ranking.Dropped::text)).toList();
    return new Ranking(spec, rows.name(), Ranking.Entry.of(choice.standing(), techniques), choice.reason(),
        judged.stream().map(it -> Ranking.Entry.of(it, techniques)).toList(), dropped, rows.most(), purse.trials(),
        purse.seconds());
  }
}
