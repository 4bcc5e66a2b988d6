package dev.perennial.server.page;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The texts of the last half hour that the model knew least: those whose best class scored lowest (Hendrycks and Gimpel, A
 * Baseline for Detecting Misclassified and Out-of-Distribution Examples in Neural Networks, arXiv 1610.02136). Each waits
 * for its label once. Not safe for several threads at once.
 */
final class Unfamiliar {

  private static final int MOST = 9;
  private static final int SCORES = 256;
  private static final Duration LONGEST = Duration.ofMinutes(30);

  private static final int MOST_LEARNED = 10_000;

  private final List<Input> waiting = new ArrayList<>();
  /** Marks of the texts that were learned last: they have their labels. */
  private final Set<Long> learned = new LinkedHashSet<>();
  private final double[] scores = new double[SCORES];
  private long predictions;

  private record Input(String id, String text, String label, double score, Instant at) {}

  void add(String id, String text, String label, double score, Instant now) {
    scores[(int) (predictions++ % SCORES)] = score;
    expire(now);
    if (waiting.size() == MOST && score >= waiting.getLast().score
        || learned.contains(mark(text)) || waiting.stream().anyMatch(input -> input.text.equals(text))) {
      return;
    }
    waiting.add(new Input(id, text, label, score, now));
    waiting.sort(Comparator.comparingDouble(Input::score));
    if (waiting.size() > MOST) {
      waiting.removeLast();
    }
  }

  private void expire(Instant now) {
    waiting.removeIf(input -> input.at.plus(LONGEST).isBefore(now));
  }

  /** A text has its label now. */
  void learned(String text) {
    waiting.removeIf(input -> input.text.equals(text));
    learned.add(mark(text));
    if (learned.size() > MOST_LEARNED) {
      learned.remove(learned.iterator().next());
    }
  }

  private static long mark(String text) {
    return (long) text.length() << 32 | Integer.toUnsignedLong(text.hashCode());
  }

  /** The least familiar first. */
  List<State.Waiting> waiting(Instant now) {
    expire(now);
    return waiting.stream()
        .map(input -> new State.Waiting(input.id, input.text, input.label, input.score, input.at.toString())).toList();
  }

  /** The median of what the best classes of the last 256 texts scored; 0 before any. */
  double familiarity() {
    double[] recent = Arrays.copyOf(scores, (int) Math.min(predictions, SCORES));
    Arrays.sort(recent);
    return recent.length == 0 ? 0 : recent[recent.length / 2];
  }
}
