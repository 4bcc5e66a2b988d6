package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code perennial bench encoder}: the text encoder against ONNX Runtime, on the same texts and threads, in one process.
 */
@Command(
    name = "encoder",
    header = "Compare the text encoder with ONNX Runtime: texts a second, and how far outputs differ.",
    description = {
        "",
        "Both encode the same texts with the same model and as many threads, by turns. ONNX Runtime takes batches of 32 in "
            + "the order of arrival, padded to the longest; ours takes them as it always does. Finding the tokens is "
            + "timed on both sides. Without --data the texts are glosses of WordNet, which is built in."},
    footer = {
        "  ./perennial bench encoder",
        "  ./perennial bench encoder --data clinc150.jsonl.gz --text text --texts 5000 --json encoder.json"})
public final class EncoderBench implements Callable<Integer> {

  private static final int MOST_TEXTS = 1_000_000;

  @Option(names = "--data", paramLabel = "FILE", description = "A CSV, JSONL or Parquet file, plain or .gz.")
  private @Nullable Path data;

  @Option(names = "--text", paramLabel = "COL", description = "Column of the text.")
  private @Nullable String text;

  @Option(
      names = "--label",
      paramLabel = "COL",
      defaultValue = "label",
      description = "Column of the class, as tables here have one; it is not used. Default: ${DEFAULT-VALUE}.")
  private String label = "";

  @Option(
      names = "--texts",
      paramLabel = "N",
      defaultValue = "2000",
      description = "Texts to encode at most; each once. Default: ${DEFAULT-VALUE}.")
  private int texts;

  @Option(
      names = "--threads",
      paramLabel = "N",
      defaultValue = "2",
      description = "Threads that compute, on both sides. Default: ${DEFAULT-VALUE}.")
  private int threads;

  @Option(
      names = "--repeats",
      paramLabel = "N",
      defaultValue = "3",
      description = "How often each side is timed; the median counts. Default: ${DEFAULT-VALUE}.")
  private int repeats;

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private final LongSupplier ticker = System::nanoTime;

  /**
   * Measures, prints a table, and writes JSON where asked.
   *
   * @return 0
   * @throws UsageException if an option is out of range, or the data cannot be used
   * @throws dev.perennial.FailureException if ONNX Runtime cannot be loaded, or the figures cannot be written
   */
  @Override
  public Integer call() {
    Numbers.require("--texts", texts, 1, MOST_TEXTS);
    Numbers.require("--threads", threads, 1, 1024);
    Numbers.require("--repeats", repeats, 1, 1000);
    output.check();
    ProcessCommandLine.requireShort();
    List<Input> inputs = examples().stream().map(Example::input).toList();
    EncoderFigures figures =
        new EncoderComparison(ticker, spec.commandLine().getErr()).run(inputs, threads, repeats);
    output.write(figures);
    spec.commandLine().getOut().println(figures.text());
    return 0;
  }

  private List<Example> examples() {
    if (data == null) {
      if (text != null) {
        throw new UsageException("expected --data FILE with --text " + text + ", got no file: name the table");
      }
      return BenchTexts.wordNet(texts);
    }
    if (text == null) {
      throw new UsageException("expected --text COL with --data " + data + ", got none: name the column of the text");
    }
    return BenchTexts.table(data, text, label, texts);
  }
}
