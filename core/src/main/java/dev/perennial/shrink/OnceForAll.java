package dev.perennial.shrink;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Site;
import dev.perennial.backbone.TextModel;
import dev.perennial.data.Input;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;

/*
 * One QuantLLM for ALL: Fine-tuning Quantized LLMs Once for Efficient Deployments (arXiv 2405.20202). Every weight is
 * quantised to 2, 3 and 4 bits, once, and each of these has a low-rank product of its own:
 *
 *   W_b' = Q_b(W) + B_b A_b      b = 2, 3, 4
 *
 * so that bit widths do not get in each other's way. A step draws b for every weight and trains the products drawn alone.
 * Drawn uniformly, the mean of b over all weights would nearly always be close to 3; so its expectation goes up and down
 * with the step t, as a triangle of period T:
 *
 *   E[b] = 2 + (4 - 2) |2 (t mod T) / T - 1|      b - 2 is binomial of 2 trials
 *
 * Which b each weight has at a budget is searched for afterwards, without training: 100 draws tell how the distance of
 * the features goes with the b of each weight (correlation), and 50 more give more bits to the half that it hangs on.
 *
 * Here Q_b rounds to the nearest number on the grid of each group of 64 columns, where the paper has GPTQ, and what is
 * trained for are the features at full precision.
 */
/** A quantised encoder that was trained once and can be taken out at any mean number of bits from 2 to 4. */
public final class OnceForAll implements AutoCloseable {

  private static final int LEAST = 2;
  private static final int MOST = 4;
  private static final int GROUP = 64;
  private static final int PERIOD = 50;
  private static final int COARSE = 100;
  private static final int FINE = 50;
  private static final long DRAWN = 303;
  private static final long CHOSEN = 304;
  private static final long SEARCHED = 305;

  private final List<String> names = new ArrayList<>();
  private final List<Long> sizes = new ArrayList<>();
  private final List<Map<Integer, PackedTensor>> codes = new ArrayList<>();
  private final List<Map<Integer, Tensor>> quantised = new ArrayList<>();
  private final TensorOwner owner = new TensorOwner();
  private final Parameters parameters = new Parameters();
  private final long seed;

  /**
   * Quantises the weights of an encoder's sites; nothing is trained yet, and the products are 0.
   *
   * @param backbone of the weights of {@code model}
   */
  public OnceForAll(TextModel model, Backbone backbone, long seed) {
    this.seed = seed;
    for (Site site : backbone.sites()) {
      String name = site.name() + ".weight";
      TensorData weight = model.tensors().get(name);
      if (weight == null) {
        throw new IllegalArgumentException("expected an encoder with a tensor " + name);
      }
      names.add(name);
      sizes.add((long) site.in() * site.out());
      var packed = new TreeMap<Integer, PackedTensor>();
      var tensors = new TreeMap<Integer, Tensor>();
      for (int bits = LEAST; bits <= MOST; bits++) {
        packed.put(bits, LowBits.encode(weight.floats(), site.out(), site.in(), bits, GROUP));
        try (TensorScope scope = TensorScope.inference()) {
          tensors.put(bits, owner.keep(Tensors.copyOf(at(packed, bits).decode())));
        }
        Perp.addProduct(parameters, key(name, bits), weight.shape(), CounterRandom.of(seed, DRAWN, names.size(), bits));
      }
      codes.add(packed);
      quantised.add(tensors);
    }
  }

  private static String key(String name, int bits) {
    return name + "." + bits;
  }

  private static <T> T at(Map<Integer, T> byBits, int bits) {
    T value = byBits.get(bits);
    if (value == null) {
      throw new IllegalArgumentException("expected " + LEAST + " to " + MOST + " bits, got " + bits);
    }
    return value;
  }

  /** Trains all of them at once. */
  public void train(Backbone backbone, List<? extends Input> inputs, Workers workers, DistillOptions options,
      ShrinkProgress progress) {
    new Distillation(backbone, inputs, workers, options).train(parameters, new Distillation.Student() {
      @Override
      public Adaptation at(long step, Map<String, Tensor> tensors) {
        return Adaptation.ofWeights(weights(drawn(step), tensors));
      }

      @Override
      public boolean trains(long step, String name) {
        int[] bits = drawn(step);
        for (int site = 0; site < bits.length; site++) {
          if (name.startsWith(key(names.get(site), bits[site]) + ".")) {
            return true;
          }
        }
        return false;
      }
    }, progress);
  }

  /** The expected bits of a step. */
  static double expected(long step) {
    return LEAST + (MOST - LEAST) * Math.abs(2.0 * (step % PERIOD) / PERIOD - 1);
  }

  /** The bits of every weight in a step. */
  int[] drawn(long step) {
    return drawn(CounterRandom.of(seed, CHOSEN, step), (expected(step) - LEAST) / (MOST - LEAST));
  }

  private int[] drawn(CounterRandom random, double share) {
    int[] bits = new int[names.size()];
    for (int site = 0; site < bits.length; site++) {
      bits[site] = LEAST;
      for (int trial = 0; trial < MOST - LEAST; trial++) {
        bits[site] += random.uniform((long) site * (MOST - LEAST) + trial) < share ? 1 : 0;
      }
    }
    return bits;
  }

  private Map<String, Tensor> weights(int[] bits, Map<String, Tensor> tensors) {
    var weights = new TreeMap<String, Tensor>();
    for (int site = 0; site < bits.length; site++) {
      String name = names.get(site);
      weights.put(name, at(quantised.get(site), bits[site]).add(Perp.product(tensors, key(name, bits[site]))));
    }
    return weights;
  }

