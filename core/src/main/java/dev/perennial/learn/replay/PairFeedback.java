package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.learn.Classes;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/*
 * Adaptive prototypical feedback (arXiv 2308.00301): with p_c the prototype that class c had in the last batch that it
 * was in, a pair of classes a < b is drawn with probability exp(p_a·p_b / t) / sum over pairs; then a row of each.
 */
/** Rows of classes whose prototypes lie close together. */
final class PairFeedback {

  private static final long PAIR = 17;

  private final double temperature;
  private final long seed;
  private final TreeMap<String, float[]> prototypes = new TreeMap<>();

  PairFeedback(double temperature, long seed) {
    this.temperature = temperature;
    this.seed = seed;
  }

  /** Takes the prototypes of the classes of a batch: the means of their rows' features, at length 1. */
  void update(List<Example> rows, float[][] features) {
    var sums = new TreeMap<String, float[]>();
    for (int row = 0; row < features.length; row++) {
      float[] sum = sums.computeIfAbsent(rows.get(row).label(), label -> new float[features[0].length]);
      for (int f = 0; f < sum.length; f++) {
        sum[f] += features[row][f];
      }
    }
    for (float[] sum : sums.values()) {
      float length = (float) Math.sqrt(product(sum, sum));
      for (int f = 0; f < sum.length; f++) {
        sum[f] /= Math.max(length, 1e-12f);
      }
    }
    prototypes.putAll(sums);
  }

  private static double product(float[] a, float[] b) {
    double product = 0;
    for (int i = 0; i < a.length; i++) {
      product += (double) a[i] * b[i];
    }
    return product;
  }

  /** The probability of each pair of these classes, pairs in the order (0, 1), (0, 2), ..., (1, 2), ... */
  double[] probabilities(List<String> classes) {
    var weights = new ArrayList<Double>();
    for (int a = 0; a < classes.size(); a++) {
      for (int b = a + 1; b < classes.size(); b++) {
        weights.add(Math.exp(product(prototype(classes.get(a)), prototype(classes.get(b))) / temperature));
      }
    }
    double total = weights.stream().mapToDouble(Double::doubleValue).sum();
    return weights.stream().mapToDouble(weight -> weight / total).toArray();
  }

  private float[] prototype(String label) {
    float[] prototype = prototypes.get(label);
    if (prototype == null) {
      throw new IllegalStateException("the class " + label + " was in no batch");
    }
    return prototype;
  }

  /** Up to {@code count} rows, two of each pair drawn; none as long as the memory has fewer than two classes. */
  List<Example> rows(Memory memory, int count, int experience, long step) {
    var ofClass = new TreeMap<String, List<Example>>();
    memory.examples().stream().filter(example -> prototypes.containsKey(example.label()))
        .forEach(example -> ofClass.computeIfAbsent(example.label(), label -> new ArrayList<>()).add(example));
    if (ofClass.size() < 2) {
      return List.of();
    }
    List<String> classes = List.copyOf(ofClass.keySet());
    double[] probabilities = probabilities(classes);
    var random = CounterRandom.of(seed, PAIR, experience, step);
    var rows = new ArrayList<Example>();
    for (int drawn = 0; rows.size() + 2 <= count; drawn += 3) {
      double left = random.uniform(drawn);
      int pair = 0;
      while (pair < probabilities.length - 1 && left >= probabilities[pair]) {
        left -= probabilities[pair++];
      }
      int first = 0;
      for (int ofFirst = classes.size() - 1; pair >= ofFirst; ofFirst--) {
        pair -= ofFirst;
        first++;
      }
      List<Example> one = ofClass.getOrDefault(classes.get(first), List.of());
      List<Example> other = ofClass.getOrDefault(classes.get(first + 1 + pair), List.of());
      rows.add(one.get(random.below(drawn + 1, one.size())));
      rows.add(other.get(random.below(drawn + 2, other.size())));
    }
    return rows;
  }

  long bytes() {
    return prototypes.values().stream().mapToLong(prototype -> (long) prototype.length * Float.BYTES).sum();
  }

  Map<String, TensorData> tensors() {
    int width = prototypes.isEmpty() ? 0 : prototypes.firstEntry().getValue().length;
    float[] values = new float[prototypes.size() * width];
    int row = 0;
    for (float[] prototype : prototypes.values()) {
      System.arraycopy(prototype, 0, values, row++ * width, width);
    }
    var tensors = new HashMap<>(Classes.textTensors(List.copyOf(prototypes.keySet())));
    tensors.put("values", TensorData.of(values, prototypes.size(), width));
    return tensors;
  }

  void restore(StatePart part) {
    List<String> classes = Classes.texts(part.tensors());
    float[] values = part.tensor("values").floats();
    int width = classes.isEmpty() ? 0 : values.length / classes.size();
    for (int row = 0; row < classes.size(); row++) {
      prototypes.put(classes.get(row), Arrays.copyOfRange(values, row * width, (row + 1) * width));
    }
  }
}
