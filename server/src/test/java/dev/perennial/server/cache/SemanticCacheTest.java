package dev.perennial.server.cache;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.tensor.CounterRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

final class SemanticCacheTest {

  private static final Time TIME = new Time();

  private static SemanticCache<String> cache(CacheOptions options) {
    return new SemanticCache<>(options, TIME, () -> 0, String::equals, 1, 8);
  }

  private static CacheOptions options(CategoryPolicy policy, double checked) {
    return new CacheOptions(Map.of(), policy, LoadPolicy.NONE, 16, checked, 100);
  }

  private static CacheStats stats(SemanticCache<String> cache) {
    return Objects.requireNonNull(cache.stats().get(""));
  }

  @Test
  void exact_underANewSnapshot_asksTheHeadOnceAndGivesItsAnswer() {
    try (var cache = cache(CacheOptions.DEFAULT)) {
      var asked = new ArrayList<Long>();
      class Asked implements Answering<String> {
        private final Model model;

        private Asked(long snapshot) {
          model = new Model(snapshot, "encoder");
        }

        @Override
        public long snapshot() {
          return model.snapshot();
        }

        @Override
        public String encoder() {
          return model.encoder();
        }

        @Override
        public String answer(float[] features) {
          asked.add(snapshot());
          assertArrayEquals(new float[] {1, 5}, features);
          return "answer " + snapshot() / 2;
        }
      }
      cache.put("", "text", new float[] {3, 4}, new float[] {1, 5}, "answer 2", new Asked(4));
      for (long snapshot : new long[] {4, 5, 5, 6, 6, 5}) {
        assertEquals(new Lookup.Hit<>("answer " + snapshot / 2, 1), cache.exact("", "text", new Asked(snapshot)));
      }
      // 5 says the same as 4, 6 does not; a reader that still has 5 gets what 5 says, and the newer answer is kept.
      assertEquals(List.of(5L, 6L, 5L), asked);
      assertEquals(new Lookup.Hit<>("answer 3", 1), cache.exact("", "text", new Asked(6)));
      assertEquals(List.of(5L, 6L, 5L), asked);
      assertEquals(1, stats(cache).rechecked());
      assertEquals(2, stats(cache).revised());
    }
  }

  @Test
  void exact_underAnotherEncoder_forgetsTheText() {
    try (var cache = cache(CacheOptions.DEFAULT)) {
      cache.put("", "text", new float[] {3, 4}, new float[] {1}, "answer", new Model(1, "one"));
      assertArrayEquals(new float[] {1}, cache.features("", "text", "one").orElseThrow());
      assertInstanceOf(Lookup.Miss.class, cache.exact("", "text", new Model(2, "two")));
      assertEquals(Optional.empty(), cache.features("", "text", "one"));
      assertEquals(1, stats(cache).outdated());
    }
  }

  @Test
  void similar_sameEmbeddingAtThresholdOne_isAHitAndNothingElseIs() {
    try (var cache = cache(options(CategoryPolicy.DEFAULT.withThreshold(1), 0))) {
      var model = new Model(1, "encoder");
      float[] features = {0.1f, 0.2f, 0.3f, 0.7f};
      cache.put("", "text", features, features, "answer", model);
      assertEquals(new Lookup.Hit<>("answer", 1), cache.similar("", new float[] {0.2f, 0.4f, 0.6f, 1.4f}, model));
      assertInstanceOf(Lookup.Miss.class, cache.similar("", new float[] {0.2f, 0.4f, 0.6f, 1.41f}, model));
      // Embeddings of another width are of another space.
      assertInstanceOf(Lookup.Miss.class, cache.similar("", new float[] {1}, model));
    }
  }

  @Test
  void similar_withChecks_countsWrongAnswersOfTheShareThatWasDrawn() {
    try (var cache = cache(options(CategoryPolicy.DEFAULT.withThreshold(0.5), 0.25))) {
      var model = new Model(1, "encoder");
      cache.put("", "text", new float[] {1, 0}, new float[] {1, 0}, "right", model);
      int checks = 0;
      for (int i = 0; i < 2_000; i++) {
        if (cache.similar("", new float[] {1, 0.1f}, model) instanceof Lookup.Check<String> check) {
          assertEquals("right", check.answer());
          cache.checked(check, checks % 5 == 0 ? "wrong" : "right");
          checks++;
        }
      }
      assertEquals(500, checks, 60);
      assertEquals(checks, stats(cache).checked());
      assertEquals(0.2, stats(cache).falseHitRate(), 0.002);
      assertEquals(2_000, stats(cache).semanticHits());
    }
  }

