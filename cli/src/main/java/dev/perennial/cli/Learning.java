package dev.perennial.cli;

import dev.perennial.data.Input;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.measure.ReportRun;
import dev.perennial.measure.Result;
import dev.perennial.measure.TextReport;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.Supplier;

/** A run from where it stands to its end, as a person follows it. */
final class Learning {

  private Learning() {}

  /**
   * What came of a run.
   *
   * @param report all about it
   * @param texts whether it learned texts, so that texts can be predicted
   */
  record Learned(ReportRun report, boolean texts) {}

  /**
   * Learns what is left of a run, showing how it goes on.
   *
   * @param name what reports call it
   * @param ifStopped the last words if the process is stopped meanwhile: how to go on
   * @param opener begins the run, or takes it up again
   */
  static Learned learn(
      Console console, String name, Supplier<String> ifStopped, Function<RunListener, Run> opener) {
    try (var progress = new LiveProgress(console);
        var interruption = Interruption.watch(console, progress::close, ifStopped);
        Run run = opener.apply(progress)) {
      run.execute();
      boolean texts = run.stream().experiences().getFirst().train().getFirst().input() instanceof Input.Text;
      return new Learned(run.reportRun(name), texts);
    }
  }

  /** How to go on with a run that is kept in a store, if that is there already. */
  static String resumption(Path store) {
    return StorePath.holdsStore(store)
        ? "go on with ./perennial resume --store " + Shell.word(store)
        : "nothing was learned yet: run the same command again";
  }

  /** Prints what was learned, where it is, and what to do with it. */
  static void conclude(Console console, Learned learned, Path store, Outputs outputs) {
    Result result = learned.report().result();
    PrintWriter out = console.out();
    out.println();
    out.println("Accuracy in percent on the test rows of each experience:");
    out.print(TextReport.matrix(result));
    out.println();
    if (!result.calibration().isEmpty()) {
      out.println("How far confidences are off, and test rows taken for known, in percent:");
      out.print(TextReport.calibration(result));
      out.println();
    }
    out.println(TextReport.comparison(List.of(result)));
    out.printf(Locale.ROOT, "Learned %d classes in %d experiences with %s: final accuracy %.1f %%%n", result.classes(),
        result.accuracy().size(), result.technique(), 100 * result.finalAccuracy());
    out.println("Store   " + store);
    if (outputs.json() != null) {
      out.println("Figures " + outputs.json());
    }
    if (outputs.report() != null) {
      out.println("Report  " + outputs.report());
    }
    out.println(next(learned.texts(), store));
  }

  /** The line that says what to do with a store. */
  static String next(boolean texts, Path store) {
    String word = Shell.word(store);
    return texts
        ? "Predict ./perennial predict --store " + word + " \"a text\""
        : "Inspect ./perennial inspect --store " + word;
  }
}
