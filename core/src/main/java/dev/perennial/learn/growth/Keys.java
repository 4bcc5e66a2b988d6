package dev.perennial.learn.growth;

import dev.perennial.brick.NearestMeanHead;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Where the classes lie in the space of the backbone's own features, which never changes, and which brick is for each: the
 * mean of a class's rows, and the number of the brick that learned it last.
 */
final class Keys implements AutoCloseable {

  /** The backbone alone. */
  static final long NONE = -1;

  private final int width;
  private final NearestMeanHead means;
  private long[] brickOf = new long[0];

  Keys(int width) {
    this.width = width;
    this.means = new NearestMeanHead(width);
  }

  /** Bytes of so many classes. */
  static long bytes(int classes, int width) {
    return classes * ((width + 1L) * Double.BYTES + Long.BYTES);
  }

  long bytes() {
    return bytes(brickOf.length, width);
  }

  /** Makes room for classes. */
  void grow(int classes) {
    int known = brickOf.length;
    means.grow(classes);
    brickOf = Arrays.copyOf(brickOf, classes);
    Arrays.fill(brickOf, known, classes, NONE);
  }

  /** Takes in rows for which {@code brick} is. */
  void add(Tensor frozen, long[] labels, long brick) {
    means.add(frozen, labels);
    for (long label : labels) {
      brickOf[(int) label] = brick;
    }
  }

  /** One of them takes in another; those above it fall by one. */
  void merged(int kept, int gone) {
    for (int i = 0; i < brickOf.length; i++) {
      if (brickOf[i] == gone) {
        brickOf[i] = kept;
      } else if (brickOf[i] > gone) {
        brickOf[i]--;
      }
    }
  }

  /** The brick of each class. */
  long[] brickOf() {
    return brickOf.clone();
  }

  /** The sums of the classes' features, each of length 1: {@code [classes, width]}, float64. */
  Tensor sums() {
    TensorData sums = means.state().get("sums");
    if (sums == null) {
      throw new IllegalStateException("a head of means has sums");
    }
    return Tensors.copyOf(sums);
  }

  /** The classes whose brick it is, which have rows. */
  long[] classesOf(long brick) {
    return IntStream.range(0, brickOf.length).filter(i -> brickOf[i] == brick)
        .asLongStream().toArray();
  }

  /** The class means of a brick, of length 1: {@code [its classes, width]}, float32. */
  Tensor prototypes(long brick) {
    return torch.normalize(Tensors.rows(sums(), classesOf(brick))).to(torch.ScalarType.Float);
  }

  /** What a brick is for: the sum over its classes. */
  double[] centre(long brick) {
    long[] own = classesOf(brick);
    double[] all = Tensors.toDoubles(sums());
    double[] centre = new double[width];
    for (long label : own) {
      for (int i = 0; i < width; i++) {
        centre[i] += all[(int) label * width + i];
      }
    }
    return centre;
  }

  /** Cosines to the class means less one, doubled: {@code [rows, classes]}. */
  Tensor scores(Tensor frozen) {
    return means.scores(frozen);
  }

  /**
   * The cosine of each row to the nearest class of each brick, {@code [rows, bricks]}; -1 for a brick without classes.
   */
  Tensor likeness(Tensor frozen, int bricks) {
    Tensor cosines = scores(frozen).div(new Scalar(2.0)).add(new Scalar(1.0));
    Tensor[] columns = new Tensor[bricks];
    for (int brick = 0; brick < bricks; brick++) {
      long[] own = classesOf(brick);
      columns[brick] = own.length == 0
          ? Tensors.zeros(frozen.size(0), 1).sub(new Scalar(1.0))
          : torch.amax(torch.index_select(cosines, 1, Tensors.longs(own, own.length)), new long[] {1}, true);
    }
    return Tensors.concat(1, columns);
  }

  Map<String, TensorData> state() {
    var tensors = new HashMap<>(means.state());
    tensors.put("brickOf", TensorData.of(brickOf, brickOf.length));
    return tensors;
  }

  void restore(StatePart part) {
    means.restore(part);
    brickOf = part.tensor("brickOf").longs();
  }

  @Override
  public void close() {
    means.close();
  }
}
