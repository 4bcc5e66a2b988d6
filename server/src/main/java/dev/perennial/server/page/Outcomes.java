package dev.perennial.server.page;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What was said of the last rows before they were learned, and the accuracy since the beginning. Not for several threads. */
final class Outcomes {

  /** Rows that the accuracy is of. */
  static final int WINDOW = 500;

  /** Classes that the matrix has a row for; all others share one. */
  static final int MATRIX = 12;

  private static final String OTHERS = "";
  private static final int MOST_POINTS = 240;

  private final ArrayDeque<Outcome> last = new ArrayDeque<>();
  private final List<State.Point> points = new ArrayList<>();
  private long rows;
  private long right;
  private int rightInWindow;
  private long stride = 1;

  private record Outcome(String label, String predicted) {

    private boolean right() {
      return label.equals(predicted);
    }
  }

  void add(String label, String predicted) {
    var outcome = new Outcome(label, predicted);
    last.add(outcome);
    rows++;
    if (outcome.right()) {
      right++;
      rightInWindow++;
    }
    if (last.size() > WINDOW && last.remove().right()) {
      rightInWindow--;
    }
    if (rows % stride == 0) {
      points.add(new State.Point(rows, present()));
      if (points.size() > MOST_POINTS) {
        thin();
      }
    }
  }

  /** Half of the points stand for the same rows. */
  private void thin() {
    stride *= 2;
    points.removeIf(point -> point.rows() % stride != 0);
  }

  private double present() {
    return last.isEmpty() ? 0 : (double) rightInWindow / last.size();
  }

  State.Accuracy accuracy() {
    var shown = new ArrayList<>(points);
    if (rows > 0 && (shown.isEmpty() || shown.getLast().rows() < rows)) {
      shown.add(new State.Point(rows, present()));
    }
    return new State.Accuracy(rows, WINDOW, present(), rows == 0 ? 0 : (double) right / rows, List.copyOf(shown));
  }

  /** Labels against what was said, for the classes that came most among the last rows. */
  State.Matrix matrix() {
    var counts = new LinkedHashMap<String, Integer>();
    last.forEach(outcome -> counts.merge(outcome.label, 1, Integer::sum));
    List<String> most = counts.entrySet().stream()
        .sorted(Comparator.<Map.Entry<String, Integer>>comparingInt(Map.Entry::getValue).reversed()
            .thenComparing(Map.Entry::getKey))
        .limit(MATRIX).map(Map.Entry::getKey).sorted().toList();
    var labels = new ArrayList<>(most);
    boolean others = last.stream().anyMatch(outcome -> !most.contains(outcome.label) || !most.contains(outcome.predicted));
    if (others) {
      labels.add(OTHERS);
    }
    int[][] matrix = new int[labels.size()][labels.size()];
    for (Outcome outcome : last) {
      matrix[place(labels, outcome.label)][place(labels, outcome.predicted)]++;
    }
    return new State.Matrix(List.copyOf(labels), matrix);
  }

  private static int place(List<String> labels, String label) {
    int place = labels.indexOf(label);
    return place < 0 ? labels.size() - 1 : place;
  }
}
