package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How many test rows of one class were predicted rightly, and what the others were taken for.
 *
 * @param rows test rows; at least 1
 * @param correct rows whose label is the prediction among all classes seen so far
 * @param correctMasked rows whose label is the prediction among the classes of the row's own experience
 * @param mistakes for each class that rows were wrongly taken for, among all classes seen so far, how many: together
 *     {@code rows - correct}; empty too where nobody counted them
 */
@JsonPropertyOrder({"rows", "correct", "correctMasked", "mistakes"})
public record ClassCount(long rows, long correct, long correctMasked, SortedMap<String, Long> mistakes) {

  /** Copies the mistakes, which histories of older stores lack, and checks that the numbers go together. */
  public ClassCount {
    mistakes = Collections.unmodifiableSortedMap(mistakes == null ? new TreeMap<>() : new TreeMap<>(mistakes));
    if (rows < 1 || correct < 0 || correct > rows || correctMasked < 0 || correctMasked > rows) {
      throw new IllegalArgumentException(
          "of " + rows + " rows, " + correct + " and " + correctMasked + " cannot be right");
    }
    long wrong = mistakes.values().stream().mapToLong(Long::longValue).sum();
    if (!mistakes.isEmpty() && wrong != rows - correct) {
      throw new IllegalArgumentException(
          "of " + rows + " rows, " + correct + " cannot be right and " + wrong + " wrong");
    }
  }

  /** Counts of rows whose mistakes nobody counted. */
  public ClassCount(long rows, long correct, long correctMasked) {
    this(rows, correct, correctMasked, Collections.emptySortedMap());
  }

  /** These rows and others of the same class. */
  ClassCount plus(ClassCount other) {
    var both = new TreeMap<>(mistakes);
    other.mistakes.forEach((name, count) -> both.merge(name, count, Long::sum));
    return new ClassCount(
        rows + other.rows, correct + other.correct, correctMasked + other.correctMasked, both);
  }
}
