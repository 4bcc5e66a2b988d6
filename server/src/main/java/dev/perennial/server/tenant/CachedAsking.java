package dev.perennial.server.tenant;

import dev.perennial.server.Answer;
import dev.perennial.server.Predicting;
import dev.perennial.server.ServerListener;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.ServedModel;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Predictions of texts that were asked before under the same snapshot, without a pass through the encoder; all others are
 * made as ever.
 *
 * <p>An answer is given only while the snapshot that gave it is the newest, so a cache never changes an answer. A request is
 * answered by one snapshot: where another is published meanwhile, all of its texts are predicted. What was asked longest
 * ago goes first. A plain map, and no search by meaning, which would need the pass that it is to save. Safe for many threads.
 */
public final class CachedAsking implements Predicting {

  private static final int LONGEST_TEXT = 2_000;

  private final Tenants tenants;
  private final Predicting inner;
  private final Latencies latencies;
  private final ServerListener listener;
  private final Map<Key, Answer> answers;
  private long texts;
  private long hits;
  private long outdated;

  private record Key(String model, String text, int top) {}

  /**
   * What came of it so far.
   *
   * @param entries answers that are kept
   * @param texts that were looked up
   * @param hits of them whose answer was there
   * @param outdated of them whose answer was of an older snapshot
   */
  public record Stats(long entries, long texts, long hits, long outdated) {

    /** Hits as a share of what was looked up; 0 before anything was. */
    public double hitRate() {
      return texts == 0 ? 0 : (double) hits / texts;
    }
  }

  /**
   * An empty cache.
   *
   * @param inner predicts what is not kept
   * @param most answers that are kept, at least 1
   */
  public CachedAsking(Tenants tenants, Predicting inner, Latencies latencies, ServerListener listener, int most) {
    this.tenants = tenants;
    this.inner = inner;
    this.latencies = latencies;
    this.listener = listener;
    this.answers = new LinkedHashMap<>(16, 0.75f, true) {
      @Override
      protected boolean removeEldestEntry(Map.Entry<Key, Answer> eldest) {
        return size() > most;
      }
    };
  }

  @Override
  public List<Answer> predict(String model, List<String> asked, int top) {
    long began = System.nanoTime();
    ServedModel served = tenants.open(model);
    if (served.encoder().isEmpty()) {
      return inner.predict(model, asked, top);
    }
    HeadSnapshot snapshot = served.snapshot();
    List<@Nullable Answer> found = find(model, asked, top, snapshot);
    var missing = new ArrayList<String>();
    for (int i = 0; i < asked.size(); i++) {
      if (found.get(i) == null) {
        missing.add(asked.get(i));
      }
    }
    List<Answer> made = missing.isEmpty() ? List.of() : inner.predict(model, missing, top);
    keep(model, top, made);
    if (missing.size() == asked.size()) {
      return made;
    }
    if (made.stream().anyMatch(answer -> answer.snapshot() != snapshot.number())) {
      return inner.predict(model, asked, top);
    }
    listener.predicted(model, found.stream().filter(Objects::nonNull).map(Objects::requireNonNull).toList());
    if (missing.isEmpty()) {
      latencies.add(System.nanoTime() - began);
    }
    var next = made.iterator();
    return found.stream().map(answer -> answer == null ? next.next() : answer).toList();
  }

  /** What a snapshot has said of texts; null where that is not known. */
  private synchronized List<@Nullable Answer> find(String model, List<String> asked, int top, HeadSnapshot snapshot) {
    var found = new ArrayList<@Nullable Answer>(asked.size());
    for (String text : asked) {
      var key = new Key(model, text, top);
      Answer answer = answers.get(key);
      boolean isOld = answer != null && (answer.snapshot() != snapshot.number() || answer.through() != snapshot.through());
      if (isOld) {
        answers.remove(key);
        outdated++;
        answer = null;
      }
      texts++;
      hits += answer == null ? 0 : 1;
      found.add(answer);
    }
    return found;
  }

  private synchronized void keep(String model, int top, List<Answer> made) {
    for (Answer answer : made) {
      if (answer.text().length() <= LONGEST_TEXT) {
        answers.put(new Key(model, answer.text(), top), answer);
      }
    }
  }

  /** What came of it so far. */
  public synchronized Stats stats() {
    return new Stats(answers.size(), texts, hits, outdated);
  }
}
