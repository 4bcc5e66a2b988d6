package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;

/**
 * An experience in two parts: what is learned first, and the rows that say how well, before they are learned too.
 *
 * @param first the experience without the rows that are held back
 * @param rows held back; none where its classes have too few
 */
public record HeldBack(Experience first, List<Example> rows) {

  /** A class with fewer rows keeps all of them. */
  public static final int LEAST = 5;

  /** More rows than that tell no more, and are learned late. */
  private static final int MOST = 600;

  /**
   * Holds {@code share} of the rows of each class back, at least one of every class of {@link #LEAST} rows; which ones
   * depends on {@code random} and the experience alone. Rows of several labels count as of a class of their own for each
   * set of labels.
   *
   * @param share above 0 and at most 0.5
   */
  public static HeldBack of(Experience experience, double share, CounterRandom random) {
    List<Example> all = experience.train();
    var ofClass = new HashMap<String, Integer>();
    all.forEach(example -> ofClass.merge(example.label(), 1, Integer::sum));
    var left = new HashMap<String, Integer>();
    ofClass.forEach((label, rows) -> left.put(label, rows < LEAST ? 0 : (int) Math.max(1, rows * share)));
    boolean[] held = new boolean[all.size()];
    int count = 0;
    for (int place : random.permutation(all.size())) {
      String label = all.get(place).label();
      int wanted = left.getOrDefault(label, 0);
      if (wanted > 0 && count < MOST) {
        left.put(label, wanted - 1);
        held[place] = true;
        count++;
      }
    }
    var first = new ArrayList<Example>();
    var rows = new ArrayList<Example>();
    for (int i = 0; i < held.length; i++) {
      (held[i] ? rows : first).add(all.get(i));
    }
    return new HeldBack(
        new Experience(experience.index(), experience.name(), experience.classes(), first, List.of()), List.copyOf(rows));
  }
}
