package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Input;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

final class FeatureCacheTest {

  private static final long PLENTY = 1L << 30;

  private static Backbone backbone;
  private static Workers workers;
  private static FeatureCache.Frozen adapted;

  @BeforeAll
  @BeforeContainer
  static void open() {
    workers = new Workers(2);
    backbone = TinyBert.backbone(Pooling.MEAN);
    // A brick at the second of two blocks, so that the first block is the backbone's own.
    adapted = new FeatureCache.Frozen("half", Adaptation.ofSites(
        Map.of(backbone.sites().get(10), (input, output) -> output.mul(new Scalar(0.5)))));
  }

  @AfterAll
  @AfterContainer
  static void close() {
    backbone.close();
    workers.close();
  }

  /** Sentences of one to seven words, numbered; more than a home batch of them. */
  private static List<Input> texts(int from, int to) {
    var texts = new ArrayList<Input>();
    for (int i = from; i < to; i++) {
      var words = new StringBuilder();
      for (int rest = i + 1; rest > 0; rest /= 3) {
        words.append("abcde".charAt((rest + i) % 5)).append(' ');
      }
      texts.add(new Input.Text(words + "#".repeat(i % 3)));
    }
    return texts;
  }

  /** What is asked of a cache: some of the texts, at the entrance of a block, with a brick or without. */
  private record Question(List<Integer> texts, int block, boolean withBrick) {

    private float[][] ask(FeatureCache cache, List<Input> all) {
      FeatureCache.Frozen frozen = withBrick ? adapted : FeatureCache.Frozen.BACKBONE;
      return cache.states(texts.stream().map(all::get).toList(), frozen, block);
    }
  }

  @Provide
  Arbitrary<List<Question>> questions() {
    Arbitrary<Question> question = Combinators.combine(
        Arbitraries.integers().between(0, 99).list().ofMinSize(1).ofMaxSize(40),
        Arbitraries.integers().between(0, 2),
        Arbitraries.of(true, false)).as(Question::new);
    return question.list().ofMinSize(1).ofMaxSize(8);
  }

  /** Caches that hold all, one or two batches, or nothing, against answers that nothing was cached for. */
  @Property(tries = 60)
  void states_whateverWasAskedBefore_areTheSameBits(@ForAll("questions") List<Question> questions) {
    List<Input> all = texts(0, 100);
    var caches = new ArrayList<FeatureCache>();
    for (long capacity : new long[] {PLENTY, 3000, 0}) {
      var cache = new FeatureCache(backbone, workers, capacity);
      cache.register(all);
      caches.add(cache);
    }
    for (Question question : questions) {
      var fresh = new FeatureCache(backbone, workers, 0);
      fresh.register(all);
      float[][] expected = question.ask(fresh, all);
      for (FeatureCache cache : caches) {
        float[][] states = question.ask(cache, all);
        assertEquals(expected.length, states.length);
        for (int i = 0; i < expected.length; i++) {
          assertArrayEquals(expected[i], states[i]);
        }
      }
      assertTrue(caches.get(1).bytes() <= 3000 && caches.get(2).bytes() == 0);
    }
  }

  @Property(tries = 30)
  void rowsComputed_withRoomForAll_areNeverMoreThanInputsOfAQuestion(@ForAll("questions") List<Question> questions) {
    List<Input> all = texts(0, 100);
    var distinct = new HashSet<>(all);
    var cache = new FeatureCache(backbone, workers, PLENTY);
    cache.register(all);
    var kinds = new HashSet<List<Object>>();
    for (Question question : questions) {
      question.ask(cache, all);
      kinds.add(List.of(question.block, question.withBrick));
      assertTrue(cache.rowsComputed() <= (long) kinds.size() * distinct.size());
      long computed = cache.rowsComputed();
      question.ask(cache, all);
      assertEquals(computed, cache.rowsComputed(), "the same question was computed twice");
    }
  }

