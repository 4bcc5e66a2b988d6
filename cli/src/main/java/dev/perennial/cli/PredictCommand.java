package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.engine.Prediction;
import dev.perennial.engine.Predictor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial predict}: the classes of texts. */
@Command(
    name = "predict",
    header = "Predict the classes of texts with what a store has learned.",
    description = {
        "",
        "One line for each text, in the order given: class and score, best first, then the text, between tabs. A score "
            + "says how a class compares with the others of the same text. Of a store that was learned with --open, a text that "
            + "is of no known class is called unknown, and the score is its familiarity. A run may be learning into the store "
            + "meanwhile: its last commit is used."},
    footer = {
        "  ./perennial predict --store clinc \"how much is 20 euros in yen\" \"wake me at six\"",
        "  ./perennial predict --store clinc --top 3 --json - < texts.txt > predictions.jsonl",
        "  ./perennial predict --store clinc -- \"--a text that begins with dashes\""})
final class PredictCommand implements Runnable {

  /** Enough to batch texts by length, few enough that answers come soon. */
  private static final int BATCH = 256;

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where what was learned is kept.")
  private Path store = Path.of("");

  @Option(
      names = "--top",
      paramLabel = "K",
      defaultValue = "1",
      description = "How many classes to name for each text. Default: ${DEFAULT-VALUE}.")
  private int top;

  @Option(names = "--no-reject", description = "Name a known class for every text, of a store learned with --open too.")
  private boolean keepAll;

  @Option(names = "--json", description = "Print a JSON object for each text.")
  private boolean json;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  @Parameters(
      paramLabel = "TEXT",
      arity = "1..*",
      description = "Texts; or - alone for the lines of standard input, in UTF-8, of which blank ones are left out.")
  private List<String> texts = new ArrayList<>();

  private final Console console;

  PredictCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    if (top < 1) {
      throw new UsageException("expected --top of at least 1, got " + top + ": say how many classes to name");
    }
    var lines = InputLines.of(texts, console.in());
    try (var predictor = Predictor.open(
        store, threads == null ? Runtime.getRuntime().availableProcessors() : threads)) {
      for (List<String> batch = lines.next(BATCH); !batch.isEmpty(); batch = lines.next(BATCH)) {
        print(predictor.predict(batch, top));
      }
      if (predictor.cut() > 0) {
        console.err().println("perennial: " + LiveProgress.cutLine(predictor.cut()));
      }
    }
    lines.tellBlank(console);
  }

  private void print(List<Prediction> predictions) {
    for (Prediction prediction : predictions) {
      Prediction shown = keepAll ? prediction.kept() : prediction;
      console.out().println(json ? Json.line(shown) : plain(shown));
    }
    if (console.out().checkError()) {
      throw new FailureException("standard output was closed before all was predicted: let its reader read on");
    }
  }

  private static String plain(Prediction prediction) {
    var line = new StringBuilder();
    List<Prediction.Candidate> candidates = prediction.candidates();
    Prediction.Verdict verdict = prediction.verdict();
    if (verdict != null && verdict.label().equals(Prediction.UNKNOWN)) {
      // Of no known class first, and then what it would be.
      candidates = new ArrayList<>(candidates.subList(0, candidates.size() - 1));
      candidates.addFirst(new Prediction.Candidate(verdict.label(), verdict.familiarity()));
    }
    for (Prediction.Candidate candidate : candidates) {
      line.append(candidate.label()).append('\t')
          .append(String.format(Locale.ROOT, "%.3f", candidate.score())).append('\t');
    }
    return line.append(prediction.text().replaceAll("\\s+", " ")).toString();
  }
}
