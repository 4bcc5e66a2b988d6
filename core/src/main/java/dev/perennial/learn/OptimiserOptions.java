package dev.perennial.learn;

import dev.perennial.UsageException;
import dev.perennial.tensor.StatePart;

/**
 * How parameters follow their gradients.
 *
 * @param optimiser which; default adamw
 * @param rate highest learning rate, above 0 and at most 10; default 0.001
 * @param warmup share of an experience's steps in which the rate rises from 0, 0 to 1; default 0.1
 * @param schedule what the rate does after that; default cosine
 * @param momentum of sgd, 0 to below 1; default 0
 * @param decay weight decay, 0 to 10; default 0
 */
public record OptimiserOptions(
    Kind optimiser, double rate, double warmup, Schedule schedule, double momentum, double decay) {

  /** Which optimiser. */
  public enum Kind {
    /** Adaptive moments with decoupled weight decay. */
    ADAMW,
    /** Stochastic gradient descent. */
    SGD
  }

  /** What the learning rate does after it has risen. */
  public enum Schedule {
    /** It falls along a half cosine to 0. */
    COSINE,
    /** It stays. */
    CONSTANT
  }

  /** Checks the ranges. */
  public OptimiserOptions {
    require(rate > 0 && rate <= 10, "rate above 0 and at most 10", rate);
    require(warmup >= 0 && warmup <= 1, "warmup between 0 and 1", warmup);
    require(momentum >= 0 && momentum < 1, "momentum from 0 to below 1", momentum);
    require(decay >= 0 && decay <= 10, "decay between 0 and 10", decay);
  }

  /** AdamW that warms up for a tenth of the steps and then falls along a half cosine. */
  public static OptimiserOptions adamW(double rate) {
    return new OptimiserOptions(Kind.ADAMW, rate, 0.1, Schedule.COSINE, 0, 0);
  }

  /** Plain stochastic gradient descent of a constant rate. */
  public static OptimiserOptions sgd(double rate) {
    return new OptimiserOptions(Kind.SGD, rate, 0, Schedule.CONSTANT, 0, 0);
  }

  /** The learning rate of step {@code step}, from 0, of the {@code steps} of an experience. */
  public double rateAt(long step, long steps) {
    double rise = warmup * steps;
    if (step + 1 < rise) {
      return rate * (step + 1) / rise;
    }
    if (schedule == Schedule.CONSTANT) {
      return rate;
    }
    double fall = steps - rise;
    double progress = fall > 0 ? Math.max(0, (step - rise) / fall) : 0;
    return rate * 0.5 * (1 + Math.cos(Math.PI * progress));
  }

  /**
   * The largest second derivative of a penalty that a step brings to its minimum and not beyond: {@code 1 / rate} for sgd,
   * without bound for adamw, whose steps have the same length however steep it is. Twice as much, and steps grow.
   */
  public double steepest() {
    return optimiser == Kind.SGD ? 1 / rate : Double.POSITIVE_INFINITY;
  }

  /** An optimiser of so many parameters that has taken no step, in an open scope. */
  public Optimiser of(long size) {
    return switch (optimiser) {
      case ADAMW -> new AdamW(size, decay);
      case SGD -> new Sgd(size, momentum, decay);
    };
  }

  /** An optimiser that goes on from a state that was kept, in an open scope. */
  public Optimiser of(long size, StatePart state, long steps) {
    return switch (optimiser) {
      case ADAMW -> new AdamW(size, decay, state, steps);
      case SGD -> new Sgd(size, momentum, decay, state, steps);
    };
  }

  private static void require(boolean holds, String expected, Object value) {
    if (!holds) {
      throw new UsageException("expected " + expected + ", got " + value);
    }
  }
}
