package dev.perennial.learn;

import dev.perennial.brick.Provenance;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;

/**
 * A model that learns one experience after another.
 *
 * <p>An experience is learned in steps. What the learner knows after a step is a function of its options, its seed and
 * what it was given, so it can be stopped after any step and go on elsewhere: the same state, the same next step, the
 * same bits. A learner is used by one thread at a time, within an open {@link dev.perennial.tensor.TensorScope}.
 */
public interface Learner extends AutoCloseable {

  /** How many steps the experience takes. The learner has learned all experiences before it, in whole. */
  long steps(Experience experience);

  /**
   * Takes one step.
   *
   * @param step 0 to {@code steps(experience) - 1}, each once, in order
   */
  void step(Experience experience, long step);

  /**
   * The rows of the experience that a step learns, so that those in which a learner dies can be left out.
   *
   * @return empty where that cannot be told, as by default
   */
  default List<Example> rows(Experience experience, long step) {
    return List.of();
  }

  /** The classes known so far, in the order in which they came. */
  List<String> classNames();

  /**
   * How much speaks for each class. A class of which too little was learned to say anything may score 0 for every input
   * until its experience has been learned in whole.
   *
   * @return {@code [inputs, classNames]}, float32; the largest of a row is the prediction, and the softmax of a row says
   *     how sure the learner is, where the technique has such a notion
   */
  Tensor scores(List<? extends Input> inputs);

  /** All that is needed to go on from here. The tensors are views that are valid until the next step. */
  List<StatePart> state();

  /**
   * Takes over a state that {@link #state} gave. Called once, before any step.
   *
   * <p>To the bit the same steps follow if the inputs then come into the cache in the order in which they came before:
   * all of the stream before the first step, or only those that learners register themselves.
   *
   * @param past the experiences learned before, in whole or in part; learners that keep the past use them
   * @throws dev.perennial.UsageException if the state was learned on another backbone
   * @throws dev.perennial.FailureException if it is not the state of such a learner with such options
   */
  void restore(Map<String, StatePart> state, List<Experience> past);

  /**
   * The parts of its {@link #state} that hold what this replica alone took in, where it learns with others: those of all
   * replicas add up. All other parts are the same in every replica.
   */
  default Set<String> partial() {
    return Set.of();
  }

  /**
   * Whether a part of the state is needed for {@link #scores}. {@link #restore} may be given a state without those that
   * are not, where nothing will be learned. By default all are needed.
   *
   * @param part the name of a part
   */
  default boolean scoresNeed(String part) {
    return true;
  }

  /** What this learner added to the backbone and keeps of the past. */
  Footprint footprint();

  /** The modules that it learned; none before the first step. */
  List<BrickInfo> bricks();

  /**
   * A module among {@link #bricks} with copies of its tensors, and the head that was trained with it, for export.
   *
   * @return empty where there is no brick of that name with tensors of its own
   */
  default Optional<SavedBrick> saved(String name) {
    return Optional.empty();
  }

  /** Frees what it holds. */
  @Override
  void close();

  /**
   * What a learner adds to the backbone, and keeps of the past.
   *
   * @param trainableParameters numbers that gradients or statistics changed
   * @param addedBytes bytes of the bricks and heads that prediction needs
   * @param memoryBytes bytes kept of past data: samples, features, statistics, former models
   */
  record Footprint(long trainableParameters, long addedBytes, long memoryBytes) {}

  /**
   * What there is to know of one module beside its tensors.
   *
   * @param name what it is called within the learner
   * @param kind such as {@code lora} or {@code analytic-head}
   * @param parameters numbers in it
   * @param sites the places in the backbone where it acts; none for a head
   * @param provenance where it comes from
   */
  record BrickInfo(String name, String kind, long parameters, List<String> sites, Provenance provenance) {

    /** Copies the sites. */
    public BrickInfo {
      sites = List.copyOf(sites);
    }
  }
}
