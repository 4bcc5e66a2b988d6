package dev.perennial.bench;

import dev.perennial.brick.AnalyticHead;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The time in which an analytic head takes in 128 rows of 2,048 features in 50 classes, on one thread. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class AnalyticHeadBenchmark {

  /** A head that has seen nothing, and rows to show it. */
  @State(Scope.Benchmark)
  public static class Shown {

    private static final int ROWS = 128;
    private static final int FEATURES = 2048;
    private static final int CLASSES = 50;

    private final Workers workers = new Workers(1);
    private final TensorOwner owner = new TensorOwner();
    private final AnalyticHead head = new AnalyticHead(FEATURES, 0.02, workers);
    private final Tensor inputs;
    private final long[] labels = new long[ROWS];

    /** Draws the rows. */
    public Shown() {
      var random = CounterRandom.of(1);
      float[] values = new float[ROWS * FEATURES];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.uniform(i);
      }
      for (int row = 0; row < ROWS; row++) {
        labels[row] = row % CLASSES;
      }
      try (TensorScope scope = TensorScope.inference()) {
        inputs = owner.keep(Tensors.floats(values, ROWS, FEATURES));
        head.grow(CLASSES);
      }
    }

    /** Frees them. */
    @TearDown
    public void close() {
      head.close();
      owner.close();
      workers.close();
    }
  }

  /** Takes in the rows. */
  @Benchmark
  public long add(Shown shown) {
    try (TensorScope scope = TensorScope.inference()) {
      shown.head.add(shown.inputs, shown.labels);
      return shown.head.rows();
    }
  }
}