  @Test
  void load_lowersThresholdsToTheFloorAndStretchesLifetimes() {
    double[] load = {0};
    var policy = new CategoryPolicy(true, 0.9, Duration.ofMinutes(10), 10);
    var options = new CacheOptions(Map.of(), policy, new LoadPolicy(0.7, 0.4, 1), 16, 0, 100);
    var time = new Time();
    try (var cache = new SemanticCache<String>(options, time, () -> load[0], String::equals, 1)) {
      var model = new Model(1, "encoder");
      cache.put("", "text", new float[] {1, 0}, new float[] {1, 0}, "answer", model);
      float[] at80 = {0.8f, 0.6f};
      assertInstanceOf(Lookup.Miss.class, cache.similar("", at80, model));
      load[0] = 0.3;
      assertInstanceOf(Lookup.Hit.class, cache.similar("", at80, model));
      load[0] = 7;
      assertInstanceOf(Lookup.Miss.class, cache.similar("", new float[] {0.69f, 0.724f}, model));
      time.pass(Duration.ofMinutes(15));
      assertInstanceOf(Lookup.Hit.class, cache.exact("", "text", model));
      load[0] = Double.NaN;
      assertInstanceOf(Lookup.Miss.class, cache.exact("", "text", model));
      load[0] = 1;
      assertInstanceOf(Lookup.Miss.class, cache.exact("", "text", model));
      assertEquals(1, stats(cache).expired());
      assertEquals(0, stats(cache).entries());
    }
  }

  @Test
  void similar_amongThousandsOfTexts_findsNearlyEveryNearestOne() {
    try (var cache = new SemanticCache<String>(
        options(new CategoryPolicy(true, 0.9, Duration.ofHours(1), 4_000), 0), TIME, () -> 0, String::equals, 1)) {
      var model = new Model(1, "encoder");
      for (int i = 0; i < 5_000; i++) {
        float[] x = random(i);
        cache.put("", "text " + i, x, x, "answer " + i, model);
      }
      assertEquals(4_000, stats(cache).entries());
      int kept = 0;
      int found = 0;
      for (int i = 0; i < 5_000; i += 10) {
        if (cache.exact("", "text " + i, model) instanceof Lookup.Hit) {
          kept++;
          float[] x = random(i);
          x[0] += 0.5f;
          found += cache.similar("", x, model).equals(cache.exact("", "text " + i, model))
              || (cache.similar("", x, model) instanceof Lookup.Hit<String> hit && hit.answer().equals("answer " + i)) ? 1 : 0;
        }
      }
      assertTrue(kept > 300 && found >= 0.98 * kept, found + " of " + kept);
    }
  }

  private static float[] random(int text) {
    float[] x = new float[32];
    for (int c = 0; c < x.length; c++) {
      x[c] = (float) CounterRandom.of(3, text).gaussian(c);
    }
    return x;
  }

  @Test
  void cache_usedByManyThreads_keepsItsQuotaAndGivesEachSnapshotItsOwnAnswers() throws Exception {
    var options = options(new CategoryPolicy(true, 0.95, Duration.ofHours(1), 40), 0);
    try (var cache = cache(options); var threads = Executors.newFixedThreadPool(4)) {
      var work = new ArrayList<Callable<Integer>>();
      for (int thread = 0; thread < 4; thread++) {
        var random = CounterRandom.of(5, thread);
        work.add(() -> {
          int hits = 0;
          for (int call = 0; call < 3_000; call++) {
            var model = new Model(1 + call / 500, "encoder");
            int text = random.below(2L * call, 80);
            float[] features = Model.features(text);
            if (random.below(2L * call + 1, 3) == 0) {
              cache.put("", "text " + text, features, features, model.answer(features), model);
            } else if (cache.exact("", "text " + text, model) instanceof Lookup.Hit<String>(String answer, double one)) {
              assertEquals(model.answer(features), answer);
              hits++;
            } else if (cache.similar("", features, model) instanceof Lookup.Hit<String>(String answer, double similarity)) {
              assertTrue(similarity >= 0.95 && answer.startsWith("class "));
            }
            assertTrue(stats(cache).entries() <= 40);
          }
          return hits;
        });
      }
      int hits = 0;
      for (Future<Integer> done : threads.invokeAll(work)) {
        hits += done.get();
      }
      assertTrue(hits > 100, hits + " hits");
      assertEquals(40, stats(cache).entries());
    }
  }

  @Test
  void badInput_isRefused() {
    try (var cache = cache(CacheOptions.DEFAULT)) {
      var model = new Model(1, "encoder");
      for (float[] bad : List.of(new float[0], new float[2], new float[] {Float.NaN}, new float[1025])) {
        assertThrows(IllegalArgumentException.class, () -> cache.similar("", bad, model));
        assertThrows(IllegalArgumentException.class, () -> cache.put("", "text", bad, bad, "answer", model));
      }
      String longText = "x".repeat(2_001);
      cache.put("", longText, new float[] {1}, new float[] {1}, "answer", model);
      assertEquals(0, stats(cache).entries());
    }
    assertThrows(UsageException.class, () -> new CategoryPolicy(true, 0, Duration.ofHours(1), 1));
    assertThrows(UsageException.class, () -> new CategoryPolicy(true, 1, Duration.ZERO, 1));
    assertThrows(UsageException.class, () -> new CategoryPolicy(true, 1, Duration.ofHours(1), 0));
    assertThrows(UsageException.class, () -> new LoadPolicy(0, 0, 0));
    assertThrows(UsageException.class, () -> new LoadPolicy(1, 2, 0));
    assertThrows(UsageException.class, () -> new LoadPolicy(1, 0, -1));
    assertThrows(UsageException.class, () -> options(CategoryPolicy.DEFAULT, 2));
  }
}
