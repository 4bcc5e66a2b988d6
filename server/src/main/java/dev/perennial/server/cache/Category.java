package dev.perennial.server.cache;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** The texts of one category and what is counted about them. Whoever reads or changes the texts holds its lock. */
final class Category<A> {

  final CategoryPolicy policy;
  private final String name;
  private final Map<String, Entry<A>> byText = new HashMap<>();
  private final Map<Long, Entry<A>> byId = new HashMap<>();

  final LongAdder texts = new LongAdder();
  final LongAdder exactHits = new LongAdder();
  final AtomicLong searches = new AtomicLong();
  final LongAdder semanticHits = new LongAdder();
  final LongAdder checked = new LongAdder();
  final LongAdder falseHits = new LongAdder();
  final LongAdder bypassed = new LongAdder();
  final LongAdder stored = new LongAdder();
  final LongAdder evicted = new LongAdder();
  final LongAdder expired = new LongAdder();
  final LongAdder outdated = new LongAdder();
  final LongAdder rechecked = new LongAdder();
  final LongAdder revised = new LongAdder();

  /** An answer and the snapshot that gives it. */
  record Held<A>(A answer, long snapshot) {}

  /** One text. */
  static final class Entry<A> {
    final long id;
    final String text;
    final float[] unit;
    final float[] features;
    final String encoder;
    final long storedAt;
    long hits;
    volatile Held<A> held;

    Entry(long id, String text, float[] unit, float[] features, String encoder, long storedAt, Held<A> held) {
      this.id = id;
      this.text = text;
      this.unit = unit;
      this.features = features;
      this.encoder = encoder;
      this.storedAt = storedAt;
      this.held = held;
    }
  }

  Category(String name, CategoryPolicy policy) {
    this.name = name;
    this.policy = policy;
  }

  /** The space of its vectors of that width. */
  String space(int width) {
    return name + "/" + width;
  }

  @Nullable Entry<A> get(String text) {
    return byText.get(text);
  }

  @Nullable Entry<A> get(long id) {
    return byId.get(id);
  }

  void add(Entry<A> entry) {
    byText.put(entry.text, entry);
    byId.put(entry.id, entry);
  }

  /** Whether it was there. */
  boolean remove(Entry<A> entry) {
    byText.remove(entry.text, entry);
    return byId.remove(entry.id) != null;
  }

  int size() {
    return byId.size();
  }

  /**
   * The entry to give up: one past its lifetime, else the one of least hits a time. O(quota).
   *
   * @param now milliseconds
   * @param lifetime milliseconds
   */
  Entry<A> leastWorth(long now, long lifetime) {
    Entry<A> least = null;
    double leastWorth = Double.POSITIVE_INFINITY;
    for (Entry<A> entry : byId.values()) {
      long age = now - entry.storedAt;
      double worth = age > lifetime ? -1 : (entry.hits + 1.0) / (age + 1.0);
      if (least == null || worth < leastWorth || (worth == leastWorth && entry.id < least.id)) {
        least = entry;
        leastWorth = worth;
      }
    }
    if (least == null) {
      throw new IllegalStateException("an empty category has nothing to give up");
    }
    return least;
  }

  CacheStats stats() {
    return new CacheStats(size(), texts.sum(), exactHits.sum(), searches.get(), semanticHits.sum(), checked.sum(),
        falseHits.sum(), bypassed.sum(), stored.sum(), evicted.sum(), expired.sum(), outdated.sum(), rechecked.sum(),
        revised.sum());
  }
}
