package dev.perennial.learn.fewshot;

import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/*
 * Pseudo-class k is a pair of classes (a_k, b_k), and its rows are mixtures of a row of each: of texts, the first half
 * of the words of the one and the last half of the other's; of images, the mean of the samples. The network thereby
 * learns to keep apart more classes than there are.
 */
/** Rows of classes that are made up, each between two classes of an experience. */
final class PseudoClasses {

  /** Rows of a pseudo-class. */
  static final int ROWS = 32;

  private static final long PAIRS = 81;
  private static final long MIXED = 82;
  private static final long DRAWN = 83;

  private final long seed;
  private final List<Example> pool;

  /**
   * So many pseudo-classes of an experience of at least two classes; none where it has fewer. Their rows have the label
   * of one class of the pair, as a learner has to know every label.
   */
  PseudoClasses(Experience experience, int classes, long seed) {
    this.seed = seed;
    this.pool = pool(experience, classes, seed);
  }

  private static List<Example> pool(Experience experience, int classes, long seed) {
    Map<String, List<Example>> byClass = new LinkedHashMap<>();
    experience.train().forEach(row -> byClass.computeIfAbsent(row.label(), label -> new ArrayList<>()).add(row));
    var groups = new ArrayList<>(byClass.values());
    var pool = new ArrayList<Example>();
    for (int k = 0; groups.size() > 1 && k < classes; k++) {
      var pair = CounterRandom.of(seed, PAIRS, k);
      int first = pair.below(0, groups.size());
      int second = (first + 1 + pair.below(1, groups.size() - 1)) % groups.size();
      var random = CounterRandom.of(seed, MIXED, k);
      for (int row = 0; row < ROWS; row++) {
        Example one = groups.get(first).get(random.below(2 * row, groups.get(first).size()));
        Example other = groups.get(second).get(random.below(2 * row + 1, groups.get(second).size()));
        pool.add(new Example(mixed(one.input(), other.input()), one.label(), null, null));
      }
    }
    return pool;
  }

  /** The inputs of all of them. */
  List<Input> inputs() {
    return pool.stream().map(Example::input).toList();
  }

  /** Places in the pool of the rows of a step; none where there is no pseudo-class. */
  int[] drawn(long step, int count) {
    if (pool.isEmpty()) {
      return new int[0];
    }
    var random = CounterRandom.of(seed, DRAWN, step);
    int[] places = new int[count];
    Arrays.setAll(places, i -> random.below(i, pool.size()));
    return places;
  }

  /** The row at a place. */
  Example row(int place) {
    return pool.get(place);
  }

  /** The number of the pseudo-class of the row at a place, from 0. */
  static int number(int place) {
    return place / ROWS;
  }

  /** What lies between two inputs. */
  static Input mixed(Input one, Input other) {
    if (one instanceof Input.Text(String first) && other instanceof Input.Text(String second)) {
      String[] head = first.strip().split("\\s+");
      String[] tail = second.strip().split("\\s+");
      var words = new ArrayList<>(Arrays.asList(head).subList(0, Math.ceilDiv(head.length, 2)));
      words.addAll(Arrays.asList(tail).subList(tail.length / 2, tail.length));
      return new Input.Text(String.join(" ", words));
    }
    if (one instanceof Input.Image first && other instanceof Input.Image second) {
      byte[] samples = new byte[first.samples().length];
      for (int i = 0; i < samples.length; i++) {
        samples[i] = (byte) ((Byte.toUnsignedInt(first.samples()[i]) + Byte.toUnsignedInt(second.samples()[i])) / 2);
      }
      return new Input.Image(first.channels(), first.height(), first.width(), samples);
    }
    throw new IllegalArgumentException("only inputs of one kind can be mixed");
  }
}
