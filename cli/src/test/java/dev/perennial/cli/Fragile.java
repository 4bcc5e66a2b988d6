package dev.perennial.cli;

import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientLearner;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Method;
import dev.perennial.learn.Objective;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.Technique;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.bytedeco.pytorch.Tensor;

/** A technique that some rows are too much for: it takes the process with it, or never comes back. */
@Technique(name = "fragile", title = "A technique that dies", source = "of the tests", cost = "a process now and then")
public final class Fragile implements Method<Fragile.Options> {

  private static final int GONE = 77;

  /**
   * What is too much.
   *
   * @param deadly a word; the process ends at once in a step with a row that has it
   * @param blocking a word; the first step with a row that has it never ends
   * @param once a file that is made when it blocks; it does not block where that is there
   */
  public record Options(String deadly, String blocking, String once) {}

  @Override
  public Options defaults() {
    return new Options("", "", "");
  }

  @Override
  public Learner learner(Options options, LearnerContext context) {
    var training = new GradientOptions(2, 4, OptimiserOptions.adamW(1e-3), LoraOptions.DEFAULT, HeadOptions.DEFAULT);
    return new FragileLearner(options, new GradientLearner(training, context, new Objective() {}));
  }

  private record FragileLearner(Options options, Learner inner) implements Learner {

    private static boolean has(List<Example> rows, String word) {
      return !word.isEmpty()
          && rows.stream().anyMatch(row -> row.input() instanceof Input.Text text && text.value().contains(word));
    }

    @Override
    public void step(Experience experience, long step) {
      List<Example> rows = inner.rows(experience, step);
      if (has(rows, options.deadly())) {
        Runtime.getRuntime().halt(GONE);
      }
      if (has(rows, options.blocking()) && Files.notExists(Path.of(options.once()))) {
        block();
      }
      inner.step(experience, step);
    }

    private void block() {
      try {
        Files.createFile(Path.of(options.once()));
        new CountDownLatch(1).await();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public long steps(Experience experience) {
      return inner.steps(experience);
    }

    @Override
    public List<Example> rows(Experience experience, long step) {
      return inner.rows(experience, step);
    }

    @Override
    public List<String> classNames() {
      return inner.classNames();
    }

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      return inner.scores(inputs);
    }

    @Override
    public List<StatePart> state() {
      return inner.state();
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      inner.restore(state, past);
    }

    @Override
    public Footprint footprint() {
      return inner.footprint();
    }

    @Override
    public List<BrickInfo> bricks() {
      return inner.bricks();
    }

    @Override
    public void close() {
      inner.close();
    }
  }
}
