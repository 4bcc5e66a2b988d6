package dev.perennial.server.cache;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.CounterRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.DoubleRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import org.jspecify.annotations.Nullable;

final class SemanticCachePropertyTest {

  private static final List<String> NAMES = List.of("dense", "sparse", "off", "never heard of", "nor this one");

  private record Kept(String category, int text, String encoder, long storedAt) {}

  /** A list of all that was put in, looked through from end to end. */
  private static final class Twin {
    private final CacheOptions options;
    private final List<Kept> kept = new ArrayList<>();

    private Twin(CacheOptions options) {
      this.options = options;
    }

    private CategoryPolicy policy(String name) {
      return options.categories().getOrDefault(name, options.others());
    }

    private String bucket(String name) {
      return options.categories().containsKey(name) ? name : "";
    }

    private void put(String category, int text, String encoder, long now) {
      kept.removeIf(one -> one.category.equals(bucket(category)) && one.text == text);
      if (policy(category).enabled()) {
        kept.add(new Kept(bucket(category), text, encoder, now));
      }
    }

    private boolean usable(Kept one, String category, String encoder, long now, double load) {
      Duration lifetime = policy(category).lifetime();
      return one.category.equals(bucket(category)) && one.encoder.equals(encoder)
          && now - one.storedAt <= lifetime.toMillis() * (1 + options.load().stretch() * load);
    }

    private boolean has(String category, int text, String encoder, long now, double load) {
      return kept.stream().anyMatch(one -> one.text == text && usable(one, category, encoder, now, load));
    }

    private @Nullable Kept near(String category, float[] x, String encoder, long now, double load) {
      double threshold = Math.max(Math.min(options.load().floor(), policy(category).threshold()),
          policy(category).threshold() - options.load().drop() * load);
      Kept best = null;
      double most = threshold - 1e-7;
      for (Kept one : kept) {
        double similarity = cosine(x, Model.features(one.text));
        if (usable(one, category, encoder, now, load) && similarity >= most) {
          most = similarity;
          best = one;
        }
      }
      return best;
    }
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int c = 0; c < a.length; c++) {
      ab += (double) a[c] * b[c];
      aa += (double) a[c] * a[c];
      bb += (double) b[c] * b[c];
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static CacheOptions options(int quota, int candidates, LoadPolicy load) {
    return new CacheOptions(
        Map.of("dense", new CategoryPolicy(true, 0.97, Duration.ofMinutes(30), quota),
            "sparse", new CategoryPolicy(true, 0.7, Duration.ofMinutes(5), quota),
            "off", CategoryPolicy.DISABLED),
        new CategoryPolicy(true, 0.9, Duration.ofMinutes(60), quota), load, candidates, 0, 100);
  }

  @Property(tries = 40)
  void lookups_ofAnyCalls_areTheTwinsAndTheSnapshotsOwn(@ForAll @LongRange(min = 0, max = 99_999) long seed,
      @ForAll @IntRange(min = 1, max = 30) int fresh, @ForAll @DoubleRange(min = 0, max = 1) double load) {
    CacheOptions options = options(100_000, 10_000, new LoadPolicy(0.6, 0.1, 2));
    var time = new Time();
    var twin = new Twin(options);
    var random = CounterRandom.of(seed, 9);
    long snapshot = 1;
    int encoder = 0;
    try (var cache = new SemanticCache<String>(options, time, () -> load, String::equals, seed, fresh)) {
      for (int call = 0; call < 250; call++) {
        int text = random.below(4L * call, 60);
        String category = NAMES.get(random.below(4L * call + 1, NAMES.size()));
        var model = new Model(snapshot, "encoder " + encoder);
        String where = "call " + call;
        switch (random.below(4L * call + 2, 20)) {
          case 0 -> snapshot++;
          case 1 -> encoder += random.below(4L * call + 3, 6) == 0 ? 1 : 0;
          case 2, 3 -> time.pass(Duration.ofMinutes(random.below(4L * call + 3, 10)));
          case 4, 5, 6, 7, 8, 9, 10 -> {
            float[] features = Model.features(text);
            cache.put(category, "text " + text, features, features, model.answer(features), model);
            twin.put(category, text, model.encoder(), time.millis());
          }
          case 11, 12, 13, 14 -> {
            Lookup<String> found = cache.exact(category, "text " + text, model);
            boolean wanted = !category.equals("off") && twin.has(category, text, model.encoder(), time.millis(), load);
            assertEquals(wanted, found instanceof Lookup.Hit, where);
            if (found instanceof Lookup.Hit<String>(String answer, double similarity)) {
              assertEquals(model.answer(Model.features(text)), answer, where);
              assertEquals(1, similarity);
            }
          }
          default -> {
            float[] x = Model.features(1_000 + text);
            for (int c = 0; c < Model.WIDTH; c++) {
              x[c] = Model.features(text)[c] + 0.1f * x[c];
            }
            Lookup<String> found = cache.similar(category, x, model);
            Kept wanted = category.equals("off") ? null : twin.near(category, x, model.encoder(), time.millis(), load);
            if (wanted == null) {
              assertInstanceOf(Lookup.Miss.class, found, where);
            } else {
              var hit = assertInstanceOf(Lookup.Hit.class, found, where);
              assertEquals(cosine(x, Model.features(wanted.text)), hit.similarity(), 1e-6, where);
              assertEquals(model.answer(Model.features(wanted.text)), hit.answer(), where);
            }
          }
        }
      }
      CacheStats off = Objects.requireNonNull(cache.stats().get("off"));
      assertEquals(0, off.entries() + off.stored() + off.exactHits() + off.semanticHits());
    }
  }

  @Property(tries = 40)
  void entries_underAQuota_areNeverMoreAndWorthTheMost(@ForAll @LongRange(min = 0, max = 99_999) long seed,
      @ForAll @IntRange(min = 1, max = 12) int quota, @ForAll @IntRange(min = 1, max = 30) int fresh) {
    CacheOptions options = options(quota, 16, LoadPolicy.NONE);
    var time = new Time();
    var random = CounterRandom.of(seed, 9);
    var model = new Model(1, "encoder");
    long put = 0;
    try (var cache = new SemanticCache<String>(options, time, () -> 0, String::equals, seed, fresh)) {
      // A text that is asked for again and again stays, however many others come.
      float[] often = Model.features(999);
      cache.put("dense", "often", often, often, "often", model);
      for (int call = 0; call < 120; call++) {
        int text = random.below(2L * call, 500);
        float[] features = Model.features(text);
        cache.put("dense", "text " + text, features, features, model.answer(features), model);
        put++;
        time.pass(Duration.ofMillis(100));
        for (int i = 0; i < 3; i++) {
          Lookup<String> found = cache.exact("dense", "often", model);
          assertTrue(quota == 1 || found instanceof Lookup.Hit, "call " + call);
        }
        CacheStats stats = Objects.requireNonNull(cache.stats().get("dense"));
        assertTrue(stats.entries() <= quota, stats::toString);
        assertEquals(put + 1, stats.stored());
      }
      CacheStats stats = Objects.requireNonNull(cache.stats().get("dense"));
      assertEquals(quota, stats.entries());
      assertTrue(stats.evicted() <= stats.stored() - quota && stats.evicted() > 0, stats::toString);
      time.pass(Duration.ofMinutes(31));
      for (int text = 0; text < 500; text++) {
        assertInstanceOf(Lookup.Miss.class, cache.exact("dense", "text " + text, model));
        assertInstanceOf(Lookup.Miss.class, cache.similar("dense", Model.features(text), model));
      }
    }
  }
}
