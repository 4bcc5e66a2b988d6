package dev.perennial.measure;

/**
 * What a run cost.
 *
 * @param trainableParameters parameters that learning added and may change: a count
 * @param addedBytes bytes that the model grew by on disk
 * @param memoryBytes bytes kept of the past: samples, features or statistics
 * @param learnSeconds wall-clock seconds of learning, evaluation not counted
 * @param evaluateSeconds wall-clock seconds of evaluation
 * @param examplesPerSecond rows learned in a second of learning
 * @param peakResidentBytes the process's largest resident memory
 */
public record Cost(
    long trainableParameters,
    long addedBytes,
    long memoryBytes,
    double learnSeconds,
    double evaluateSeconds,
    double examplesPerSecond,
    long peakResidentBytes) {

  /** Checks that nothing is negative or undefined. */
  public Cost {
    boolean counts = trainableParameters >= 0 && addedBytes >= 0 && memoryBytes >= 0 && peakResidentBytes >= 0;
    if (!counts || !isAmount(learnSeconds) || !isAmount(evaluateSeconds) || !isAmount(examplesPerSecond)) {
      throw new IllegalArgumentException("a cost is finite and not negative");
    }
  }

  private static boolean isAmount(double value) {
    return value >= 0 && Double.isFinite(value);
  }
}
