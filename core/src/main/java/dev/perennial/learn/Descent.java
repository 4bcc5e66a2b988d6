package dev.perennial.learn;

import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/** How the steps of an experience move the parameters: an ascent before a step, the optimiser, a mean of what it gives. */
final class Descent implements AutoCloseable {

  private final Optimiser optimiser;
  private final Ascent ascent;
  private final Averaging averaging;

  private Descent(GradientOptions options, Optimiser optimiser, long size) {
    this.optimiser = optimiser;
    this.ascent = new Ascent(options.ascent(), size);
    this.averaging = new Averaging(options.average(), size);
  }

  /** The beginning for parameters of so many numbers, in an open scope. */
  static Descent of(GradientOptions options, long size) {
    return new Descent(options, options.optimisation().of(size), size);
  }

  /** Goes on from what {@link #state} gave after so many {@link #steps}. */
  static Descent of(GradientOptions options, long size, StatePart kept, long steps) {
    var descent = new Descent(options, options.optimisation().of(size, kept, steps), size);
    descent.ascent.restore(kept.tensors());
    descent.averaging.restore(kept.tensors());
    return descent;
  }

  /** The gradient to follow, see {@link Ascent#gradient}. */
  Tensor gradient(Tensor values, boolean first, Supplier<Tensor> atValues, CounterRandom random) {
    return ascent.gradient(values, first, atValues, random);
  }

  /** Follows a gradient. */
  void step(Tensor values, Tensor gradient, double rate) {
    optimiser.step(values, gradient, rate);
  }

  /** Forgets the past of what is 0 and not 1 in a tensor laid out like the parameters. */
  void renew(Tensor kept) {
    optimiser.renew(kept);
  }

  /** Takes the values after a step into the mean, and sets them to it after the last. */
  void stepped(Tensor values, long step, long steps) {
    averaging.stepped(values, step, steps);
  }

  /** Steps of the optimiser so far. */
  long steps() {
    return optimiser.steps();
  }

  /** Views of what it keeps, by name. */
  Map<String, TensorData> state() {
    var kept = new HashMap<>(optimiser.state());
    kept.putAll(ascent.state());
    kept.putAll(averaging.state());
    return kept;
  }

  @Override
  public void close() {
    optimiser.close();
    ascent.close();
    averaging.close();
  }
}
