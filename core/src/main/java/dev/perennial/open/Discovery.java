package dev.perennial.open;

import dev.perennial.UsageException;
import dev.perennial.cluster.AverageLinkage;
import dev.perennial.data.Input;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/*
 * Known classes say what a class looks like here: how much two of its inputs are like each other on average, w. Inputs that
 * were rejected are joined, the most alike first, as long as that is at least a share of w; what is then large enough is
 * proposed. So the number of classes is found, and inputs that are like no others belong to none.
 */
/** A search for new classes among inputs of no known one. */
public final class Discovery {

  private Discovery() {}

  /**
   * The classes that there may be, the largest first. O(inputs² width) time, O(inputs²) memory.
   *
   * @param learner that has learned something, in whose open scope this is called
   * @param inputs that it takes for inputs of no known class
   * @throws UsageException if there are more than {@link AverageLinkage#MOST_ROWS} inputs, or no class it learned had rows
   *     enough to hold two back
   */
  public static List<Proposal> of(OpenLearner learner, List<? extends Input> inputs, DiscoveryOptions options) {
    double within = learner.likeness().withinClass();
    if (within <= 0) {
      throw new UsageException("expected a store whose classes had rows enough to tell how much inputs of a class are like"
          + " each other, and none had two held back: learn classes of 10 rows or more");
    }
    if (inputs.isEmpty()) {
      return List.of();
    }
    float[][] places = learner.likeness().places(inputs);
    int[] clusters = AverageLinkage.of(places, options.alike() * within);
    var members = new ArrayList<List<Integer>>();
    for (int row = 0; row < clusters.length; row++) {
      while (members.size() <= clusters[row]) {
        members.add(new ArrayList<>());
      }
      members.get(clusters[row]).add(row);
    }
    return members.stream().filter(rows -> rows.size() >= options.least()).map(rows -> proposal(rows, places)).toList();
  }

  private static Proposal proposal(List<Integer> rows, float[][] places) {
    double[] middle = new double[places[0].length];
    for (int row : rows) {
      for (int i = 0; i < middle.length; i++) {
        middle[i] += places[row][i];
      }
    }
    double squares = 0;
    for (double value : middle) {
      squares += value * value;
    }
    double length = Math.sqrt(squares);
    double[] near = new double[places.length];
    double sum = 0;
    for (int row : rows) {
      for (int i = 0; i < middle.length; i++) {
        near[row] += places[row][i] * middle[i] / length;
      }
      sum += near[row];
    }
    var ordered = new ArrayList<>(rows);
    ordered.sort(Comparator.comparingDouble(row -> -near[row]));
    return new Proposal(ordered, sum / rows.size());
  }
}
