package dev.perennial.bench.suite;

import dev.perennial.KeyValues;
import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunSpec;
import dev.perennial.stream.Scenario;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what stream a suite is run on. */
final class DataOptions {

  static final String SPLIT = "split-fashion-mnist";
  static final String PERMUTED = "permuted-fashion-mnist";
  static final String WORDNET = "wordnet";
  static final String CLINC = "clinc150";
  private static final List<String> NAMES = List.of(SPLIT, PERMUTED, WORDNET, CLINC);

  private static final int WORDNET_ROWS = 300;
  private static final int WORDNET_TEST_ROWS = 60;
  private static final int WORDNET_TASKS = 9;
  private static final int CLINC_TASKS = 10;

  private static final List<Path> CLINC_FILES =
      List.of(Path.of("clinc150.jsonl.gz"), Path.of("data", "clinc150.jsonl.gz"));

  @Option(
      names = "--data",
      paramLabel = "PATH",
      description = "Where a suite's data lies: a directory of IDX images for those of Fashion-MNIST (default: where "
          + "Debian's package dataset-fashion-mnist puts it), the file for clinc150 (default: clinc150.jsonl.gz here).")
  private @Nullable Path data;

  @Option(names = "--text", paramLabel = "COL", description = "Of your own FILE: column of the text.")
  private @Nullable String text;

  @Option(names = "--label", paramLabel = "COL", description = "Of your own FILE: column of the class.")
  private @Nullable String label;

  @Option(
      names = "--split",
      paramLabel = "COL",
      description = "Of your own FILE: column that says test, validation or anything else. Without it a fifth of each "
          + "class is held out for testing.")
  private @Nullable String split;

  @Option(names = "--drop-label", paramLabel = "LABEL",
      description = "Of your own FILE: a class to leave out. Can be repeated.")
  private List<String> dropLabels = new ArrayList<>();

  @Option(names = "--tasks", paramLabel = "N", description = "Of your own FILE: how many experiences there are.")
  private @Nullable Integer tasks;

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      description = "Of your own FILE: class-incremental (the default), task-incremental or domain-incremental.")
  private @Nullable String scenario;

  @Option(
      names = "--scenario-option",
      paramLabel = "k=v",
      description = "An option of the scenario, such as classes=shuffled, with which the seed also decides the order of "
          + "the classes of split-fashion-mnist; ./perennial scenarios lists them. Can be repeated.")
  private List<String> scenarioOptions = new ArrayList<>();

  @Option(names = "--backbone", paramLabel = "NAME",
      description = "Another network than the suite's, as for the command learn.")
  private @Nullable String backbone;

  @Option(
      names = "--max-per-class",
      paramLabel = "N",
      description = "Rows of a class to learn at most. Default: all, of wordnet " + WORDNET_ROWS + ".")
  private @Nullable Integer maxPerClass;

  @Option(
      names = "--max-test-per-class",
      paramLabel = "N",
      description = "Rows of a class to evaluate on at most. Default: all, of wordnet " + WORDNET_TEST_ROWS + ".")
  private @Nullable Integer maxTestPerClass;

  /**
   * The stream of that name.
   *
   * @throws UsageException if there is none, its data is not there, or an option does not go with it
   */
  Setting setting(String name) {
    Setting setting = named(name);
    if (backbone != null) {
      boolean directory = Files.isDirectory(Path.of(backbone));
      setting = setting.on(directory ? Path.of(backbone).toAbsolutePath().toString() : backbone);
    }
    setting = setting.arranged(KeyValues.of("--scenario-option", scenarioOptions));
    if (maxPerClass != null) {
      setting = setting.with(setting.data().withMaxPerClass(maxPerClass));
    }
    if (maxTestPerClass != null) {
      setting = setting.with(setting.data().withMaxTestPerClass(maxTestPerClass));
    }
    return setting;
  }

  private Setting named(String name) {
    if (NAMES.contains(name)) {
      refuseColumns(name);
    }
    return switch (name) {
      case SPLIT -> Setting.splitImages(name, FashionMnist.directory(name, data).toString());
      case PERMUTED -> Setting.permutedImages(name, FashionMnist.directory(name, data).toString());
      case WORDNET -> {
        if (data != null) {
          throw new UsageException("--data is not for wordnet, which is built in: leave it out");
        }
        yield Setting.texts(name, DataSpec.wordnet(WORDNET_ROWS).withMaxTestPerClass(WORDNET_TEST_ROWS),
            Scenario.CLASS_INCREMENTAL, WORDNET_TASKS);
      }
      case CLINC -> Setting.texts(name, new DataSpec(List.of(clinc()), "text", "label", "split", null, null,
          List.of("out_of_scope"), 0, 0, 0, false), Scenario.CLASS_INCREMENTAL, CLINC_TASKS);
      default -> own(name);
    };
  }

  private void refuseColumns(String name) {
    if (text != null || label != null || split != null || tasks != null || scenario != null || !dropLabels.isEmpty()) {
      throw new UsageException("--text, --label, --split, --drop-label, --tasks and --scenario are for a FILE of your"
          + " own, and " + name + " has its own setting: leave them out");
    }
  }

  private String clinc() {
    List<Path> places = data == null ? CLINC_FILES : List.of(data);
    for (Path place : places) {
      if (Files.isRegularFile(place)) {
        return place.toAbsolutePath().normalize().toString();
      }
    }
    throw new UsageException("expected CLINC150 as a table with the columns text, label and split, found none at "
        + places.getFirst() + ": name the file with --data FILE");
  }

  private Setting own(String name) {
    Path file = existing(name);
    if (data != null) {
      throw new UsageException("expected one source of data, got the file " + name + " and --data " + data
          + ": leave one out");
    }
    if (text == null || label == null || tasks == null) {
      throw new UsageException("expected --text COL, --label COL and --tasks N with a file of your own, got no "
          + (text == null ? "--text" : label == null ? "--label" : "--tasks") + ": give it");
    }
    var spec = new DataSpec(List.of(file.toAbsolutePath().normalize().toString()), text, label, split, null, null,
        dropLabels, 0, 0, 0, false);
    Scenario chosen = scenario == null ? Scenario.CLASS_INCREMENTAL : RunSpec.scenario(scenario);
    return Setting.texts(file.getFileName().toString(), spec, chosen, tasks);
  }

  private static Path existing(String name) {
    try {
      Path file = Path.of(name);
      if (Files.isRegularFile(file)) {
        return file;
      }
    } catch (InvalidPathException e) {
      throw unknown(name, e);
    }
    throw unknown(name, null);
  }

  private static UsageException unknown(String name, @Nullable Exception cause) {
    String message = "expected a suite among " + String.join(", ", NAMES) + ", or a file of your own, got " + name
        + Spelling.suggestion(name, NAMES);
    return cause == null ? new UsageException(message) : new UsageException(message, cause);
  }
}
