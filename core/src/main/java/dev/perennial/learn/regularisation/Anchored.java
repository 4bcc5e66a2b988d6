package dev.perennial.learn.regularisation;

import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** An objective that holds parameters near old values by an {@link Anchor}, which is all that it keeps. */
abstract class Anchored implements Objective {

  private final Anchor anchor;
  private final double strength;
  private final double steepest;

  /**
   * One that holds nothing yet.
   *
   * @param importance its name in the learner's state
   * @param strength of the penalty {@code strength / 2 * sum_i F_i (w_i - a_i)²}
   * @param optimisation how the parameters follow it: where {@code strength * F} is above what a step bears, it is cut
   */
  Anchored(String importance, double strength, OptimiserOptions optimisation) {
    anchor = new Anchor(importance);
    this.strength = strength;
    this.steepest = optimisation.steepest();
  }

  final Anchor anchor() {
    return anchor;
  }

  @Override
  public void addWeightGradient(Tensor values, Tensor gradient) {
    anchor.addGradient(values, gradient, strength, steepest);
  }

  @Override
  public void end(Experience experience, Model model) {
    anchor.moveTo(model.parameters().values());
  }

  @Override
  public List<StatePart> state() {
    return anchor.state();
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    anchor.restore(state);
  }

  @Override
  public long memoryBytes() {
    return anchor.bytes();
  }

  @Override
  public void close() {
    anchor.close();
  }
}
