package dev.perennial.learn.hypernetwork;

import dev.perennial.UsageException;
import dev.perennial.learn.OptimiserOptions;

/**
 * How networks are generated for tasks, and how what generates them is trained.
 *
 * @param epochs passes over an experience, 1 to 1000
 * @param batch rows of a step, 1 to 4096
 * @param optimisation how the parameters follow their gradients
 * @param hidden outputs of each hidden layer of the generated networks, 1 to 65536
 * @param layers hidden layers of the generated networks, 1 to 16
 * @param chunk weights generated at once, 1 to 16777216
 * @param embedding numbers in the embedding of a task, and in that of a chunk, 1 to 65536
 * @param units of the hypernetwork's hidden layer, 1 to 65536
 * @param strength of the penalty on changes of former tasks' weights, at least 0
 * @param recognition what a row's task is told by where it is not given
 * @param temperature of the choice between tasks, above 0, in nats of entropy or in mean squares of distance; the lower,
 *     the more one network answers alone
 */
public record TaskNetworkOptions(
    int epochs, int batch, OptimiserOptions optimisation, int hidden, int layers, int chunk, int embedding, int units,
    double strength, Recognition recognition, double temperature) {

  /** What a row's task is told by. */
  public enum Recognition {
    /** How near it is to the mean of a class of the task: a mean of each class is kept. */
    MEANS,
    /** How sure the task's network is of its answer, by its entropy. */
    ENTROPY
  }

  /** Checks the ranges. */
  public TaskNetworkOptions {
    require("epochs", 1, epochs, 1000);
    require("batch", 1, batch, 4096);
    require("hidden", 1, hidden, 65536);
    require("layers", 1, layers, 16);
    require("chunk", 1, chunk, 1 << 24);
    require("embedding", 1, embedding, 65536);
    require("units", 1, units, 65536);
    if (!(strength >= 0) || Double.isInfinite(strength)) {
      throw new UsageException("expected a strength of at least 0, got " + strength);
    }
    if (!(temperature > 0) || Double.isInfinite(temperature)) {
      throw new UsageException("expected a temperature above 0, got " + temperature);
    }
  }

  /** Checks an option that is a whole number. */
  static void require(String option, int least, int value, int most) {
    if (value < least || value > most) {
      throw new UsageException("expected " + option + " between " + least + " and " + most + ", got " + value);
    }
  }

  /** The generated network for rows of so many numbers. */
  TargetNetwork target(int inputs) {
    return new TargetNetwork(inputs, hidden, layers, chunk);
  }
}
