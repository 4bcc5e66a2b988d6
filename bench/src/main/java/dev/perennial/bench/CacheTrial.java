package dev.perennial.bench;

import dev.perennial.bench.FrozenAnswers.Answered;
import dev.perennial.server.cache.Answering;
import dev.perennial.server.cache.CacheOptions;
import dev.perennial.server.cache.CacheStats;
import dev.perennial.server.cache.CategoryPolicy;
import dev.perennial.server.cache.LoadPolicy;
import dev.perennial.server.cache.Lookup;
import dev.perennial.server.cache.SemanticCache;
import dev.perennial.tensor.CounterRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.IntStream;

/** Streams of texts over a semantic cache, whose answers are compared with those that the model gives itself. */
final class CacheTrial {

  private static final long ORDER = 91;
  private static final long DRAWS = 92;
  private static final Duration FOREVER = Duration.ofDays(1);

  private final List<String> classes;
  private final List<Answered> rows;
  private final int quota;
  private final long seed;

  /**
   * What came of a stream.
   *
   * @param texts that were asked for
   * @param exact of them answered because the same text was kept
   * @param near of them answered by another text
   * @param falseHits of these with a class that the model would not have said
   * @param right answers by the true label
   * @param rightWithout the same without a cache
   * @param evicted for the quota
   */
  record Outcome(long texts, long exact, long near, long falseHits, long right, long rightWithout, long evicted) {

    static final Outcome NOTHING = new Outcome(0, 0, 0, 0, 0, 0, 0);

    Outcome plus(Outcome other) {
      return new Outcome(texts + other.texts, exact + other.exact, near + other.near, falseHits + other.falseHits,
          right + other.right, rightWithout + other.rightWithout, evicted + other.evicted);
    }
  }

  /** One snapshot that never changes: the head is never asked again. */
  private record Unchanging() implements Answering<Integer> {

    @Override
    public long snapshot() {
      return 1;
    }

    @Override
    public String encoder() {
      return "frozen";
    }

    @Override
    public Integer answer(float[] features) {
      throw new IllegalStateException("there is one snapshot only");
    }
  }

  CacheTrial(List<String> classes, List<Answered> rows, int quota, long seed) {
    this.classes = classes;
    this.rows = rows;
    this.quota = quota;
    this.seed = seed;
  }

  /** The share of the rows whose class the model says. */
  double accuracy() {
    return (double) rows.stream().filter(row -> right(row, row.best())).count() / rows.size();
  }

  /** Every row once, in random order. */
  List<Integer> once() {
    return Arrays.stream(CounterRandom.of(seed, ORDER).permutation(rows.size())).boxed().toList();
  }

  /** Rows drawn by rank: the chance of rank r in proportion to 1 / r^exponent, ranks dealt out at random. */
  List<Integer> zipf(int draws, double exponent) {
    int[] ranked = CounterRandom.of(seed, ORDER).permutation(rows.size());
    double[] sums = new double[rows.size()];
    double sum = 0;
    for (int rank = 0; rank < sums.length; rank++) {
      sum += Math.pow(rank + 1.0, -exponent);
      sums[rank] = sum;
    }
    double all = sum;
    var random = CounterRandom.of(seed, DRAWS);
    return IntStream.range(0, draws).mapToObj(draw -> {
      int found = Arrays.binarySearch(sums, all * random.uniform(draw));
      return ranked[Math.min(sums.length - 1, found < 0 ? -found - 1 : found)];
    }).toList();
  }

  /** All categories together. */
  Outcome run(List<Integer> order, Map<String, Double> thresholds, double others) {
    return byCategory(order, thresholds, others).values().stream().reduce(Outcome.NOTHING, Outcome::plus);
  }

  /**
   * Asks for the rows in that order.
   *
   * @param thresholds of categories
   * @param others the threshold of all other ones
   */
  private SortedMap<String, Outcome> byCategory(List<Integer> order, Map<String, Double> thresholds, double others) {
    var policy = new CategoryPolicy(true, others, FOREVER, quota);
    var policies = new HashMap<String, CategoryPolicy>();
    for (Answered row : rows) {
      policies.put(category(row), policy.withThreshold(thresholds.getOrDefault(category(row), others)));
    }
    var options = new CacheOptions(policies, policy, LoadPolicy.NONE, 16, 0, 100_000);
    var outcomes = new TreeMap<String, Outcome>();
    var model = new Unchanging();
    try (var cache = new SemanticCache<Integer>(options, () -> Instant.EPOCH, () -> 0, Integer::equals, seed)) {
      for (int place : order) {
        Answered row = rows.get(place);
        outcomes.merge(category(row), asked(cache, model, row), Outcome::plus);
      }
      outcomes.replaceAll((category, outcome) -> {
        CacheStats stats = cache.stats().get(category);
        return stats == null ? outcome : outcome.plus(new Outcome(0, 0, 0, 0, 0, 0, stats.evicted()));
      });
    }
    return outcomes;
  }

  private Outcome asked(SemanticCache<Integer> cache, Unchanging model, Answered row) {
    String category = category(row);
    int own = row.best();
    int alone = right(row, own) ? 1 : 0;
    if (cache.exact(category, row.text(), model) instanceof Lookup.Hit<Integer>) {
      return new Outcome(1, 1, 0, 0, alone, alone, 0);
    }
    if (cache.similar(category, row.embedding(), model) instanceof Lookup.Hit<Integer>(Integer given, double similarity)) {
      return new Outcome(1, 0, 1, given == own ? 0 : 1, right(row, given) ? 1 : 0, alone, 0);
    }
    cache.put(category, row.text(), row.embedding(), row.embedding(), own, model);
    return new Outcome(1, 0, 0, 0, alone, alone, 0);
  }

  /**
   * For each category the lowest threshold from which on at most that share of the near texts have another class, with
   * every row asked for once; 1 where there is none.
   *
   * @param grid growing thresholds
   */
  SortedMap<String, Double> chosen(List<Double> grid, double falseHits) {
    var chosen = new TreeMap<String, Double>();
    var stopped = new HashMap<String, Boolean>();
    for (double threshold : grid.reversed()) {
      byCategory(once(), Map.of(), threshold).forEach((category, outcome) -> {
        boolean fits = outcome.falseHits <= falseHits * outcome.near && !stopped.containsKey(category);
        if (fits) {
          chosen.put(category, threshold);
        } else {
          stopped.put(category, true);
          chosen.putIfAbsent(category, 1.0);
        }
      });
    }
    return chosen;
  }

  private static String category(Answered row) {
    String task = row.row().task();
    return task == null ? "" : task;
  }

  private boolean right(Answered row, int said) {
    return classes.get(said).equals(row.row().label());
  }
}
