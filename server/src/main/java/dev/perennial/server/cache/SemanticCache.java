package dev.perennial.server.cache;

import dev.perennial.server.cache.Category.Entry;
import dev.perennial.server.cache.Category.Held;
import dev.perennial.tensor.CounterRandom;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BiPredicate;
import java.util.function.DoubleSupplier;
import org.apache.lucene.util.VectorUtil;
import org.jspecify.annotations.Nullable;

/*
 * Category-Aware Semantic Caching for Heterogeneous LLM Workloads (arXiv 2510.26835): a threshold, a lifetime and a quota
 * for each category, a graph of vectors in memory, and texts and answers outside of it.
 *
 *   same text            -> its answer, without any embedding
 *   max over kept texts of the category of cos(x, x_i) >= threshold(load) -> the answer of that text
 *   eviction: past its lifetime first, else the least (hits + 1) / age
 *
 * A model that learns changes its answers. So an entry keeps the features that its answer was made of, and the number of
 * the snapshot that gave it; under another snapshot the head is asked again, of these features, when the entry is met.
 * What is given is therefore always what the caller's own snapshot says of the entry's text.
 */
/**
 * Answers of a model kept by text and by meaning.
 *
 * <p>{@link #exact} saves the pass through the encoder. {@link #similar} needs an embedding, so it pays where an answer
 * costs more than one: where bricks, routers or another model come after it. Safe for use by many threads. A lookup by
 * meaning takes O(log n) comparisons, and one with each of the last texts that were added.
 *
 * <p>Source: Category-Aware Semantic Caching for Heterogeneous LLM Workloads, arXiv 2510.26835.
 *
 * @param <A> what the model answers
 */
public final class SemanticCache<A> implements AutoCloseable {

  private static final String OTHERS = "";
  private static final long CHECKS = 74;
  private static final int FRESH = 256;

  private final CacheOptions options;
  private final InstantSource clock;
  private final DoubleSupplier load;
  private final BiPredicate<A, A> same;
  private final CounterRandom random;
  private final Map<String, Category<A>> categories = new HashMap<>();
  private final Category<A> others;
  private final VectorIndex index;
  private final AtomicLong ids = new AtomicLong();

  /**
   * An empty cache.
   *
   * @param clock what time it is
   * @param load of the model, from 0 to 1; asked at each lookup
   * @param same whether two answers are one, such as both naming the same class
   * @param seed decides which answers are checked
   */
  public SemanticCache(
      CacheOptions options, InstantSource clock, DoubleSupplier load, BiPredicate<A, A> same, long seed) {
    this(options, clock, load, same, seed, FRESH);
  }

  /** The same, with another number of texts that are compared one by one. */
  SemanticCache(CacheOptions options, InstantSource clock, DoubleSupplier load, BiPredicate<A, A> same, long seed,
      int fresh) {
    this.options = options;
    this.clock = clock;
    this.load = load;
    this.same = same;
    this.random = CounterRandom.of(seed, CHECKS);
    this.index = new VectorIndex(fresh);
    options.categories().forEach((name, policy) -> categories.put(name, new Category<>(name, policy)));
    this.others = categories.computeIfAbsent(OTHERS, name -> new Category<>(name, options.others()));
  }

  /**
   * The answer to this very text, if it is kept: no embedding is needed.
   *
   * @param category of the text; unknown ones share one
   * @param model the snapshot that the answer shall be of
   */
  public Lookup<A> exact(String category, String text, Answering<A> model) {
    Category<A> own = category(category);
    if (!own.policy.enabled()) {
      own.bypassed.increment();
      return new Lookup.Miss<>();
    }
    own.texts.increment();
    Entry<A> entry;
    synchronized (own) {
      entry = valid(own, own.get(text), model.encoder());
      if (entry == null) {
        return new Lookup.Miss<>();
      }
      entry.hits++;
    }
    own.exactHits.increment();
    return new Lookup.Hit<>(answer(own, entry, model), 1);
  }

  /**
   * The answer to the kept text that is nearest in meaning, if it is near enough.
   *
   * @param embedding of the text, of any length but 0, as it was given to {@link #put} for others
   * @throws IllegalArgumentException if it is all 0, not finite, or wider than {@value VectorIndex#WIDEST}
   */
  public Lookup<A> similar(String category, float[] embedding, Answering<A> model) {
    Category<A> own = category(category);
    if (!own.policy.enabled()) {
      own.bypassed.increment();
      return new Lookup.Miss<>();
    }
    float[] unit = unit(embedding);
    long search = own.searches.getAndIncrement();
    var near = index.near(own.space(unit.length), unit, options.candidates());
    double threshold = options.load().threshold(own.policy, load());
    Entry<A> best = null;
    double similarity = 0;
    synchronized (own) {
      for (long id : near) {
        Entry<A> entry = valid(own, own.get(id), model.encoder());
        if (entry != null) {
          double product = cosine(unit, entry.unit);
          if (product >= threshold && (best == null || product > similarity)) {
            best = entry;
            similarity = product;
          }
        }
      }
      if (best == null) {
        return new Lookup.Miss<>();
      }
      best.hits++;
    }
    own.semanticHits.increment();
    A answer = answer(own, best, model);
    return random.uniform(search) < options.checked()
        ? new Lookup.Check<>(answer, similarity, category)
        : new Lookup.Hit<>(answer, similarity);
  }

