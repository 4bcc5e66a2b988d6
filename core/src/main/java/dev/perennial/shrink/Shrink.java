package dev.perennial.shrink;

import dev.perennial.UsageException;
import dev.perennial.backbone.TextModel;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/*
 * The universal order of BitStack's blocks (arXiv 2410.23918): with b blocks of every matrix loaded, each matrix in turn
 * is given one more, and the measure is taken; those with the least come first, and the levels follow one another. The
 * paper's measure is perplexity on a few calibration texts; an encoder has none, so that here it is the distance of
 * features. Without calibration texts, as for bricks, those blocks come first that take most of the squared error away
 * for their bytes.
 */
/** Makes named weights small: the matrices among them by the method asked for, the others as they are. */
public final class Shrink {

  private static final double FLOOR = 1e-3;
  private static final long LEAST_SHARE = 64;

  private Shrink() {}

  /** Whether a tensor is a matrix that is worth the while. */
  public static boolean isMatrix(TensorData data) {
    return data.dtype() == Dtype.F32 && data.shape().size() == 2 && data.shape().getFirst() > 1 && data.shape().getLast() > 1
        && data.shape().getFirst() * data.shape().getLast() >= ShrinkOptions.LEAST_NUMBERS;
  }

  /**
   * Makes weights small by what they are alone.
   *
   * @param tensors by name
   * @throws UsageException if none of them is a matrix
   */
  public static Packed of(Map<String, TensorData> tensors, ShrinkOptions options, ShrinkProgress progress) {
    var small = encode(tensors, Map.of(), options, progress);
    return options.method() == ShrinkOptions.Method.NESTED ? Packed.byLevel(small) : byError(small, tensors);
  }

  /**
   * Makes the weights of a text encoder small, the words' among them, and puts the parts in the order in which they
   * matter for the features of some texts.
   *
   * @param calibration of the encoder at full precision; null for none
   */
  public static Packed of(
      TextModel model, @Nullable Calibration calibration, ShrinkOptions options, ShrinkProgress progress) {
    var tensors = new TreeMap<>(model.tensors());
    // Positions and types of tokens are few, and nothing stands in for them.
    tensors.keySet().removeIf(name -> name.startsWith("embeddings.") && !name.equals(TextModel.words()));
    if (calibration == null || options.method() == ShrinkOptions.Method.NESTED) {
      return of(tensors, options, progress);
    }
    var scales = new TreeMap<String, float[]>();
    calibration.inputs().forEach((site, inputs) -> scales.put(site + ".weight", scale(inputs)));
    var small = encode(tensors, scales, options, progress);
    return byDistance(small, calibration, progress);
  }

  /** Scales whose geometric mean is 1, so that float16 holds them. */
  private static float[] scale(float[] inputs) {
    double logarithms = 0;
    for (float input : inputs) {
      logarithms += Math.log(input + FLOOR);
    }
    double mean = Math.exp(logarithms / inputs.length);
    float[] scale = new float[inputs.length];
    for (int i = 0; i < scale.length; i++) {
      scale[i] = (float) ((inputs[i] + FLOOR) / mean);
    }
    return scale;
  }

  private static SequencedMap<String, PackedTensor> encode(
      Map<String, TensorData> tensors, Map<String, float[]> scales, ShrinkOptions options, ShrinkProgress progress) {
    var matrices = new TreeMap<String, TensorData>();
    tensors.forEach((name, data) -> {
      if (isMatrix(data)) {
        matrices.put(name, data);
      }
    });
    if (matrices.isEmpty()) {
      throw new UsageException("expected matrices of at least " + ShrinkOptions.LEAST_NUMBERS + " numbers to make smaller,"
          + " got none: there is nothing to gain");
    }
    var small = new LinkedHashMap<String, PackedTensor>();
    matrices.forEach((name, data) -> {
      int rows = data.shape().getFirst().intValue();
      int columns = data.shape().getLast().intValue();
      small.put(name, options.method() == ShrinkOptions.Method.NESTED
          ? NestedBits.encode(data.floats(), rows, columns, options.focus())
          : BitStack.encode(data.floats(), rows, columns, scales.get(name), options.blocks(), rank(rows, columns, options)));
      progress.at("making matrices small", small.size(), matrices.size());
    });
    return small;
  }

