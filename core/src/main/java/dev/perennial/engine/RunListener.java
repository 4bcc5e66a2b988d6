package dev.perennial.engine;

import dev.perennial.data.Dataset;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Stream;
import dev.perennial.tensor.StatePart;
import java.util.List;

/** Hears how a run goes on. Called on the run's thread; must return soon. */
public interface RunListener {

  /** Hears nothing. */
  RunListener SILENT = new RunListener() {};

  /** The data was read and became a stream. */
  default void prepared(Dataset dataset, Stream stream) {}

  /** So many texts of the stream are longer than the backbone takes, and are cut. Called after {@link #prepared}. */
  default void cut(long texts) {}

  /**
   * An experience begins, or is taken up again.
   *
   * @param firstStep the step it begins with; above 0 where it is taken up again
   * @param steps how many there are
   */
  default void began(Experience experience, long firstStep, long steps) {}

  /** A step was taken. */
  default void stepped(Experience experience, long step, long steps) {}

  /** Evaluation of what was learned so far begins. */
  default void evaluating(Experience experience) {}

  /** What was learned was evaluated. */
  default void evaluated(Experience experience, AccuracyHistory history) {}

  /**
   * What was learned is about to be made durable; an exception keeps it from that, and ends the run.
   *
   * @param state of the learner, valid until this returns
   */
  default void committing(List<StatePart> state) {}

  /** What was learned is durable. */
  default void committed(long commit) {}

  /** With {@link #committed}: learning has gone on by so many steps since that state; 0 where it waited for it. */
  default void behind(long steps) {}

  /** The newest commit cannot be gone on from, for a reason that this line gives, and an older one is. */
  default void fellBack(String problem) {}
}
