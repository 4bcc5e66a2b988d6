package dev.perennial.learn.baseline;

import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.SearchSpace;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Keeps all data and trains anew on it with every experience: the upper mark, whose cost grows with the stream. */
@Technique(
    name = "joint",
    title = "LoRA: Low-Rank Adaptation of Large Language Models",
    source = "arXiv 2106.09685",
    cost = "epochs x all rows so far; keeps all rows")
public final class Joint implements Method<Joint.Options> {

  /**
   * The options.
   *
   * @param training how it trains
   */
  public record Options(GradientOptions training) {}

  @Override
  public Options defaults() {
    return new Options(GradientOptions.DEFAULT);
  }

  @Override
  public SearchSpace searchSpace() {
    return GradientOptions.SEARCH_SPACE;
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new AllData());
  }

  private static final class AllData implements Objective {

    private final TreeMap<Integer, List<Example>> arrived = new TreeMap<>();
    private int asked = -1;
    private List<Example> rows = List.of();

    /** All rows of the experiences before, and those of this one. */
    @Override
    public List<Example> rows(Experience experience) {
      if (asked != experience.index()) {
        var all = new ArrayList<Example>();
        arrived.headMap(experience.index()).values().forEach(all::addAll);
        all.addAll(experience.train());
        rows = all;
        asked = experience.index();
      }
      return rows;
    }

    @Override
    public boolean restarts() {
      return true;
    }

    @Override
    public void begin(Experience experience, Model model, boolean fresh) {
      arrive(experience);
    }

    private void arrive(Experience experience) {
      arrived.put(experience.index(), experience.train());
      asked = -1;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(this::arrive);
    }

    @Override
    public long memoryBytes() {
      return arrived.values().stream().mapToLong(StoredExamples::bytes).sum();
    }
  }
}
