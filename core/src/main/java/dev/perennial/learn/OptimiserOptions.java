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
    CONSTANT,
    /**
     * It falls along a half cosine to a tenth, from which it rises again in the next experience (Simple and Scalable
     * Strategies to Continually Pre-train Large Language Models, arXiv 2403.08763).
     */
    REWARM,
    /**
     * It rises once, in the first experience, and falls there along a half cosine to 0.55 of the rate until 0.6 of the
     * steps are done; it stays at that in all experiences, and falls exponentially to a tenth in the last 0.15 of each
     * (same source).
     */
    INFINITE
  }

  private static final double LOWEST = 0.1;
  private static final double PLATEAU = 0.55;
  private static final double COOLED = 0.6;
  private static final double ANNEALING = 0.85;

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

  /** The learning rate of step {@code step}, from 0, of the {@code steps} of a first experience. */
  public double rateAt(long step, long steps) {
    return rateAt(0, step, steps);
  }

  /** The learning rate of step {@code step}, from 0, of the {@code steps} of an experience, itself counted from 0. */
  public double rateAt(int experience, long step, long steps) {
    double rise = warmup * steps;
    if (schedule == Schedule.INFINITE && experience > 0) {
      return annealed(step, steps, ANNEALING * steps);
    }
    if (step + 1 < rise) {
      double from = schedule == Schedule.REWARM && experience > 0 ? LOWEST * rate : 0;
      return from + (rate - from) * (step + 1) / rise;
    }
    return switch (schedule) {
      case COSINE -> halfCosine(step, rise, steps, 0);
      case CONSTANT -> rate;
      case REWARM -> halfCosine(step, rise, steps, LOWEST * rate);
      case INFINITE -> {
        double cooled = Math.max(rise, COOLED * steps);
        yield step < cooled
            ? halfCosine(step, rise, cooled, PLATEAU * rate)
            : annealed(step, steps, Math.max(cooled, ANNEALING * steps));
      }
    };
  }

  /** From the rate at {@code start} to {@code lowest} at {@code end}: {@code low + (rate - low) (1 + cos(pi p)) / 2}. */
  private double halfCosine(long step, double start, double end, double lowest) {
    double progress = end > start ? Math.max(0, (step - start) / (end - start)) : 0;
    return lowest + (rate - lowest) * 0.5 * (1 + Math.cos(Math.PI * progress));
  }

  /** The plateau, and from {@code start} on {@code plateau (lowest / plateau)^p}. */
  private double annealed(long step, long steps, double start) {
    double progress = steps > start ? Math.max(0, (step - start) / (steps - start)) : 0;
    return rate * PLATEAU * Math.pow(LOWEST / PLATEAU, progress);
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
