package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.Options;
import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scenarios that there are, and what they have always been. */
final class ScenariosTest {

  /** An arrangement that is not in the service file of this module: rows by the length of their text. */
  @Arrangement.Named(name = "by-length", what = "longer texts", title = "A test", source = "here")
  public static final class ByLength implements Arrangement<ByLength.Lengths> {

    /**
     * The options.
     *
     * @param limit up to which texts are short
     */
    public record Lengths(int limit) {}

    @Override
    public Lengths defaults() {
      return new Lengths(4);
    }

    @Override
    public List<Experience> experiences(Lengths options, Dataset dataset, int tasks, long seed) {
      var experiences = new ArrayList<Experience>();
      for (boolean isShort : List.of(true, false)) {
        var rows = dataset.train().stream()
            .filter(row -> Rows.text(row).length() <= options.limit() == isShort).toList();
        experiences.add(
            new Experience(experiences.size(), isShort ? "short" : "long", ByClass.classes(rows), rows, List.of()));
      }
      return experiences;
    }
  }

  @TempDir Path dir;

  /** As someone would who ships a scenario: in a jar of its own with a service file. */
  @Test
  void load_jarWithAnArrangement_findsIt() throws IOException {
    Path jar = dir.resolve("mine.jar");
    try (var files = FileSystems.newFileSystem(URI.create("jar:" + jar.toUri()), Map.of("create", "true"))) {
      Files.createDirectories(files.getPath("META-INF/services"));
      Files.writeString(files.getPath("META-INF/services/" + Arrangement.class.getName()), ByLength.class.getName());
    }
    assertFalse(Scenarios.load().names().contains("by-length"));
    var rows = List.of(Example.of("abc", "x"), Example.of("abcdef", "y"), Example.of("abcdefgh", "x"));
    var dataset = new Dataset("texts", rows, List.of(), List.of(), Dataset.BadRows.none(3));
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (var loader = new URLClassLoader(new URL[] {jar.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      assertTrue(Scenarios.load().names().contains("by-length"));
      var stream = Streams.of(dataset, Scenario.of("by-length").withOption("limit", "6"), 2, 1);
      assertEquals(List.of(2, 1), stream.experiences().stream().map(e -> e.train().size()).toList());
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  @Test
  void list_everyScenario_hasWhatTitleSourceAndOptions() {
    var scenarios = Scenarios.load();
    assertTrue(scenarios.names().containsAll(List.of("class-incremental", "task-incremental", "domain-incremental",
        "online", "blurry", "gradual", "generalised-class-incremental", "few-shot", "multi-label", "hierarchical",
        "recurring", "drift", "data-incremental")), scenarios.names().toString());
    for (Scenarios.Entry entry : scenarios.list()) {
      assertTrue(entry.name().matches("[a-z]+(-[a-z]+)*"), entry.name());
      assertFalse(entry.what().isBlank(), entry.name());
      assertFalse(entry.title().isBlank(), entry.name());
      assertTrue(entry.source().matches("arXiv \\d{4}\\.\\d{4,5}"), entry.name());
      assertEquals(entry.options(),
          Options.flat(scenarios.choose(Scenario.of(entry.name())).options()), entry.name());
    }
  }

  private static List<Example> rows(int count, String part, boolean tasks, boolean ordered) {
    return IntStream.range(0, count)
        .mapToObj(i -> new Example(new Input.Text(part + " " + i), "label " + i % 7,
            tasks ? "task " + i % 7 % 3 : null, ordered ? (double) (i * 31 % 17) : null))
        .toList();
  }

  /** What version 0.1 made of the same rows: stores of that time must find the same stream. */
  @Test
  void of_firstThreeScenarios_areTheStreamsOfVersion01() {
    var digests = new ArrayList<String>();
    for (String id : List.of("class-incremental", "task-incremental", "domain-incremental")) {
      for (int kind = 0; kind < 4; kind++) {
        boolean tasks = kind >= 2;
        boolean ordered = kind % 2 == 1;
        var dataset = new Dataset("gold", rows(50, "train", tasks, ordered), List.of(),
            rows(21, "test", tasks, ordered), Dataset.BadRows.none(71));
        digests.add(Streams.of(dataset, Scenario.of(id), 3, 11).digest());
      }
    }
    assertEquals(List.of(
        "b8c08f3edb314451e64f6f1050ed64f213b94470ac182644498a420e7b33e87f",
        "8ce2fd3de511e9202e9f1d7bb38a8836502e611af64fecca94eeebef8b371fea",
        "21a4f8fc6429c006d98e7468f9a1be33ba0e47e7c3120a92b7951344242e5e4c",
        "775914bc76269486f046d9223e9860a5e3e45e635953d2bc32ee28bdfb7f87e5",
        "df1b2d13cc0fb7dd11c3f6b526ffa9325012eba867bf00fa6820b7c713538d48",
        "49af118fc32f0dcb43b5bc641e938023fc78f009737f2b21ddd1894bc29cfa62",
        "bdc5bb9e0de71ade6f0b93354233f9e8aaff820f2a8c5dd803398dd4fff65b8e",
        "ea1860f9502c05a34fbe09b583cacd283e7efd49a0428edab53ca15fa9fdfa97",
        "033b20aee913a593d885ac08cc7cc8fe883a5542d2a2e5350ae266e39dfe6020",
        "a92c94ba54dabf89481fc3861ca0e378018079b0a69e73c249f8dfa02fa41461",
        "6b5aa9c15ba516e6963206ca56a5f4327f24dc138194c4d6ef5dfd52769d9283",
        "23207f91e1d12f4b8b602c1695cab015d2937e8e378da934356adf3ed90a4b9c"), digests);
  }

  @Test
  void of_otherSeed_isAnotherStreamInEveryScenario() {
    for (String name : Scenarios.load().names()) {
      if (name.equals("multi-label") || name.equals("hierarchical")) {
        continue;
      }
      var scenario = name.equals("few-shot") ? Scenario.of(name).withOption("ways", "2") : Scenario.of(name);
      assertNotEquals(Streams.of(Rows.of(12, 3), scenario, 6, 1).digest(),
          Streams.of(Rows.of(12, 3), scenario, 6, 2).digest(), name);
    }
  }

  private static String refused(Dataset dataset, String scenario, int tasks, String... options) {
    var asked = Scenario.of(scenario);
    for (int i = 0; i < options.length; i += 2) {
      asked = asked.withOption(options[i], options[i + 1]);
    }
    Scenario with = asked;
    var message = String.valueOf(
        assertThrows(UsageException.class, () -> Streams.of(dataset, with, tasks, 1)).getMessage());
    assertEquals(1, message.lines().count());
    return message;
  }

  private static String refused(String scenario, int tasks, String... options) {
    return refused(Rows.of(6, 0), scenario, tasks, options);
  }

  @Test
  void of_unknownScenarioOrOption_namesWhatThereIs() {
    String message = refused("blury", 2);
    assertTrue(message.startsWith("expected a scenario among blurry, class-incremental, "), message);
    assertTrue(message.endsWith("; got blury; did you mean blurry?"), message);
    assertEquals("expected an option of scenario blurry, got shares: with their defaults there are share=0.1; "
        + "did you mean share?", refused("blurry", 2, "shares", "1"));
    assertEquals("expected sudden or gradual or recurring for the option kind of scenario drift, got \"slow\"",
        refused("drift", 2, "kind", "slow"));
  }

  @Test
  void of_optionOutOfRange_isRefused() {
    assertEquals("option of scenario blurry: expected a share between 0 and 0.9, got 1.0",
        refused("blurry", 2, "share", "1"));
    assertEquals("option of scenario gradual: expected a width between 0 and 1, got -0.1",
        refused("gradual", 2, "width", "-0.1"));
    assertEquals("option of scenario recurring: expected a share above 0 and at most 1, got 0.0",
        refused("recurring", 2, "share", "0"));
    assertEquals("option of scenario online: expected a chunk between 1 and 1000000 rows, got 0",
        refused("online", 2, "chunk", "0"));
    assertEquals("option of scenario generalised-class-incremental: expected a blurry share between 0 and 1, got NaN",
        refused("generalised-class-incremental", 2, "blurry", "NaN"));
    assertEquals("option of scenario drift: expected at least 2 concepts, got 1", refused("drift", 2, "concepts", "1"));
    assertEquals("option of scenario drift: expected at least 2 rounds, got 0", refused("drift", 2, "rounds", "0"));
    assertEquals("option of scenario few-shot: expected a base of at least 0 classes, and ways and shots of at least "
        + "1, got 0, 0 and 5", refused("few-shot", 2, "ways", "0"));
  }

  @Test
  void of_moreTasksThanClassesOrRowsAllow_isRefused() {
    assertEquals("numbers has 6 classes to learn and 7 tasks are asked for: give --tasks 6 or fewer",
        refused("blurry", 7));
    assertEquals("numbers has 6 classes to learn and 7 tasks are asked for: give --tasks 6 or fewer",
        refused("generalised-class-incremental", 7));
    assertEquals("numbers has 6 rows of the label 'class 00' to learn and 7 tasks are asked for: "
        + "give --tasks 6 or fewer, or drop the label", refused("data-incremental", 7));
    assertEquals("numbers has 36 rows to learn and 37 tasks are asked for: give --tasks 36 or fewer",
        refused("drift", 37));
    assertEquals("numbers: 1 task is asked for, and there is nothing to exchange rows with: "
        + "give --tasks 2 or more, or share=0", refused("blurry", 1));
    assertEquals("numbers has 6 classes to learn, and 2 tasks of 1 classes cannot bring them all: "
        + "give more --tasks, or a larger share", refused("recurring", 2));
    assertEquals("numbers has 6 rows of the label 'class 00' to learn, which comes back in 7 experiences: "
        + "give fewer --tasks, or a smaller share", refused("recurring", 7, "share", "1"));
    assertEquals("numbers has 6 classes to learn and 7 concepts are asked for: give concepts=6 or fewer",
        refused("drift", 2, "concepts", "7"));
    assertEquals("numbers has 6 rows of concept 1 to learn, and 9 rounds of it are asked for: "
        + "give fewer rounds, or more rows",
        refused("drift", 2, "kind", "recurring", "rounds", "9", "concepts", "6", "purity", "1"));
  }

  @Test
  void of_moreShotsOrWaysThanThereAre_isRefused() {
    assertEquals("numbers has 6 classes to learn, and 3 tasks need 7: 1 of the first, and 2 sessions of 3; "
        + "give fewer --tasks, ways or base classes", refused("few-shot", 3, "ways", "3"));
    String message = refused("few-shot", 2, "ways", "5", "shots", "7");
    assertTrue(message.matches("numbers has 6 rows of the label 'class 0\\d' to learn, and 7 shots are asked for: "
        + "give shots=6 or fewer, or drop it"), message);
  }

  @Test
  void of_onlineOfWhatCannotBe_isRefused() {
    for (String of : List.of("online", "task-incremental")) {
      assertEquals("expected of=SCENARIO for the scenario online, one that neither tells the task nor is online itself,"
          + " got " + of + ": of=class-incremental reports the figures with the task told too",
          refused("online", 2, "of", of));
    }
    assertTrue(refused("online", 2, "of", "nothing").startsWith("expected a scenario among "));
    assertEquals("numbers: the number of tasks is 0, expected 1 or more; give it with --tasks, or a column of tasks"
        + " with --task", refused("online", 0));
  }

  @Test
  void of_tasksOrSeveralLabelsWhereTheyAreOfNoUse_isRefused() {
    assertEquals("numbers: its rows name tasks, and the scenario recurring makes experiences of its own: "
        + "leave out --task, and give --tasks", refused(Rows.withDomains(Rows.of(6, 0)), "recurring", 2));
    var sets = new Dataset("sets", List.of(Example.of("t", Example.joined(List.of("a", "b")))), List.of(), List.of(),
        Dataset.BadRows.none(1));
    assertEquals("sets: some rows carry several labels, and the scenario class-incremental takes one a row: "
        + "use --scenario multi-label, or leave out --label-separator", refused(sets, "class-incremental", 1));
    assertEquals("numbers: no row carries several labels: say what stands between them with --label-separator, "
        + "or use --scenario class-incremental", refused("multi-label", 2));
  }
}
