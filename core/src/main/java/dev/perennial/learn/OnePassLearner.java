package dev.perennial.learn;

import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A learner that takes in each row of an experience once, in order, and keeps sums over rows but none of them. */
public abstract class OnePassLearner implements Learner {

  /** Rows of a step. */
  private static final int BATCH = 512;

  private final LearnerContext context;
  private final Classes classes = new Classes();
  private int begun = -1;
  private int lastExperience = -1;

  /** A learner of nothing. */
  protected OnePassLearner(LearnerContext context) {
    this.context = context;
  }

  /**
   * Makes room for new classes, which are known by now, and charges for it.
   *
   * @param fresh those that no experience before had, in the order of their numbers
   */
  protected abstract void grow(Experience experience, List<String> fresh);

  /** Takes in rows of known classes. */
  protected abstract void add(List<Example> batch);

  /** All rows of an experience have been taken in. By default there is nothing to do. */
  protected void finish(Experience experience) {}

  /** The parts of the state beside the origin and the classes. */
  protected abstract List<StatePart> parts();

  /** Takes over the parts of the state; the classes are known by now. */
  protected abstract void restore(Map<String, StatePart> state);

  /** What the learner may use. */
  protected final LearnerContext context() {
    return context;
  }

  /** The classes that are known. */
  protected final Classes classes() {
    return classes;
  }

  /** A head as the one brick; none before the first class. */
  protected final List<BrickInfo> head(String name, String kind, long parameters) {
    return classes.size() == 0 ? List.of() : List.of(
        new BrickInfo(name, kind, parameters, List.of(), context.origin().learnedUpTo(lastExperience)));
  }

  @Override
  public final long steps(Experience experience) {
    return Math.ceilDiv(experience.train().size(), BATCH);
  }

  @Override
  public final void step(Experience experience, long step) {
    if (step == 0) {
      int known = classes.size();
      classes.add(experience.classes());
      grow(experience, classes.names().subList(known, classes.size()));
      lastExperience = experience.index();
    }
    if (begun != experience.index()) {
      begun = experience.index();
      context.register(experience);
    }
    add(rows(experience, step));
    if (step == steps(experience) - 1) {
      finish(experience);
    }
  }

  @Override
  public final List<Example> rows(Experience experience, long step) {
    int start = Math.toIntExact(step * BATCH);
    return experience.train().subList(start, Math.min(start + BATCH, experience.train().size()));
  }

  @Override
  public final List<String> classNames() {
    return classes.names();
  }

  @Override
  public final List<StatePart> state() {
    var state = new ArrayList<>(List.of(LearnerState.origin(context.backbone(), lastExperience), classes.state()));
    state.addAll(parts());
    return state;
  }

  @Override
  public final void restore(Map<String, StatePart> state, List<Experience> past) {
    lastExperience = LearnerState.requireOrigin(state, context.backbone());
    past.forEach(context::register);
    classes.restore(state);
    restore(state);
  }
}
