package dev.perennial.learn.generative;

import dev.perennial.FailureException;
import dev.perennial.learn.LearnerState;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** A generator of rows for each class: all that is kept of the past. */
final class Generators {

  private static final String PART = "generators";

  private final int width;
  private final int q;
  private final List<LatentGaussian> ofClass = new ArrayList<>();

  Generators(int width, int rank) {
    this.width = width;
    this.q = LatentGaussian.directions(rank, width);
  }

  /** Makes room for classes that were not there before. */
  void grow(int classes) {
    while (ofClass.size() < classes) {
      ofClass.add(LatentGaussian.none(width, q));
    }
  }

  /** Takes in rows of a class, {@code [n, width]}. */
  void add(int c, Tensor rows) {
    ofClass.set(c, ofClass.get(c).with(rows));
  }

  /** Rows of a class, {@code [count, width]}. */
  Tensor draw(int c, int count, CounterRandom random) {
    return ofClass.get(c).draw(count, random);
  }

  /** Bytes of a class. */
  long bytesOfClass() {
    return LatentGaussian.bytes(width, q);
  }

  /** Bytes of all. */
  long bytes() {
    return ofClass.size() * bytesOfClass();
  }

  /** They stand for the rows of one worker: those of two are not merged. */
  StatePart state() {
    int classes = ofClass.size();
    float[] means = new float[classes * width];
    float[] factors = new float[classes * q * width];
    double[] variances = new double[classes];
    long[] rows = new long[classes];
    for (int c = 0; c < classes; c++) {
      LatentGaussian own = ofClass.get(c);
      System.arraycopy(own.mean(), 0, means, c * width, width);
      System.arraycopy(own.factors(), 0, factors, c * q * width, q * width);
      variances[c] = own.variance();
      rows[c] = own.rows();
    }
    return StatePart.of(PART, Combine.LATEST, Map.of(
        "means", TensorData.of(means, classes, width), "factors", TensorData.of(factors, classes, q, width),
        "variances", TensorData.of(variances, classes), "rows", TensorData.of(rows, classes)));
  }

  /**
   * Takes over what {@link #state} gave.
   *
   * @throws FailureException if it is of other numbers of classes, directions or features
   */
  void restore(Map<String, StatePart> state, int classes) {
    StatePart part = LearnerState.part(state, PART);
    TensorData factors = part.tensor("factors");
    if (!factors.shape().equals(List.of((long) classes, (long) q, (long) width))) {
      throw new FailureException("expected generators of shape [" + classes + ", " + q + ", " + width
          + "] in a learner's state, found " + factors + ": the state belongs to another learner or other options");
    }
    float[] means = part.tensor("means").floats();
    float[] directions = factors.floats();
    double[] variances = part.tensor("variances").doubles();
    long[] rows = part.tensor("rows").longs();
    for (int c = 0; c < classes; c++) {
      ofClass.add(new LatentGaussian(
          Arrays.copyOfRange(means, c * width, (c + 1) * width),
          Arrays.copyOfRange(directions, c * q * width, (c + 1) * q * width), variances[c], rows[c]));
    }
  }
}
