package dev.perennial.learn.growth;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.LearnerState;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/*
 * Static ConPET (arXiv 2309.14763): one brick, and dynamic replay. An experience is learned from a bounded number of batches,
 * half of them new rows and half old ones; an old row is drawn by
 *   task t uniform over the tasks before,  row uniform over what is kept of t
 * So an experience costs the same, however many tasks there were: at most epochs * ceil(fresh / batch) steps of 2 batch rows.
 * Every task has an even share of the memory, drawn at random; where there are more tasks than places, which of them have one
 * is drawn too. It keeps rows as they are, texts included.
 */
/** Trains one brick on batches that are half new and half old, at a cost that does not grow with the tasks. */
@Technique(
    name = "static-conpet",
    title = "ConPET: Continual Parameter-Efficient Tuning for Large Language Models",
    source = "arXiv 2309.14763",
    cost = "a bounded number of steps of twice the rows; keeps one brick and as many rows as asked for")
public final class StaticConPet implements Method<StaticConPet.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   * @param memory rows that are kept, 1 to 10 million; default 500
   * @param fresh rows of an experience that are learned at most, 1 to 10 million; default 1500
   */
  public record Options(GradientOptions training, int memory, int fresh) {

    /** Checks the ranges. */
    public Options {
      if (memory < 1 || memory > 10_000_000) {
        throw new UsageException("expected a memory between 1 and 10000000 rows, got " + memory);
      }
      if (fresh < 1 || fresh > 10_000_000) {
        throw new UsageException("expected fresh between 1 and 10000000 rows, got " + fresh);
      }
    }
  }

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT, 500, 1500);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new DynamicReplay(options, context.seed()));
  }

  static final class DynamicReplay implements Objective {

    private static final long FRESH = 101;
    private static final long OLD = 102;
    private static final long KEPT = 103;
    private static final String PART = "memory";

    private final Options options;
    private final long seed;
    private final List<List<Example>> tasks = new ArrayList<>();
    private int learned;

    DynamicReplay(Options options, long seed) {
      this.options = options;
      this.seed = seed;
    }

    @Override
    public List<Example> rows(Experience experience) {
      List<Example> all = experience.train();
      if (all.size() <= options.fresh) {
        return all;
      }
      return some(all, options.fresh, CounterRandom.of(seed, FRESH, experience.index()));
    }

    private static List<Example> some(List<Example> all, int count, CounterRandom random) {
      int[] order = random.permutation(all.size());
      var drawn = new ArrayList<Example>();
      for (int i = 0; i < count; i++) {
        drawn.add(all.get(order[i]));
      }
      return drawn;
    }

    @Override
    public List<Example> replayed(Experience experience, long step) {
      var random = CounterRandom.of(seed, OLD, experience.index(), step);
      var drawn = new ArrayList<Example>();
      for (int i = 0; i < options.training.batch() && !tasks.isEmpty(); i++) {
        List<Example> task = tasks.get(random.below(2L * i, tasks.size()));
        drawn.add(task.get(random.below(2L * i + 1, task.size())));
      }
      return drawn;
    }

    @Override
    public void end(Experience experience, Model model) {
      learned++;
      var random = CounterRandom.of(seed, KEPT, experience.index());
      if (tasks.size() == options.memory) {
        // A reservoir of tasks, each with one row.
        int place = random.below(-1, learned);
        if (place < tasks.size()) {
          tasks.set(place, some(experience.train(), 1, random));
        }
        return;
      }
      int share = options.memory / (tasks.size() + 1);
      tasks.replaceAll(task -> task.subList(0, Math.min(share, task.size())));
      tasks.add(some(experience.train(), Math.min(share, experience.train().size()), random));
    }

    private List<Example> all() {
      return tasks.stream().flatMap(List::stream).toList();
    }

    @Override
    public List<StatePart> state() {
      var tensors = new HashMap<>(StoredExamples.tensors(all()));
      tensors.put("tasks", TensorData.of(tasks.stream().mapToLong(List::size).toArray(), tasks.size()));
      tensors.put("learned", TensorData.of(new long[] {learned}, 1));
      return List.of(StatePart.of(PART, Combine.UNION, tensors));
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      StatePart part = LearnerState.part(state, PART);
      List<Example> all = StoredExamples.examples(part.tensors());
      int start = 0;
      for (long size : part.tensor("tasks").longs()) {
        tasks.add(all.subList(start, start + (int) size));
        start += (int) size;
      }
      learned = (int) part.tensor("learned").longs()[0];
    }

    @Override
    public long memoryBytes() {
      return StoredExamples.bytes(all());
    }
  }
}
