package dev.perennial.stream;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class StreamsTest {

  /** What a generated dataset looks like: row i has class i mod classes, and the task and order of the shape. */
  private record Shape(int rows, int classes, int tasks, boolean ordered) {

    /** Without tasks where there are 0; each class is in one task, and each task has a class. */
    Dataset dataset() {
      var train = rows(rows, "train");
      return new Dataset("shape", train, rows(classes, "validation"), rows(rows / 3, "test"),
          Dataset.BadRows.none(rows));
    }

    private List<Example> rows(int count, String part) {
      return IntStream.range(0, count).mapToObj(i -> {
        int label = i % classes;
        @Nullable String task = tasks == 0 ? null : "task " + label % tasks;
        @Nullable Double order = ordered ? (double) (i * 31 % 17) : null;
        return new Example(new Input.Text(part + " " + i), "label " + label, task, order);
      }).toList();
    }
  }

  private static final List<Scenario> FIRST_THREE =
      List.of(Scenario.CLASS_INCREMENTAL, Scenario.TASK_INCREMENTAL, Scenario.DOMAIN_INCREMENTAL);

  @Provide
  Arbitrary<Scenario> firstThree() {
    return Arbitraries.of(FIRST_THREE);
  }

  @Provide
  Arbitrary<Shape> untasked() {
    return shapes(Arbitraries.just(0));
  }

  @Provide
  Arbitrary<Shape> tasked() {
    return shapes(Arbitraries.integers().between(1, 6));
  }

  private static Arbitrary<Shape> shapes(Arbitrary<Integer> tasks) {
    var more = Arbitraries.integers().between(0, 60);
    var classes = Arbitraries.integers().between(6, 20);
    return Combinators.combine(more, classes, tasks, Arbitraries.of(true, false))
        .as((m, c, t, ordered) -> new Shape(c + m, c, t, ordered));
  }

  @Property(tries = 150)
  void of_anyScenario_losesAndDoublesNoRow(
      @ForAll("untasked") Shape shape, @ForAll("firstThree") Scenario scenario,
      @ForAll @IntRange(min = 1, max = 6) int tasks,
      @ForAll long seed) {
    assertWhole(shape.dataset(), Streams.of(shape.dataset(), scenario, tasks, seed));
  }

  @Property(tries = 150)
  void of_tasksNamed_losesAndDoublesNoRowAndFollowsTheTasks(
      @ForAll("tasked") Shape shape, @ForAll("firstThree") Scenario scenario, @ForAll long seed) {
    var stream = Streams.of(shape.dataset(), scenario, 0, seed);
    assertWhole(shape.dataset(), stream);
    assertEquals(shape.tasks(), stream.experiences().size());
    for (var experience : stream.experiences()) {
      var tasks = new HashSet<@Nullable String>();
      experience.train().forEach(row -> tasks.add(row.task()));
      experience.test().forEach(row -> tasks.add(row.task()));
      assertEquals(List.of(experience.name()), List.copyOf(tasks));
    }
    assertEquals(stream, Streams.of(shape.dataset(), scenario, shape.tasks(), seed));
  }

  private static void assertWhole(Dataset dataset, Stream stream) {
    assertSame(dataset.train(), stream, Experience::train);
    assertSame(dataset.test(), stream, Experience::test);
    for (int i = 0; i < stream.experiences().size(); i++) {
      var experience = stream.experiences().get(i);
      assertEquals(i, experience.index());
      assertTrue(!experience.train().isEmpty());
      assertEquals(
          experience.train().stream().map(Example::label).collect(toSet()), new HashSet<>(experience.classes()));
      assertEquals(experience.classes().size(), new HashSet<>(experience.classes()).size());
    }
  }

  private static void assertSame(List<Example> rows, Stream stream, Function<Experience, List<Example>> part) {
    var dealt = new ArrayList<Example>();
    stream.experiences().forEach(e -> dealt.addAll(part.apply(e)));
    Comparator<Example> byText = Comparator.comparing(row -> ((Input.Text) row.input()).value());
    dealt.sort(byText);
    assertEquals(rows.stream().sorted(byText).toList(), dealt);
  }

  @Property(tries = 100)
  void of_classIncremental_cutsClassesIntoEvenGroupsOfTheirOwn(
      @ForAll("untasked") Shape shape, @ForAll @IntRange(min = 1, max = 6) int tasks, @ForAll long seed) {
    var stream = Streams.of(shape.dataset(), Scenario.CLASS_INCREMENTAL, tasks, seed);
    var sizes = stream.experiences().stream().map(e -> e.classes().size()).toList();
    assertEquals(tasks, sizes.size());
    assertEquals(shape.classes(), sizes.stream().mapToInt(Integer::intValue).sum());
    assertEquals(sizes.stream().sorted(Comparator.reverseOrder()).toList(), sizes);
    assertTrue(sizes.getFirst() - sizes.getLast() <= 1);
    assertEquals(shape.classes(), stream.classes().size());
    for (var experience : stream.experiences()) {
      experience.test().forEach(row -> assertTrue(experience.classes().contains(row.label())));
    }
    var told = Streams.of(shape.dataset(), Scenario.TASK_INCREMENTAL, tasks, seed);
    assertEquals(stream.experiences(), told.experiences());
  }

  @Property(tries = 100)
  void of_domainIncremental_cutsRowsIntoEvenSlices(
      @ForAll("untasked") Shape shape, @ForAll @IntRange(min = 1, max = 6) int tasks, @ForAll long seed) {
    var stream = Streams.of(shape.dataset(), Scenario.DOMAIN_INCREMENTAL, tasks, seed);
    for (Function<Experience, List<Example>> part : List.<Function<Experience, List<Example>>>of(
        Experience::train, Experience::test)) {
      var sizes = stream.experiences().stream().map(e -> part.apply(e).size()).toList();
      assertEquals(tasks, sizes.size());
      assertEquals(sizes.stream().sorted(Comparator.reverseOrder()).toList(), sizes);
      assertTrue(sizes.getFirst() - sizes.getLast() <= 1);
    }
  }

  @Property(tries = 100)
  void of_rowsWithOrder_arriveByItAndThenAsTheDatasetHasThem(
      @ForAll("untasked") Shape shape, @ForAll("firstThree") Scenario scenario, @ForAll long seed) {
    var dataset = new Shape(shape.rows(), shape.classes(), 0, true).dataset();
    Comparator<Example> arrival = Comparator
        .comparing((Example row) -> Objects.requireNonNull(row.order())).thenComparing(dataset.train()::indexOf);
    var stream = Streams.of(dataset, scenario, 3, seed);
    for (var experience : stream.experiences()) {
      assertEquals(experience.train().stream().sorted(arrival).toList(), experience.train());
    }
    if (scenario.equals(Scenario.DOMAIN_INCREMENTAL)) {
      var all = stream.experiences().stream().flatMap(e -> e.train().stream()).toList();
      assertEquals(dataset.train().stream().sorted(arrival).toList(), all);
    }
  }

  @Property(tries = 50)
  void of_sameSeed_isTheSameStream(
      @ForAll("untasked") Shape shape, @ForAll("firstThree") Scenario scenario, @ForAll long seed) {
    var stream = Streams.of(shape.dataset(), scenario, 2, seed);
    assertEquals(stream, Streams.of(shape.dataset(), scenario, 2, seed));
    assertEquals(stream.digest(), Streams.of(shape.dataset(), scenario, 2, seed).digest());
  }

  @Test
  void of_otherSeed_isAnotherOrderOfClassesTasksAndRows() {
    var untasked = new Shape(200, 20, 0, false).dataset();
    var one = Streams.of(untasked, Scenario.CLASS_INCREMENTAL, 4, 1);
    var other = Streams.of(untasked, Scenario.CLASS_INCREMENTAL, 4, 2);
    assertNotEquals(one.classes(), other.classes());
    assertNotEquals(
        Streams.of(untasked, Scenario.DOMAIN_INCREMENTAL, 4, 1).experiences().getFirst().test(),
        Streams.of(untasked, Scenario.DOMAIN_INCREMENTAL, 4, 2).experiences().getFirst().test());
    var tasked = new Shape(200, 20, 20, false).dataset();
    assertNotEquals(names(Streams.of(tasked, Scenario.CLASS_INCREMENTAL, 0, 1)),
        names(Streams.of(tasked, Scenario.CLASS_INCREMENTAL, 0, 2)));
    var single = new Shape(200, 6, 1, false).dataset();
    assertNotEquals(Streams.of(single, Scenario.CLASS_INCREMENTAL, 1, 1).experiences().getFirst().train(),
        Streams.of(single, Scenario.CLASS_INCREMENTAL, 1, 2).experiences().getFirst().train());
  }

  private static List<String> names(Stream stream) {
    return stream.experiences().stream().map(Experience::name).toList();
  }

  @Test
  void of_rowsOfTheDatasetReordered_keepsTheClassesOfEachExperience() {
    var dataset = new Shape(100, 10, 0, false).dataset();
    var turned = new Dataset("turned", dataset.train().reversed(), List.of(), dataset.test(), dataset.badRows());
    assertEquals(Streams.of(dataset, Scenario.CLASS_INCREMENTAL, 3, 5).classes(),
        Streams.of(turned, Scenario.CLASS_INCREMENTAL, 3, 5).classes());
  }

  @Test
  void of_tasksWithOrder_comeByTheirEarliestRow() {
    var rows = List.of(row("a", "late", 3.0), row("b", "early", 5.0), row("a", "late", 9.0), row("c", "first", -1.0),
        row("b", "early", 2.0));
    var dataset = new Dataset("d", rows, List.of(), List.of(), Dataset.BadRows.none(5));
    assertEquals(List.of("first", "early", "late"), names(Streams.of(dataset, Scenario.DOMAIN_INCREMENTAL, 3, 1)));
    assertEquals(List.of("first", "early", "late"), names(Streams.of(dataset, Scenario.CLASS_INCREMENTAL, 0, 7)));
  }

  private static Example row(String label, @Nullable String task, @Nullable Double order) {
    return new Example(new Input.Text("text"), label, task, order);
  }

  private static String refused(List<Example> train, List<Example> test, Scenario scenario, int tasks) {
    var dataset = new Dataset("data.csv", train, List.of(), test, Dataset.BadRows.none(train.size() + test.size()));
    var message = String.valueOf(
        assertThrows(UsageException.class, () -> Streams.of(dataset, scenario, tasks, 1)).getMessage());
    assertEquals(1, message.lines().count());
    return message;
  }

  @Test
  void of_tasksNeitherGivenNorNamed_isRefused() {
    for (var scenario : FIRST_THREE) {
      for (int tasks : new int[] {0, -1}) {
        assertEquals(
            "data.csv: the number of tasks is " + tasks
                + ", expected 1 or more; give it with --tasks, or a column of tasks with --task",
            refused(List.of(row("a", null, null)), List.of(), scenario, tasks));
      }
    }
  }

  @Test
  void of_fewerClassesThanTasks_isRefused() {
    assertEquals(
        "data.csv has 2 classes to learn and 3 tasks are asked for: give --tasks 2 or fewer",
        refused(List.of(row("a", null, null), row("b", null, null), row("b", null, null)), List.of(),
            Scenario.CLASS_INCREMENTAL, 3));
  }

  @Test
  void of_fewerRowsThanSlices_isRefused() {
    assertEquals(
        "data.csv has 2 rows to learn and 3 tasks are asked for: give --tasks 2 or fewer",
        refused(List.of(row("a", null, null), row("b", null, null)), List.of(), Scenario.DOMAIN_INCREMENTAL, 3));
  }

  @Test
  void of_otherNumberOfTasksThanNamed_isRefused() {
    assertEquals(
        "data.csv: 3 tasks are asked for, and its rows name 2; give --tasks 2, or leave it or --task out",
        refused(List.of(row("a", "t", null), row("b", "u", null)), List.of(), Scenario.TASK_INCREMENTAL, 3));
  }

  @Test
  void of_taskWithoutTrainingRows_isRefused() {
    assertEquals(
        "data.csv: the task 'u' has test rows and no training rows; give it some, or take its test rows out",
        refused(List.of(row("a", "t", null)), List.of(row("a", "u", null)), Scenario.DOMAIN_INCREMENTAL, 0));
  }

  @Test
  void of_labelInTwoTasks_isRefusedWhereClassesArriveOnce() {
    var rows = List.of(row("a", "t", 1.0), row("a", "u", 2.0));
    assertEquals(
        "data.csv: the label 'a' occurs in the tasks 't' and 'u', and a label can arrive once only; "
            + "use --scenario domain-incremental, or leave out --task",
        refused(rows, List.of(), Scenario.CLASS_INCREMENTAL, 0));
  }

  @Test
  void of_taskOrOrderOnSomeRowsOnly_isRefused() {
    assertEquals(
        "data.csv: 1 of 2 rows have a task, expected all or none; complete that column, or leave it out",
        refused(List.of(row("a", "t", null)), List.of(row("a", null, null)), Scenario.CLASS_INCREMENTAL, 0));
    assertEquals(
        "data.csv: 2 of 3 rows have an order, expected all or none; complete that column, or leave it out",
        refused(List.of(row("a", null, 1.0), row("a", null, null)), List.of(row("a", null, 1.0)),
            Scenario.CLASS_INCREMENTAL, 1));
  }
}
