package dev.perennial.measure;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.util.Collections;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How one experience's test rows were predicted at one moment.
 *
 * @param experience the experience the rows belong to, from 0
 * @param byClass the counts of each class among those rows; at least one
 */
@JsonPropertyOrder({"experience", "byClass"})
public record Cell(int experience, SortedMap<String, ClassCount> byClass) {

  /** Copies the counts. */
  public Cell {
    byClass = Collections.unmodifiableSortedMap(new TreeMap<>(byClass));
    if (experience < 0) {
      throw new IllegalArgumentException("experiences are counted from 0, not " + experience);
    }
    if (byClass.isEmpty()) {
      throw new IllegalArgumentException("experience " + experience + " has no test rows: accuracy is not defined");
    }
  }

  /** The experience's test rows. */
  public long rows() {
    return byClass.values().stream().mapToLong(ClassCount::rows).sum();
  }

  /** Rows whose label is the prediction among all classes seen so far. */
  public long correct() {
    return byClass.values().stream().mapToLong(ClassCount::correct).sum();
  }

  /** Rows whose label is the prediction among the classes of this experience. */
  public long correctMasked() {
    return byClass.values().stream().mapToLong(ClassCount::correctMasked).sum();
  }

  /** How many test rows each class has. */
  Map<String, Long> rowsByClass() {
    var rows = new TreeMap<String, Long>();
    byClass.forEach((name, count) -> rows.put(name, count.rows()));
    return rows;
  }
}
