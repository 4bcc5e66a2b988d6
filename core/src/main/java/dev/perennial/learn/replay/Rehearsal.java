package dev.perennial.learn.replay;

import dev.perennial.data.Example;
import dev.perennial.learn.Batch;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Objective;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** An objective with a memory of the past: each batch is learned together with as many rows drawn from it. */
class Rehearsal implements Objective {

  private static final long KEPT = 11;
  private static final long DRAWN = 12;
  private static final long MOVED = 14;
  private static final String PART = "memory";

  private final GradientOptions training;
  private final MemoryOptions options;
  private final DrawOptions draws;
  private final long seed;
  private final Memory memory;

  /** With draws of as many rows as arrive. */
  Rehearsal(GradientOptions training, MemoryOptions options, long seed) {
    this(training, options, DrawOptions.NONE, seed);
  }

  Rehearsal(GradientOptions training, MemoryOptions options, DrawOptions draws, long seed) {
    this.training = training;
    this.options = options;
    this.draws = draws;
    this.seed = seed;
    this.memory = new Memory(options.memory(), switch (options.keep()) {
      case RESERVOIR -> Memory.Policy.RESERVOIR;
      case BALANCED, HERDING -> Memory.Policy.BALANCED;
    });
  }

  final Memory memory() {
    return memory;
  }

  /** Rows to draw at once. */
  final int draws() {
    return draws.rows(batch());
  }

  /** Rows of a step. */
  final int batch() {
    return training.batch();
  }

  /**
   * Rows of the memory for a step.
   *
   * @param use tells several draws of one step apart
   */
  final List<Sample> drawn(Experience experience, long step, int count, long use) {
    return memory.draw(count, use == 0
        ? CounterRandom.of(seed, DRAWN, experience.index(), step)
        : CounterRandom.of(seed, DRAWN, experience.index(), step, use));
  }

  /** The examples of a draw as a step is given them. */
  final List<Example> moved(List<Sample> drawn, Experience experience, long step, long use) {
    var random = CounterRandom.of(seed, MOVED, experience.index(), step, use);
    var moved = new ArrayList<Example>(drawn.size());
    for (int i = 0; i < drawn.size(); i++) {
      moved.add(draws.moved(drawn.get(i).example(), random, i));
    }
    return moved;
  }

  @Override
  public List<Example> replayed(Experience experience, long step) {
    return moved(drawn(experience, step, draws(), 0), experience, step, 0);
  }

  /** Whether a step belongs to the first epoch, in which every row arrives for the first time. */
  final boolean firstEpoch(Batch batch) {
    return batch.step() < Math.ceilDiv(batch.experience().train().size(), training.batch());
  }

  /** What is stored of the row at that position of a batch. */
  Sample sample(Batch batch, int position) {
    return Sample.of(batch.rows().get(position));
  }

  @Override
  public void stepped(Batch batch, Model model) {
    if (options.offer() == MemoryOptions.Offer.STEP && firstEpoch(batch)) {
      var random = offering();
      for (int i = 0; i < batch.arrived(); i++) {
        memory.offer(sample(batch, i), random);
      }
    }
  }

  /** The random numbers that decide what is kept. */
  final CounterRandom offering() {
    return CounterRandom.of(seed, KEPT);
  }

  @Override
  public void end(Experience experience, Model model) {
    if (options.keep() == MemoryOptions.Keep.HERDING) {
      Herding.update(memory, experience.train(), model);
    } else if (options.offer() == MemoryOptions.Offer.EXPERIENCE) {
      var random = offering();
      experience.train().forEach(example -> memory.offer(example, random));
    }
  }

  @Override
  public List<StatePart> state() {
    return List.of(StatePart.of(PART, Combine.UNION, memory.tensors()));
  }

  @Override
  public void restore(Map<String, StatePart> state, List<Experience> past) {
    memory.restore(LearnerState.part(state, PART));
  }

  @Override
  public long memoryBytes() {
    return memory.bytes();
  }
}
