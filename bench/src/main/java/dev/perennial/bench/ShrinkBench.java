package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.TableOptions;
import dev.perennial.data.Tables;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench shrink}: what an encoder's features are worth at fewer bits, and after pruning. */
@Command(
    name = "shrink",
    header = "Measure accuracy with a text encoder at fewer bits a weight, and pruned, before and after retraining.",
    description = {
        "",
        "The head is analytic, on 2,048 random features. It is fitted twice: on the features of the encoder at full "
            + "precision (head kept), and on those of the smaller encoder (head fitted anew). Retraining, calibration and the "
            + "choice of bits see texts to learn, without labels; accuracy is that on test rows."},
    footer = {
        "  ./perennial bench shrink --data clinc150.jsonl.gz --text text --label label --split split --seeds 3",
        "  ./perennial bench shrink --data mail.csv --text body --label folder --methods bitstack --bits 4,2"})
public final class ShrinkBench implements Callable<Integer> {

  @Option(names = "--data", required = true, arity = "1..*", paramLabel = "FILE",
      description = "CSV, JSONL or Parquet files, plain or .gz.")
  private List<Path> data = new ArrayList<>();

  @Option(names = "--text", required = true, paramLabel = "COL", description = "Column of the text.")
  private String text = "";

  @Option(names = "--label", required = true, paramLabel = "COL", description = "Column of the class.")
  private String label = "";

  @Option(names = "--split", paramLabel = "COL",
      description = "Column that says test, validation or anything else. Without it a fifth of each class is held out.")
  private @Nullable String split;

  @Option(names = "--drop-label", paramLabel = "LABEL", description = "A class to leave out. Can be repeated.")
  private List<String> dropLabels = new ArrayList<>();

  @Option(names = "--max-per-class", paramLabel = "N", defaultValue = "20",
      description = "Rows of a class to learn at most; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int maxPerClass;

  @Option(names = "--max-test-per-class", paramLabel = "N", defaultValue = "0",
      description = "Rows of a class to test on at most; 0 for all. Default: ${DEFAULT-VALUE}.")
  private int maxTestPerClass;

  @Option(names = "--backbone", paramLabel = "NAME", defaultValue = "minilm",
      description = "The text encoder. Default: ${DEFAULT-VALUE}.")
  private String backbone = "";

  @Option(names = "--methods", split = ",", paramLabel = "NAME", defaultValue = "bitstack,nested,perp,once-for-all",
      description = "What to measure, with commas between. Default: ${DEFAULT-VALUE}.")
  private List<String> methods = new ArrayList<>();

  @Option(names = "--bits", split = ",", paramLabel = "B", defaultValue = "4,3,2",
      description = "Bits a weight, with commas between. Default: ${DEFAULT-VALUE}.")
  private List<Double> bits = new ArrayList<>();

  @Option(names = "--rank", paramLabel = "K", defaultValue = "4",
      description = "Rank of a block of bitstack. Default: ${DEFAULT-VALUE}.")
  private int rank;

  @Option(names = "--sparsity", paramLabel = "S", defaultValue = "0.5",
      description = "Share of the weights that perp prunes. Default: ${DEFAULT-VALUE}.")
  private double sparsity;

  @Option(names = "--steps", paramLabel = "N", defaultValue = "150",
      description = "Steps of retraining, of 32 texts each; three times as many for once-for-all. Default: ${DEFAULT-VALUE}.")
  private int steps;

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "1",
      description = "How many seeds, from 1 on: they decide rows, random features and batches. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or the data cannot be used
   */
  @Override
  public Integer call() {
    Numbers.require("--seeds", seeds, 1, 100);
    Numbers.require("--steps", steps, 1, 100_000);
    Numbers.require("--max-per-class", maxPerClass, 0, 1_000_000);
    Numbers.require("--max-test-per-class", maxTestPerClass, 0, 1_000_000);
    for (double count : bits) {
      if (!(count >= 1 && count <= 16)) {
        throw new UsageException("expected --bits between 1 and 16, got " + count + ": give other numbers");
      }
    }
    List<String> known = List.of("bitstack", "nested", "perp", "once-for-all");
    for (String method : methods) {
      if (!known.contains(method)) {
        throw new UsageException("expected --methods among " + String.join(", ", known) + ", got " + method);
      }
    }
    output.check();
    PrintWriter err = spec.commandLine().getErr();
    int processors = threads == null ? Runtime.getRuntime().availableProcessors() : threads;
    var asked = new ShrinkMeasure.Asked(backbone, List.copyOf(methods), List.copyOf(bits), rank, sparsity, steps, processors);
    var runs = new ArrayList<List<ShrinkFigures.Run>>();
    int learned = 0;
    int tested = 0;
    for (long seed = 1; seed <= seeds; seed++) {
      Dataset rows = Tables.read(new TableOptions(data, text, label, split, null, null, TableOptions.DEFAULT_HOLD_OUT, 0,
          dropLabels, null), seed);
      var texts = ShrinkTexts.of(rows, maxPerClass, maxTestPerClass, seed);
      learned = texts.train().size();
      tested = texts.test().size();
      long number = seed;
      runs.add(new ShrinkMeasure(asked, texts, seed, line -> {
        err.println("shrink: seed " + number + " of " + seeds + ": " + line);
        err.flush();
      }).run());
    }
    var figures = ShrinkFigures.of(Machine.here(processors), backbone, learned, tested, seeds, runs);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }
}