  @Test
  void features_ofInputs_areThoseOfTheBackbone() {
    List<Input> all = texts(0, 70);
    var cache = new FeatureCache(backbone, workers, PLENTY);
    try (TensorScope scope = TensorScope.inference()) {
      float[] features = Tensors.toFloats(cache.features(all, adapted));
      for (int i = 0; i < all.size(); i++) {
        Pass pass = backbone.pass(backbone.prepare(all.subList(i, i + 1)));
        float[] alone = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 2, adapted.adaptation())));
        for (int j = 0; j < 8; j++) {
          assertEquals(alone[j], features[i * 8 + j], 1e-5f);
        }
      }
      assertEquals(new HashSet<>(all).size(), cache.rowsComputed());
    }
  }

  /** The first block is computed once: for the backbone's state behind it, and for every brick above it. */
  @Test
  void states_aboveWhatIsCached_goOnFromThere() {
    var counting = new CountingBackbone(backbone);
    var cache = new FeatureCache(counting, workers, PLENTY);
    List<Input> all = texts(0, 20);
    cache.states(all, FeatureCache.Frozen.BACKBONE, 1);
    assertEquals(1, counting.blocksAdvanced());
    cache.states(all, adapted, 2);
    assertEquals(2, counting.blocksAdvanced());
    cache.states(all, FeatureCache.Frozen.BACKBONE, 2);
    assertEquals(3, counting.blocksAdvanced());
    // A brick in the first block changes it: nothing can be taken over.
    var low = new FeatureCache.Frozen("low", Adaptation.ofSites(
        Map.of(backbone.sites().get(0), (input, output) -> output.mul(new Scalar(2.0)))));
    cache.states(all, low, 2);
    assertEquals(5, counting.blocksAdvanced());
  }

  @Test
  void bytes_ofWhatIsKept_areCounted() {
    var cache = new FeatureCache(backbone, workers, PLENTY);
    List<Input> all = texts(0, 10);
    float[][] states = cache.states(all, FeatureCache.Frozen.BACKBONE, 1);
    long numbers = 0;
    for (float[] state : new HashSet<>(List.of(states))) {
      numbers += state.length;
    }
    assertEquals(4 * numbers, cache.bytes());
    pool(cache, all);
    assertEquals(4 * numbers + 4 * 8 * new HashSet<>(all).size(), cache.bytes());
  }

  private static void pool(FeatureCache cache, List<Input> inputs) {
    try (TensorScope scope = TensorScope.inference()) {
      cache.features(inputs, FeatureCache.Frozen.BACKBONE);
    }
  }

  @Test
  void features_ofSeveralLevels_areThoseOfEachBlock() {
    var cache = new FeatureCache(backbone, workers, PLENTY);
    List<Input> all = texts(0, 10);
    try (TensorScope scope = TensorScope.inference()) {
      float[] both = Tensors.toFloats(cache.features(all, FeatureCache.Frozen.BACKBONE, 2));
      float[] last = Tensors.toFloats(cache.features(all, FeatureCache.Frozen.BACKBONE));
      for (int row = 0; row < all.size(); row++) {
        Pass pass = backbone.pass(List.of(cache.row(all.get(row))));
        float[] first = Tensors.toFloats(pass.pool(pass.advance(pass.start(), 0, 1, Adaptation.NONE)));
        assertArrayEquals(first, Arrays.copyOfRange(both, row * 16, row * 16 + 8), 1e-5f);
        assertArrayEquals(
            Arrays.copyOfRange(last, row * 8, row * 8 + 8), Arrays.copyOfRange(both, row * 16 + 8, row * 16 + 16), 1e-6f);
      }
    }
  }

  @Test
  void states_whenFull_dropWhatWasUsedLongestAgo() {
    List<Input> all = texts(0, 96);
    var cache = new FeatureCache(backbone, workers, 2 * 32 * 8 * 4);
    List<List<Input>> batches = new ArrayList<>();
    for (int start = 0; start < 96; start += 32) {
      batches.add(all.subList(start, start + 32));
      cache.register(batches.getLast());
    }
    assertEquals(96, new HashSet<>(all).size());
    int[] asked = {0, 1, 0, 2, 0, 1};
    long[] computed = {32, 64, 64, 96, 96, 128};
    for (int i = 0; i < asked.length; i++) {
      pool(cache, batches.get(asked[i]));
      assertEquals(computed[i], cache.rowsComputed(), "question " + i);
    }
  }

  @Test
  void states_ofEqualImages_areComputedOnce() {
    try (Backbone mlp = Backbones.forImages("mlp", 1, 4, 4, 1)) {
      var cache = new FeatureCache(mlp, workers, PLENTY);
      var shape = new ImageShape(1, 4, 4);
      float[][] first = cache.states(ImageBackboneTest.images(shape, 3), FeatureCache.Frozen.BACKBONE, 2);
      float[][] again = cache.states(ImageBackboneTest.images(shape, 3), FeatureCache.Frozen.BACKBONE, 2);
      assertEquals(3, cache.rowsComputed());
      assertArrayEquals(first, again);
    }
  }

  @Test
  void register_inputsThatTheBackboneRefuses_changesNothing() {
    var cache = new FeatureCache(backbone, workers, PLENTY);
    List<Input> mixed = new ArrayList<>(texts(0, 3));
    mixed.add(new Input.Image(1, 1, 1, new byte[1]));
    assertThrows(UsageException.class, () -> cache.register(mixed));
    cache.states(texts(0, 3), FeatureCache.Frozen.BACKBONE, 2);
    assertEquals(3, cache.rowsComputed());
  }

  @Test
  void states_ofNothing_areNothing() {
    var cache = new FeatureCache(backbone, workers, PLENTY);
    assertEquals(0, cache.states(List.of(), FeatureCache.Frozen.BACKBONE, 2).length);
    assertThrows(IllegalArgumentException.class, () -> new FeatureCache(backbone, workers, -1));
  }

  @Test
  void states_overAndOver_leaveNoPointer() {
    var cache = new FeatureCache(backbone, workers, 0);
    List<Input> all = texts(0, 70);
    cache.states(all, adapted, 2);
    long before = Pointer.totalCount();
    for (int i = 0; i < 50; i++) {
      cache.states(all, adapted, 2);
    }
    assertEquals(before, Pointer.totalCount());
  }

  /** What a byte a number leaves out is below half a hundredth of a token's largest number. */
  @Test
  void features_ofLatents_areNearlyThoseOfTheTexts_computedWithBricksOrWithout() {
    var cache = new FeatureCache(backbone, workers, PLENTY);
    List<Input> all = texts(0, 70);
    float[][] states = cache.states(all, FeatureCache.Frozen.BACKBONE, 1);
    var latents = new ArrayList<Input>();
    for (float[] state : states) {
      latents.add(Input.Latent.of(1, backbone.tokenWidth(), state));
    }
    for (FeatureCache.Frozen frozen : List.of(FeatureCache.Frozen.BACKBONE, adapted)) {
      try (TensorScope scope = TensorScope.inference()) {
        float[] expected = Tensors.toFloats(cache.features(all, frozen, 2));
        float[] own = Tensors.toFloats(cache.features(latents, frozen, 2));
        assertArrayEquals(expected, own, 0.03f);
        float[] some = Tensors.toFloats(cache.features(latents.subList(3, 5), frozen, 2));
        for (int i = 0; i < some.length; i++) {
          assertEquals(own[3 * (own.length / 70) + i], some[i], 1e-5);
        }
      }
    }
    assertEquals(((Input.Latent) latents.getFirst()).tokens(), cache.row(latents.getFirst()).length());
    var mixed = List.of(latents.getFirst(), all.getFirst());
    assertThrows(IllegalArgumentException.class, () -> cache.states(mixed, FeatureCache.Frozen.BACKBONE, 1));
    var below = new FeatureCache.Frozen("below", Adaptation.ofSites(
        Map.of(backbone.sites().getFirst(), (input, output) -> output)));
    assertThrows(IllegalArgumentException.class, () -> cache.states(latents, below, 2));
    assertThrows(IllegalArgumentException.class, () -> cache.states(latents, FeatureCache.Frozen.BACKBONE, 0));
  }
}
