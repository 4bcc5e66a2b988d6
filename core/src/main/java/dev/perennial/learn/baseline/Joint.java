package dev.perennial.learn.baseline;

import dev.perennial.data.Example;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.Technique;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

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
  public Learner learner(Options options, LearnerContext context) {
    return new GradientLearner(options.training(), context, new AllData());
  }

  private static final class AllData implements Objective {

    private final List<Example> all = new ArrayList<>();
    private int experiences;

    @Override
    public List<Example> rows(Experience experience) {
      if (experience.index() == experiences) {
        all.addAll(experience.train());
        experiences++;
      }
      return all;
    }

    @Override
    public boolean restarts() {
      return true;
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      past.forEach(this::rows);
    }

    @Override
    public long memoryBytes() {
      return StoredExamples.bytes(all);
    }
  }
}
