package dev.perennial.learn.replay;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/*
 * GDumb (A Simple Approach that Questions Our Progress in Continual Learning, ECCV 2020): the memory greedily keeps as
 * many of each class as can be; whenever the model is asked for, one is trained from nothing on the memory alone. Here
 * it is asked for after each experience.
 */
/** Keeps a balanced memory, and learns from nothing else. */
@Technique(
    name = "gdumb",
    title = "GDumb: A Simple Approach that Questions Our Progress in Continual Learning",
    source = "ECCV 2020",
    cost = "passes x the rows kept after each experience; keeps as many rows as asked for")
public final class GDumb implements Method<GDumb.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory examples kept, 1 to 10 million; default 500
   * @param passes over the memory in an epoch, 1 to 1000; default 30. What others call an epoch is over all rows of an
   *     experience, of which only few are in the memory
   */
  public record Options(GradientOptions training, int memory, int passes) {

    /** Checks the ranges. */
    public Options {
      MemoryOptions.requireSize(memory);
      if (passes < 1 || passes > 1000) {
        throw new UsageException("expected passes between 1 and 1000, got " + passes);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, 30);
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    GradientOptions training = options.training();
    return new GradientLearner(training.withEpochs(Math.min(1000, training.epochs() * options.passes())), context,
        new Anew(options, context.seed()));
  }

  static final class Anew implements Objective {

    private static final long KEPT = 13;
    private static final String PART = "memory";

    private final long seed;
    private final Memory memory;
    private int offered = -1;
    private int asked = -1;
    private List<Example> rows = List.of();

    Anew(Options options, long seed) {
      this.seed = seed;
      this.memory = new Memory(options.memory(), Memory.Policy.GREEDY);
    }

    /** What the memory keeps once the rows of the experience were offered. */
    @Override
    public List<Example> rows(Experience experience) {
      if (asked != experience.index()) {
        Memory then = memory;
        if (offered < experience.index()) {
          then = memory.copy();
          offer(experience, then);
        }
        rows = then.examples();
        asked = experience.index();
      }
      return rows;
    }

    private void offer(Experience experience, Memory to) {
      var random = CounterRandom.of(seed, KEPT);
      experience.train().forEach(example -> to.offer(example, random));
    }

    @Override
    public boolean restarts() {
      return true;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      if (fresh) {
        offer(experience, memory);
        offered = experience.index();
      }
    }

    @Override
    public List<StatePart> state() {
      var tensors = new HashMap<>(memory.tensors());
      tensors.put("offered", TensorData.of(new long[] {offered}, 1));
      return List.of(StatePart.of(PART, Combine.UNION, tensors));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      StatePart part = LearnerState.part(state, PART);
      memory.restore(part);
      offered = (int) part.tensor("offered").longs()[0];
    }

    @Override
    public long memoryBytes() {
      return memory.bytes();
    }
  }
}
