package dev.perennial.measure;

import java.util.SortedMap;
import java.util.TreeMap;

/** A cell in the making: counts the predictions for one experience's test rows, one after another. */
public final class Tally {
  private final int experience;
  private final SortedMap<String, ClassCount> byClass = new TreeMap<>();

  /**
   * Nothing counted yet.
   *
   * @param experience the experience the rows belong to, from 0
   */
  public Tally(int experience) {
    this.experience = experience;
  }

  /**
   * Counts one test row.
   *
   * @param label the row's class
   * @param predicted the prediction among all classes seen so far
   * @param predictedMasked the prediction among the classes of the row's own experience
   */
  public void count(String label, String predicted, String predictedMasked) {
    var mistakes = new TreeMap<String, Long>();
    if (!predicted.equals(label)) {
      mistakes.put(predicted, 1L);
    }
    var one = new ClassCount(1, mistakes.isEmpty() ? 1 : 0, predictedMasked.equals(label) ? 1 : 0, mistakes);
    byClass.merge(label, one, ClassCount::plus);
  }

  /** What was counted so far. */
  public Cell cell() {
    return new Cell(experience, byClass);
  }
}
