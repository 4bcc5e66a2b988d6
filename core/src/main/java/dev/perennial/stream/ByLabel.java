package dev.perennial.stream;

import dev.perennial.data.Example;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Rows by their label, the labels in alphabetical order. */
final class ByLabel {

  private ByLabel() {}

  /** The rows of each label, in the order in which they stand. */
  static TreeMap<String, List<Example>> of(List<Example> rows) {
    var byLabel = new TreeMap<String, List<Example>>();
    rows.forEach(row -> byLabel.computeIfAbsent(row.label(), label -> new ArrayList<>()).add(row));
    return byLabel;
  }
}
