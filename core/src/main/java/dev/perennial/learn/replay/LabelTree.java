package dev.perennial.learn.replay;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/**
 * The tree that labels spell out: with a full stop as separator, {@code noun.animal} is on level 1 below {@code noun}
 * on level 0. Classes are meant by their numbers.
 */
final class LabelTree {

  private final String separator;
  private List<String> names = List.of();
  private final TreeMap<Integer, List<Integer>> levels = new TreeMap<>();

  LabelTree(String separator) {
    this.separator = separator;
  }

  /** Takes the classes that are known, by their numbers. */
  void setClasses(List<String> classes) {
    names = List.copyOf(classes);
    levels.clear();
    for (int c = 0; c < names.size(); c++) {
      levels.computeIfAbsent(level(c), level -> new ArrayList<>()).add(c);
    }
  }

  /** The levels that classes are of, coarse to fine. */
  List<Integer> levels() {
    return List.copyOf(levels.keySet());
  }

  /** The classes of a level. */
  List<Integer> classesOf(int level) {
    return levels.getOrDefault(level, List.of());
  }

  int level(int label) {
    int level = 0;
    String name = names.get(label);
    for (int at = name.indexOf(separator, 1); at > 0; at = name.indexOf(separator, at + separator.length())) {
      level++;
    }
    return level;
  }

  /** The class on a level that is {@code label} or above it; -1 where there is none. */
  int above(int label, int level) {
    for (int other : classesOf(level)) {
      if (other == label || isBelow(label, other)) {
        return other;
      }
    }
    return -1;
  }

  /** The classes on a level that are below {@code label}. */
  List<Integer> below(int label, int level) {
    return classesOf(level).stream().filter(other -> isBelow(other, label)).toList();
  }

  private boolean isBelow(int label, int other) {
    return names.get(label).startsWith(names.get(other) + separator);
  }
}
