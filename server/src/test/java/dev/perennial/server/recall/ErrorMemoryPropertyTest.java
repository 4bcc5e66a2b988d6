package dev.perennial.server.recall;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.recall.RecallOptions.Keeping;
import dev.perennial.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

final class ErrorMemoryPropertyTest {

  private static final int WIDTH = 12;

  /** What was stored, and the sums over all of it that the memory makes over what it finds. */
  private record Twin(RecallOptions options, List<float[]> embeddings, List<Integer> labels, List<float[]> said) {

    private double[] correct(float[] x, float[] p) {
      int stored = labels.size();
      var weights = new ArrayList<double[]>();
      for (int i = Math.max(0, stored - options.capacity()); i < stored; i++) {
        double weight = Math.exp((cosine(x, embeddings.get(i)) - 1) / options.bandwidth())
            * Math.pow(0.5, (stored - 1 - i) / options.halfLife());
        weights.add(new double[] {weight, i});
      }
      weights.sort(Comparator.comparingDouble((double[] w) -> -w[0]));
      double[] corrected = new double[p.length];
      double sum = options.doubt();
      for (double[] weight : weights.subList(0, Math.min(options.neighbours(), weights.size()))) {
        int i = (int) weight[1];
        sum += weight[0];
        for (int c = 0; c < p.length; c++) {
          corrected[c] += weight[0] * ((c == labels.get(i) ? 1 : 0) - said.get(i)[c]);
        }
      }
      double total = 0;
      for (int c = 0; c < p.length; c++) {
        corrected[c] = Math.max(0, p[c] + options.strength() * corrected[c] / sum);
        total += corrected[c];
      }
      for (int c = 0; c < p.length; c++) {
        corrected[c] /= total;
      }
      return corrected;
    }
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int c = 0; c < a.length; c++) {
      ab += a[c] * b[c];
      aa += a[c] * a[c];
      bb += b[c] * b[c];
    }
    return ab / Math.sqrt(aa * bb);
  }

  private static float[] embedding(long seed, int place) {
    float[] numbers = new float[WIDTH];
    for (int c = 0; c < WIDTH; c++) {
      numbers[c] = (float) CounterRandom.of(seed, 1, place).gaussian(c) + 0.7f;
    }
    return numbers;
  }

  private static float[] said(long seed, int place, int classes) {
    float[] said = new float[classes];
    float sum = 0;
    for (int c = 0; c < classes; c++) {
      said[c] = (float) Math.exp(2 * CounterRandom.of(seed, 2, place).gaussian(c));
      sum += said[c];
    }
    for (int c = 0; c < classes; c++) {
      said[c] /= sum;
    }
    return said;
  }

  @Property(tries = 60)
  void correct_ofAnyErrors_isTheTwinsDistribution(@ForAll @LongRange(min = 0, max = 9999) long seed,
      @ForAll @IntRange(min = 1, max = 60) int errors, @ForAll @IntRange(min = 1, max = 40) int capacity,
      @ForAll @IntRange(min = 1, max = 5) int classes, @ForAll @IntRange(min = 1, max = 20) int neighbours) {
    var random = CounterRandom.of(seed, 4);
    var options = new RecallOptions(capacity, Keeping.LATEST, neighbours, 0.02 + random.uniform(0),
        0.01 + random.uniform(1), random.uniform(2), 1 + 50 * random.uniform(3), 1, 0);
    var memory = new ErrorMemory(options, WIDTH, seed);
    var hashed = new ErrorMemory(new RecallOptions(capacity, Keeping.LATEST, neighbours, options.bandwidth(),
        options.doubt(), options.strength(), options.halfLife(), 3, 5), WIDTH, seed);
    var twin = new Twin(options, new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    for (int i = 0; i < errors; i++) {
      int label = random.below(10 + i, classes);
      memory.store(embedding(seed, i), label, said(seed, i, classes));
      hashed.store(embedding(seed, i), label, said(seed, i, classes));
      twin.embeddings.add(embedding(seed, i));
      twin.labels.add(label);
      twin.said.add(said(seed, i, classes));
    }
    for (int i = 0; i < 5; i++) {
      float[] x = embedding(seed, 1_000 + i);
      float[] p = said(seed, 1_000 + i, classes);
      double[] wanted = twin.correct(x, p);
      float[] found = memory.correct(x, p);
      for (int c = 0; c < classes; c++) {
        assertEquals(wanted[c], found[c], 2e-5);
      }
      for (float[] any : List.of(found, hashed.correct(x, p))) {
        double sum = 0;
        for (float probability : any) {
          assertTrue(probability >= 0);
          sum += probability;
        }
        assertEquals(1, sum, 1e-5);
      }
      assertArrayEquals(found, memory.correct(x, p));
    }
  }

  @Property(tries = 60)
  void correct_theInputOfAnError_getsItsLabel(@ForAll @LongRange(min = 0, max = 9999) long seed,
      @ForAll @IntRange(min = 1, max = 300) int errors, @ForAll @IntRange(min = 0, max = 10) int bits) {
    var options = new RecallOptions(1_000, Keeping.LATEST, 8, 0.005, 0.05, 1, Double.POSITIVE_INFINITY, 2, bits);
    var memory = new ErrorMemory(options, WIDTH, seed);
    for (int i = 0; i < errors; i++) {
      memory.store(embedding(seed, i), i % 7, said(seed, i, 7));
    }
    for (int i = 0; i < errors; i += 11) {
      float[] found = memory.correct(embedding(seed, i), said(seed, i, 7));
      for (int c = 0; c < 7; c++) {
        assertTrue(c == i % 7 || found[c] < found[i % 7]);
      }
    }
  }

  @Property(tries = 60)
  void forget_whatWasLearned_leavesAMemoryThatNeverSawIt(@ForAll @LongRange(min = 0, max = 9999) long seed,
      @ForAll @IntRange(min = 1, max = 60) int errors, @ForAll @IntRange(min = 0, max = 60) int learned,
      @ForAll Keeping keeping, @ForAll @IntRange(min = 0, max = 5) int bits) {
    var options = new RecallOptions(40, keeping, 8, 0.1, 0.05, 1, 20, 3, bits);
    var memory = new ErrorMemory(options, WIDTH, seed);
    var never = new ErrorMemory(options, WIDTH, seed);
    for (int row = 1; row <= errors; row++) {
      memory.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
    }
    List<Long> kept = memory.numbers();
    float[] x = embedding(seed, 1_000);
    float[] p = said(seed, 1_000, 5);
    for (long number : kept) {
      int row = (int) number + 1;
      if (row > learned) {
        never.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
      }
    }
    var eternal = new RecallOptions(40, keeping, 8, 0.1, 0.05, 1, Double.POSITIVE_INFINITY, 3, bits);
    var filtered = new ErrorMemory(eternal, WIDTH, seed);
    var twin = new ErrorMemory(eternal, WIDTH, seed);
    for (long number : kept) {
      int row = (int) number + 1;
      filtered.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
      if (row > learned) {
        twin.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
      }
    }
    assertArrayEquals(twin.correct(x, p), filtered.correct(x, p, learned));
    memory.forget(learned);
    assertEquals(never.size(), memory.size());
    assertArrayEquals(never.correct(x, p), memory.correct(x, p));
    // And both go on alike.
    for (int row = errors + 1; row <= errors + 50 && keeping == Keeping.LATEST; row++) {
      memory.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
      never.store(row, embedding(seed, row), row % 5, said(seed, row, 5));
    }
    assertArrayEquals(never.correct(x, p), memory.correct(x, p));
  }

  @Example
  void forget_aRowThatHadToGoBefore_leavesAMemoryThatNeverSawIt() {
    var options = new RecallOptions(4, Keeping.RESERVOIR, 8, 0.1, 0.05, 1, 20, 3, 0);
    long seed = 0;
    ErrorMemory memory;
    do {
      memory = new ErrorMemory(options, WIDTH, ++seed);
      for (int row = 1; row <= 12; row++) {
        memory.store(row, embedding(1, row), row % 5, said(1, row, 5));
      }
    } while (memory.numbers().getFirst() == 0);
    var never = new ErrorMemory(options, WIDTH, seed);
    for (long number : memory.numbers()) {
      int row = (int) number + 1;
      never.store(row, embedding(1, row), row % 5, said(1, row, 5));
    }
    memory.forget(1);
    float[] x = embedding(1, 1_000);
    float[] p = said(1, 1_000, 5);
    assertArrayEquals(never.correct(x, p), memory.correct(x, p));
  }
}