  /** The rank asked for, or a lower one at which the factors take no more than a quarter of a bit for each number. */
  private static int rank(int rows, int columns, ShrinkOptions options) {
    long most = (long) rows * columns / (LEAST_SHARE * (rows + columns));
    return (int) Math.max(1, Math.min(options.rank(), most));
  }

  /**
   * The beginning of a pile that has so many bits a weight.
   *
   * @param bits of nested, a whole number of planes from 1 to 8, whose scales are not counted in; of bitstack any number,
   *     with everything counted in
   * @throws UsageException if there is no such beginning
   */
  public static Packed at(Packed packed, ShrinkOptions options, double bits) {
    if (options.method() == ShrinkOptions.Method.BITSTACK) {
      return packed.atBits(bits);
    }
    if (bits != Math.rint(bits) || bits < 1 || bits > 8) {
      throw new UsageException("expected a whole number of bits from 1 to 8 for nested, got " + bits);
    }
    return packed.atLevel((int) bits);
  }

  private record Place(String name, double measure) {}

  private static Packed byError(SequencedMap<String, PackedTensor> small, Map<String, TensorData> tensors) {
    var errors = new TreeMap<String, double[]>();
    small.forEach((name, tensor) -> {
      TensorData data = tensors.get(name);
      errors.put(name, errors(tensor, data == null ? new float[0] : data.floats()));
    });
    return byLevel(small, level -> {
      var places = new ArrayList<Place>();
      errors.forEach((name, error) -> {
        if (level < error.length) {
          PackedTensor tensor = small.getOrDefault(name, small.firstEntry().getValue());
          int before = level * tensor.coding().least();
          long bytes = tensor.bytes(before + tensor.partsOf(level)) - tensor.bytes(before);
          places.add(new Place(name, (error[level] - error[level - 1]) / bytes));
        }
      });
      return places;
    });
  }

  /** The squared error after each level. */
  private static double[] errors(PackedTensor tensor, float[] weights) {
    double[] errors = new double[tensor.levels()];
    for (int level = 0; level < errors.length; level++) {
      float[] decoded = tensor.decodeLevels(level + 1).floats();
      for (int i = 0; i < decoded.length; i++) {
        double difference = weights[i] - decoded[i];
        errors[level] += difference * difference;
      }
    }
    return errors;
  }

  private static Packed byDistance(
      SequencedMap<String, PackedTensor> small, Calibration calibration, ShrinkProgress progress) {
    int levels = small.values().stream().mapToInt(tensor -> tensor.levels()).max().orElse(1);
    long all = (long) small.size() * (levels - 1);
    return byLevel(small, level -> {
      var places = new ArrayList<Place>();
      try (TensorOwner owner = new TensorOwner()) {
        var loaded = new TreeMap<String, Tensor>();
        small.forEach((name, tensor) -> loaded.put(name, kept(owner, tensor, level)));
        small.forEach((name, tensor) -> {
          try (TensorScope scope = TensorScope.inference()) {
            var more = new TreeMap<>(loaded);
            more.put(name, Tensors.copyOf(tensor.decodeLevels(level + 1)));
            places.add(new Place(name, calibration.distance(more)));
          }
          progress.at("measuring what blocks are worth", (long) (level - 1) * small.size() + places.size(), all);
        });
      }
      return places;
    });
  }

  private static Tensor kept(TensorOwner owner, PackedTensor tensor, int levels) {
    try (TensorScope scope = TensorScope.inference()) {
      return owner.keep(Tensors.copyOf(tensor.decodeLevels(levels)));
    }
  }

  /** What each matrix's next level is worth, when so many are there of every one: the least measure comes first. */
  private interface Level {
    List<Place> measured(int level);
  }

  private static Packed byLevel(SequencedMap<String, PackedTensor> small, Level measures) {
    int levels = small.values().stream().mapToInt(tensor -> tensor.levels()).max().orElse(1);
    var order = new ArrayList<String>();
    for (int at = 1; at < levels; at++) {
      int level = at;
      measures.measured(at).stream().sorted(Comparator.comparingDouble(Place::measure)).forEach(place -> {
        PackedTensor tensor = small.getOrDefault(place.name, small.firstEntry().getValue());
        order.addAll(Collections.nCopies(tensor.partsOf(level), place.name));
      });
    }
    return new Packed(small, order);
  }
}
