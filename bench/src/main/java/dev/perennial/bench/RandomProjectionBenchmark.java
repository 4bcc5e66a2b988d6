package dev.perennial.bench;

import dev.perennial.brick.RandomProjection;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorOwner;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** The time in which 128 rows of 3 x 384 features become 2,048 random ones, on one thread. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
public class RandomProjectionBenchmark {

  /** A projection, and rows to project. */
  @State(Scope.Benchmark)
  public static class Projected {

    private static final int ROWS = 128;
    private static final int LEVELS = 3;
    private static final int WIDTH = 384;
    private static final int FEATURES = 2048;

    private final TensorOwner owner = new TensorOwner();
    private final RandomProjection projection;
    private final Tensor inputs;

    /** Draws them. */
    public Projected() {
      LibTorch.load();
      projection = new RandomProjection(LEVELS, WIDTH, FEATURES, CounterRandom.of(1, 1));
      var random = CounterRandom.of(1, 2);
      float[] values = new float[ROWS * LEVELS * WIDTH];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.gaussian(i);
      }
      try (TensorScope scope = TensorScope.inference()) {
        inputs = owner.keep(Tensors.floats(values, ROWS, (long) LEVELS * WIDTH));
      }
    }

    /** Frees them. */
    @TearDown
    public void close() {
      projection.close();
      owner.close();
    }
  }

  /** Projects the rows. */
  @Benchmark
  public long apply(Projected projected) {
    try (TensorScope scope = TensorScope.inference()) {
      return projected.projection.apply(projected.inputs).size(1);
    }
  }
}
