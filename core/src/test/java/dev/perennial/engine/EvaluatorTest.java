package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.measure.AccuracyHistory;
import dev.perennial.measure.Cell;
import dev.perennial.measure.ClassCount;
import dev.perennial.measure.Metrics;
import dev.perennial.stream.Experience;
import dev.perennial.stream.Scenario;
import dev.perennial.stream.Streams;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Evaluations by hand: what counts as right with one label and with several, with and without the task told. */
final class EvaluatorTest {

  /** A learner that knows classes and gives every text scores that stand in a table. */
  private record Table(List<String> classNames, Map<String, float[]> table) implements Learner {

    @Override
    public Tensor scores(List<? extends Input> inputs) {
      float[] scores = new float[inputs.size() * classNames.size()];
      for (int i = 0; i < inputs.size(); i++) {
        float[] row = table.getOrDefault(((Input.Text) inputs.get(i)).value(), new float[classNames.size()]);
        System.arraycopy(row, 0, scores, i * classNames.size(), classNames.size());
      }
      return Tensors.floats(scores, inputs.size(), classNames.size());
    }

    @Override
    public long steps(Experience experience) {
      return 0;
    }

    @Override
    public void step(Experience experience, long step) {
      throw new IllegalStateException("it has no steps");
    }

    @Override
    public List<StatePart> state() {
      return List.of();
    }

    @Override
    public void restore(Map<String, StatePart> state, List<Experience> past) {
      throw new IllegalStateException("it has no state");
    }

    @Override
    public Footprint footprint() {
      return new Footprint(0, 0, 0);
    }

    @Override
    public List<BrickInfo> bricks() {
      return List.of();
    }

    @Override
    public void close() {}
  }

  private static Experience experience(int index, List<String> classes, Example... test) {
    return new Experience(index, "e" + index, classes, List.of(), List.of(test));
  }

  private static Example sets(String text, String... labels) {
    return Example.of(text, Example.joined(List.of(labels)));
  }

  /** Rows of a class, and what those that were wrong were taken for. */
  private static ClassCount count(long rows, long correct, long correctMasked, String... mistakes) {
    var counts = new TreeMap<String, Long>();
    List.of(mistakes).forEach(mistake -> counts.merge(mistake, 1L, Long::sum));
    return new ClassCount(rows, correct, correctMasked, counts);
  }

  @Test
  void evaluate_oneLabel_countsTheHighestScoreAmongAllAndAmongOwn() {
    var learner = new Table(List.of("a", "b", "c"), Map.of(
        "sure", new float[] {3, 1, 2}, "lost", new float[] {2, 1, 3}, "tie", new float[] {1, 1, 0}));
    var seen = List.of(
        experience(0, List.of("a", "b"), Example.of("sure", "a"), Example.of("lost", "a"), Example.of("tie", "b")),
        experience(1, List.of("c"), Example.of("sure", "c")));
    List<Cell> cells = Evaluator.evaluate(learner, seen).cells();
    assertEquals(Map.of("a", count(2, 1, 2, "c"), "b", count(1, 0, 0, "a")), cells.get(0).byClass());
    assertEquals(Map.of("c", count(1, 0, 1, "a")), cells.get(1).byClass());
  }

  /** A domain may have a class among its test rows only: then the mask takes no right prediction away. */
  @Test
  void evaluate_labelThatTheExperienceDidNotBring_isOwnToo() {
    var learner = new Table(List.of("a", "b"), Map.of("x", new float[] {0, 1}));
    var seen = List.of(experience(0, List.of("a"), Example.of("x", "b")));
    Cell cell = Evaluator.evaluate(learner, seen).cells().getFirst();
    assertEquals(Map.of("b", new ClassCount(1, 1, 1)), cell.byClass());
  }

