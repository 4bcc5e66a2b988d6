package dev.perennial.bench;

import dev.perennial.KeyValues;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbones;
import dev.perennial.budget.Budget;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.RunSpec;
import dev.perennial.stream.Arrangement;
import dev.perennial.stream.Scenario;
import dev.perennial.stream.Scenarios;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that say what stream is learned, on which network and with what: of every command that learns. */
public final class StreamOptions {

  @Option(
      names = "--data",
      arity = "1..*",
      paramLabel = "FILE",
      description = "What to learn: one or more CSV, JSONL or Parquet files, plain or .gz; or one directory of IDX "
          + "images; or wordnet, which is built in, or wordnet-subtrees, the same as 200 tasks.")
  private List<String> data = new ArrayList<>();

  @Option(names = "--text", paramLabel = "COL", description = "Column of the text.")
  private @Nullable String text;

  @Option(names = "--label", paramLabel = "COL", description = "Column of the class.")
  private @Nullable String label;

  @Option(
      names = "--label-separator",
      paramLabel = "TEXT",
      description = "What stands between the classes in the label column, where a row has several; for --scenario "
          + "multi-label.")
  private @Nullable String labelSeparator;

  @Option(
      names = "--split",
      paramLabel = "COL",
      description = "Column that says test (to evaluate on), validation (to tune on) or anything else (to learn). "
          + "Without it a fifth of each class is held out for testing.")
  private @Nullable String split;

  @Option(
      names = "--task",
      paramLabel = "COL",
      description = "Column that names the experience of a row; of wordnet, " + DataSpec.PART_OF_SPEECH + ".")
  private @Nullable String task;

  @Option(names = "--order", paramLabel = "COL", description = "Column of the time by which rows come.")
  private @Nullable String order;

  @Option(names = "--drop-label", paramLabel = "LABEL", description = "A class to leave out. Can be repeated.")
  private List<String> dropLabels = new ArrayList<>();

  @Option(
      names = "--max-bad-rows",
      paramLabel = "N",
      defaultValue = "0",
      description = "Rows that may be unusable before the run is refused. Default: ${DEFAULT-VALUE}.")
  private long maxBadRows;

  @Option(
      names = "--max-per-class",
      paramLabel = "N",
      defaultValue = "0",
      description = "Rows of a class to learn at most; 0 for all, for wordnet 300. Default: ${DEFAULT-VALUE}.")
  private int maxPerClass;

  @Option(
      names = "--scenario",
      paramLabel = "NAME",
      defaultValue = "class-incremental",
      description = "How the rows become a stream; ./perennial scenarios lists them. Default: ${DEFAULT-VALUE}.")
  private String scenario = "";

  @Option(
      names = "--scenario-option",
      arity = "1..*",
      paramLabel = "k=v",
      description = "An option of the scenario. Can be repeated.")
  private List<String> scenarioOptions = new ArrayList<>();

  @Option(
      names = "--tasks",
      paramLabel = "N",
      description = "How many experiences there are. Needed, unless a --task column or the scenario says it.")
  private @Nullable Integer tasks;

  @Option(
      names = "--backbone",
      paramLabel = "NAME",
      defaultValue = "",
      description = "The frozen network: minilm, bge-small-en, or a directory in Hugging Face's layout, with @MB "
          + "after it for so many megabytes of one that was shrunk; for images mlp or convnet. Default: minilm for texts, mlp for images.")
  private String backbone = "";

  @Option(
      names = "--seed",
      paramLabel = "S",
      defaultValue = "1",
      description = "Decides every random choice. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--device",
      paramLabel = "NAME",
      defaultValue = "cpu",
      description = "Where the backbone computes: cpu, cuda or cuda:N, which need libtorch's CUDA build on the class "
          + "path. Default: ${DEFAULT-VALUE}.")
  private String device = "";

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  /** No option is given yet. */
  public StreamOptions() {}

  /**
   * A run over what is asked for.
   *
   * @throws UsageException if something is missing, out of range, or does not go with the kind of data
   */
  public RunSpec run(String technique, Map<String, String> options, Budget budget) {
    Scenario asked = scenario();
    boolean counted = Scenarios.load().choose(asked).has(Arrangement.Trait.COUNTS_ITSELF);
    if (tasks == null && task == null && !counted && !DataSpec.namesTasks(data)) {
      throw new UsageException(
          "expected --tasks N, got none: say how many experiences there are, or name their column with --task");
    }
    return new RunSpec(
        dataSpec(), asked, tasks == null ? 0 : tasks, technique, new TreeMap<>(options), Backbones.fromAnywhere(backbone),
        device, budget, seed, threads == null ? Runtime.getRuntime().availableProcessors() : threads);
  }

  /** The same options as words of a command line; those that are not given are left out. */
  public List<String> words() {
    var words = new ArrayList<String>(List.of("--data"));
    words.addAll(data);
    words.addAll(columns());
    add(words, "--max-bad-rows", maxBadRows == 0 ? null : maxBadRows);
    add(words, "--max-per-class", maxPerClass == 0 ? null : maxPerClass);
    add(words, "--scenario", scenario.equals("class-incremental") ? null : scenario);
    scenarioOptions.forEach(option -> add(words, "--scenario-option", option));
    add(words, "--tasks", tasks);
    add(words, "--backbone", backbone.isEmpty() ? null : backbone);
    add(words, "--seed", seed == 1 ? null : seed);
    add(words, "--device", device.equals("cpu") ? null : device);
    add(words, "--threads", threads);
    return words;
  }

  /** Of these, the ones that name what is in the columns of a table. */
  private List<String> columns() {
    var words = new ArrayList<String>();
    add(words, "--text", text);
    add(words, "--label", label);
    add(words, "--label-separator", labelSeparator);
    add(words, "--split", split);
    add(words, "--task", task);
    add(words, "--order", order);
    dropLabels.forEach(dropped -> add(words, "--drop-label", dropped));
    return words;
  }

  private static void add(List<String> words, String option, @Nullable Object value) {
    if (value != null) {
      words.add(option);
      words.add(value.toString());
    }
  }

  private DataSpec dataSpec() {
    boolean wordNet = DataSpec.isBuiltIn(data);
    boolean images = data.size() == 1 && Files.isDirectory(Path.of(data.getFirst()));
    List<String> columns = columns();
    boolean partsOfSpeech = data.equals(List.of(DataSpec.WORDNET)) && columns.equals(List.of("--task", DataSpec.PART_OF_SPEECH));
    if ((wordNet || images) && !columns.isEmpty() && !partsOfSpeech) {
      throw new UsageException(columns.getFirst() + " is for tables, and "
          + (wordNet ? data.getFirst() : "a directory of images") + " has no columns: leave it out");
    }
    List<String> sources = wordNet ? data : data.stream().map(file -> Path.of(file).toAbsolutePath() + "").toList();
    return new DataSpec(
        sources, text, label, split, task, order, dropLabels, maxBadRows, maxPerClass, 0, false, labelSeparator, 0);
  }

  /** The scenario, with files among its options named so that a run can be resumed from anywhere. */
  private Scenario scenario() {
    var asked = new TreeMap<>(KeyValues.of("--scenario-option", scenarioOptions));
    asked.replaceAll((name, value) -> Files.isRegularFile(Path.of(value)) ? Path.of(value).toAbsolutePath() + "" : value);
    return new Scenario(scenario, asked);
  }
}