  /** Takes in what the model said of a text that was drawn to be checked. */
  public void checked(Lookup.Check<A> check, A computed) {
    Category<A> own = category(check.category());
    own.checked.increment();
    if (!same.test(check.answer(), computed)) {
      own.falseHits.increment();
    }
  }

  /**
   * Keeps an answer, in place of an older one to the same text.
   *
   * @param embedding by which near texts find it
   * @param features that the head is asked about when there is a new snapshot; may be the embedding itself
   * @param model the snapshot that gave the answer
   * @throws IllegalArgumentException as {@link #similar} does
   */
  public void put(String category, String text, float[] embedding, float[] features, A answer, Answering<A> model) {
    Category<A> own = category(category);
    if (!own.policy.enabled() || text.length() > options.longestText()) {
      return;
    }
    float[] unit = unit(embedding);
    var entry = new Entry<A>(ids.getAndIncrement(), text, unit, features.clone(), model.encoder(), clock.millis(),
        new Held<>(answer, model.snapshot()));
    synchronized (own) {
      Entry<A> before = own.get(text);
      if (before != null) {
        remove(own, before);
      }
      while (own.size() >= own.policy.quota()) {
        remove(own, own.leastWorth(clock.millis(), options.load().lifetimeMillis(own.policy, load())));
        own.evicted.increment();
      }
      own.add(entry);
    }
    own.stored.increment();
    // Outside of the lock, for it may take long; an entry that was evicted meanwhile is not left behind.
    index.add(own.space(unit.length), entry.id, unit);
    synchronized (own) {
      if (own.get(entry.id) == null) {
        index.remove(entry.id);
      }
    }
  }

  /** The features of this very text as that encoder makes them, if they are kept. */
  public Optional<float[]> features(String category, String text, String encoder) {
    Category<A> own = category(category);
    synchronized (own) {
      Entry<A> entry = valid(own, own.get(text), encoder);
      return entry == null ? Optional.empty() : Optional.of(entry.features.clone());
    }
  }

  /** What came of the lookups of each category; that of all unknown ones has an empty name. */
  public SortedMap<String, CacheStats> stats() {
    var stats = new TreeMap<String, CacheStats>();
    categories.forEach((name, category) -> {
      synchronized (category) {
        stats.put(name, category.stats());
      }
    });
    return stats;
  }

  private Category<A> category(String name) {
    return categories.getOrDefault(name, others);
  }

  private double load() {
    double now = load.getAsDouble();
    return now > 0 ? Math.min(1, now) : 0;
  }

  /** The entry if it may be used; one that never will be again is removed. */
  private @Nullable Entry<A> valid(Category<A> own, @Nullable Entry<A> entry, String encoder) {
    if (entry == null) {
      return null;
    }
    if (clock.millis() - entry.storedAt > options.load().lifetimeMillis(own.policy, load())) {
      remove(own, entry);
      own.expired.increment();
      return null;
    }
    if (!entry.encoder.equals(encoder)) {
      remove(own, entry);
      own.outdated.increment();
      return null;
    }
    return entry;
  }

  private void remove(Category<A> own, Entry<A> entry) {
    if (own.remove(entry)) {
      index.remove(entry.id);
    }
  }

  /** What the model says of the entry's text: the kept answer if it is of its snapshot, else what its head says. */
  private A answer(Category<A> own, Entry<A> entry, Answering<A> model) {
    Held<A> held = entry.held;
    if (held.snapshot() == model.snapshot()) {
      return held.answer();
    }
    A now = model.answer(entry.features.clone());
    (same.test(held.answer(), now) ? own.rechecked : own.revised).increment();
    synchronized (own) {
      if (entry.held.snapshot() < model.snapshot()) {
        entry.held = new Held<>(now, model.snapshot());
      }
    }
    return now;
  }

  /** What is 1 but for rounding is 1. */
  private static double cosine(float[] a, float[] b) {
    double product = VectorUtil.dotProduct(a, b);
    return product > 1 - 1e-6 ? 1 : product;
  }

  private static float[] unit(float[] embedding) {
    double squares = 0;
    for (float number : embedding) {
      squares += (double) number * number;
    }
    if (!(squares > 0) || Double.isInfinite(squares) || embedding.length > VectorIndex.WIDEST) {
      throw new IllegalArgumentException("expected an embedding of 1 to " + VectorIndex.WIDEST
          + " finite numbers that are not all 0, got " + embedding.length + " numbers whose sum of squares is " + squares);
    }
    double scale = 1 / Math.sqrt(squares);
    float[] unit = new float[embedding.length];
    for (int i = 0; i < unit.length; i++) {
      unit[i] = (float) (embedding[i] * scale);
    }
    return unit;
  }

  /** Forgets everything. */
  @Override
  public void close() {
    index.close();
  }
}