  @Test
  void evaluate_labelThatIsNotKnown_isWrong() {
    var learner = new Table(List.of("a"), Map.of("x", new float[] {1}));
    var seen = List.of(experience(0, List.of("a"), Example.of("x", "new")));
    Cell cell = Evaluator.evaluate(learner, seen).cells().getFirst();
    assertEquals(Map.of("new", count(1, 0, 0, "a")), cell.byClass());
  }

  /** Of two known labels the two highest scores count; of those only the experience's own; unknown ones take no place. */
  @Test
  void evaluate_severalLabels_countsThoseAmongAsManyHighestScores() {
    var learner = new Table(List.of("a", "b", "c", "d"), Map.of(
        "both", new float[] {4, 3, 2, 1}, "half", new float[] {4, 1, 3, 2}, "far", new float[] {1, 2, 4, 3}));
    var own = experience(0, List.of("a", "b"), sets("both", "a", "b"), sets("half", "a", "b"), sets("far", "a", "d"),
        sets("far", "b", "unknown"));
    var other = experience(1, List.of("c", "d"), sets("far", "a", "d"));
    List<Cell> cells = Evaluator.evaluate(learner, List.of(own, other)).cells();
    // far {a, d}: c and d are highest, so d is right and a is not; among {a, b} alone b is highest.
    // far {b, unknown}: one known label, and c is highest; among {a, b} alone b is.
    // half {a, b}: a and c are highest, so b is taken for c, not for a, which is right too.
    assertEquals(Map.of("a", count(3, 2, 2, "c"), "b", count(3, 1, 3, "c", "c")), cells.get(0).byClass());
    assertEquals(Map.of("d", new ClassCount(1, 1, 0)), cells.get(1).byClass());
  }

  /** The figures of any scenario that brings all rows: every test row counts once, wherever its class comes again. */
  @Test
  void evaluate_experiencesThatShareClasses_countEveryTestRowOnce() {
    var rows = new ArrayList<Example>();
    var table = new HashMap<String, float[]>();
    var classes = List.of("a", "b", "c", "d", "e", "f");
    var random = CounterRandom.of(5, 1);
    for (int i = 0; i < 240; i++) {
      rows.add(Example.of("text " + i, classes.get(i % 6)));
      float[] scores = new float[6];
      for (int c = 0; c < 6; c++) {
        scores[c] = (float) random.gaussian(6L * i + c) + (c == i % 6 ? 1 : 0);
      }
      table.put("text " + i, scores);
    }
    var dataset = new Dataset("d", rows, List.of(), rows, Dataset.BadRows.none(480));
    long right = rows.stream()
        .filter(row -> row.label().equals(
            best(classes, table.getOrDefault(((Input.Text) row.input()).value(), new float[6]))))
        .count();
    var learner = new Table(classes, table);
    for (String name : List.of("blurry", "gradual", "generalised-class-incremental", "recurring", "drift",
        "data-incremental", "online")) {
      var scenario = name.equals("recurring") ? Scenario.of(name).withOption("share", "0.5") : Scenario.of(name);
      List<Experience> stages = Streams.of(dataset, scenario, 3, 7).stages();
      var history = AccuracyHistory.EMPTY;
      for (int i = 1; i <= stages.size(); i++) {
        history = history.with(Evaluator.evaluate(learner, stages.subList(0, i)));
      }
      Metrics metrics = Metrics.of(history, false);
      assertEquals((double) right / rows.size(), metrics.finalAccuracy(), 1e-12, name);
      assertEquals(rows.size(), history.last().cells().stream().mapToLong(Cell::rows).sum(), name);
      assertEquals(0, metrics.forgetting(), 1e-12, name);
      assertTrue(metrics.taskAccuracy() >= metrics.finalAccuracy(), name);
      if (name.equals("data-incremental")) {
        assertEquals(metrics.finalAccuracy(), metrics.taskAccuracy(), "to know the experience tells nothing");
      }
    }
  }

  private static String best(List<String> classes, float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return classes.get(best);
  }
}