  /** Mean bits of a code, over all numbers. */
  double mean(int[] bits) {
    double sum = 0;
    double all = 0;
    for (int site = 0; site < bits.length; site++) {
      sum += (double) bits[site] * sizes.get(site);
      all += sizes.get(site);
    }
    return sum / all;
  }

  /**
   * The bits of every weight, found by a search.
   *
   * @param most mean bits of a code, 2 to 4
   * @param calibration of the encoder at full precision
   * @throws UsageException if it is out of range
   */
  public int[] search(double most, Calibration calibration) {
    if (!(most >= LEAST && most <= MOST)) {
      throw new UsageException(String.format(Locale.ROOT, "expected %d to %d bits a weight of once-for-all, got %.2f",
          LEAST, MOST, most));
    }
    double share = (most - LEAST) / (MOST - LEAST);
    int[] order = CounterRandom.of(seed, SEARCHED).permutation(names.size());
    var tried = new ArrayList<int[]>();
    double[] distances = new double[COARSE];
    int[] best = fitted(drawn(CounterRandom.of(seed, SEARCHED, 0), share), most, order);
    double least = Double.POSITIVE_INFINITY;
    for (int i = 0; i < COARSE; i++) {
      var random = CounterRandom.of(seed, SEARCHED, 1, i);
      int[] bits = fitted(drawn(random, share), most, CounterRandom.of(seed, SEARCHED, 2, i).permutation(names.size()));
      tried.add(bits);
      distances[i] = distance(bits, calibration);
      if (distances[i] < least) {
        least = distances[i];
        best = bits;
      }
    }
    Integer[] sensitive = sensitive(tried, distances);
    for (int i = 0; i < FINE; i++) {
      int[] bits = drawn(CounterRandom.of(seed, SEARCHED, 3, i), share);
      // More bits for the half that matters most, and what they cost from the others, the least important one first.
      int[] last = new int[sensitive.length];
      for (int place = 0; place < sensitive.length; place++) {
        int site = sensitive[place];
        last[sensitive.length - 1 - place] = site;
        if (place < sensitive.length / 2 && CounterRandom.of(seed, SEARCHED, 4, i).uniform(site) < 0.5) {
          bits[site] = Math.min(MOST, bits[site] + 1);
        }
      }
      bits = fitted(bits, most, last);
      double distance = distance(bits, calibration);
      if (distance < least) {
        least = distance;
        best = bits;
      }
    }
    return best;
  }

  private double distance(int[] bits, Calibration calibration) {
    try (TensorScope scope = TensorScope.inference()) {
      return calibration.distance(weights(bits, parameters.views()));
    }
  }

  /** Takes bits away in an order until the mean is low enough, then gives some in the other as far as there is room. */
  private int[] fitted(int[] asked, double most, int[] order) {
    int[] bits = asked.clone();
    for (int round = 0; round < MOST - LEAST && mean(bits) > most; round++) {
      for (int i = 0; i < order.length && mean(bits) > most; i++) {
        bits[order[i]] = Math.max(LEAST, bits[order[i]] - 1);
      }
    }
    for (int i = order.length - 1; i >= 0; i--) {
      int site = order[i];
      while (bits[site] < MOST) {
        bits[site]++;
        if (mean(bits) > most) {
          bits[site]--;
          break;
        }
      }
    }
    return bits;
  }

  /** The weights in the order in which bits help, by the correlation of distances with their bits. */
  private Integer[] sensitive(List<int[]> tried, double[] distances) {
    double[] correlations = new double[names.size()];
    Integer[] order = new Integer[names.size()];
    for (int site = 0; site < order.length; site++) {
      order[site] = site;
      double[] bits = new double[distances.length];
      for (int i = 0; i < bits.length; i++) {
        bits[i] = tried.get(i)[site];
      }
      correlations[site] = correlation(bits, distances);
    }
    Arrays.sort(order, Comparator.comparingDouble(site -> correlations[site]));
    return order;
  }

  private static double correlation(double[] x, double[] y) {
    double meanX = Arrays.stream(x).average().orElse(0);
    double meanY = Arrays.stream(y).average().orElse(0);
    double xy = 0;
    double xx = 0;
    double yy = 0;
    for (int i = 0; i < x.length; i++) {
      xy += (x[i] - meanX) * (y[i] - meanY);
      xx += (x[i] - meanX) * (x[i] - meanX);
      yy += (y[i] - meanY) * (y[i] - meanY);
    }
    return xx == 0 || yy == 0 ? 0 : xy / Math.sqrt(xx * yy);
  }

  /** The encoder's weights at so many bits each, as they were trained. */
  public Packed subnet(int[] bits) {
    var packed = new LinkedHashMap<String, PackedTensor>();
    for (int site = 0; site < bits.length; site++) {
      String key = key(names.get(site), bits[site]);
      try (TensorScope scope = TensorScope.inference()) {
        packed.put(names.get(site), LowBits.with(at(codes.get(site), bits[site]),
            Tensors.toFloats(parameters.view(parameters.values(), key + ".up")),
            Tensors.toFloats(parameters.view(parameters.values(), key + ".down")), Perp.rank()));
      }
    }
    return Packed.byLevel(packed);
  }

  /** Frees the weights. */
  @Override
  public void close() {
    parameters.close();
    owner.close();
  }
}
