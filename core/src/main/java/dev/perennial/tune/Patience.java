package dev.perennial.tune;

import dev.perennial.FailureException;
import dev.perennial.budget.Resource;
import dev.perennial.data.Dataset;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A listener that ends a trial which takes too long, or is predicted to fail: after the step or evaluation. */
final class Patience implements RunListener {

  private static final double NANOS = 1e9;

  private final LongSupplier ticker;
  private final long start;
  private final double seconds;
  private final int rowsPerClass;
  private final @Nullable FailurePredictor predictor;
  private boolean taskTold;
  private int stages;

  Patience(LongSupplier ticker, long start, double seconds, int rowsPerClass,
      @Nullable FailurePredictor predictor) {
    this.ticker = ticker;
    this.start = start;
    this.seconds = seconds;
    this.rowsPerClass = rowsPerClass;
    this.predictor = predictor;
  }

  @Override
  public void prepared(Dataset dataset, Stream stream) {
    taskTold = stream.scenario().taskTold();
    stages = stream.stages().size();
  }

  @Override
  public void stepped(Experience experience, long step, long steps) {
    check();
  }

  @Override
  public void evaluated(Experience experience, AccuracyHistory history) {
    check();
    int learned = history.evaluations().size();
    if (predictor != null && stages > 1 && learned == FailurePredictor.half(stages)) {
      double accuracy = history.last().cells().stream()
          .mapToDouble(cell -> (double) (taskTold ? cell.correctMasked() : cell.correct()) / cell.rows())
          .average().orElse(0);
      predictor.verdict(accuracy, learned, stages).ifPresent(why -> {
        throw new FailureException(why);
      });
    }
  }

  private void check() {
    if ((ticker.getAsLong() - start) / NANOS > seconds) {
      throw new FailureException("stopped: it needs more than " + Resource.SECONDS.format(seconds) + " with "
          + rowsPerClass + " rows of a class");
    }
  }
}
