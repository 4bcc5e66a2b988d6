package dev.perennial.cli;

import dev.perennial.engine.Lesson;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial teach}: learns texts whose label came late. */
@Command(
    name = "teach",
    header = "Learn texts whose label came late, in one step, as if they had been in the stream.",
    description = {
        "",
        "The class may be known or new. Takes a store of g-acil, first-session-analytic, latent-replay or auto that stands "
            + "between two experiences; its run goes on from there."},
    footer = {
        "  ./perennial teach --store clinc --label weather \"will it rain tomorrow\" \"how hot is it outside\"",
        "  ./perennial teach --store clinc --label weather - < weather.txt"})
final class TeachCommand implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where what was learned is kept.")
  private Path store = Path.of("");

  @Option(names = "--label", required = true, paramLabel = "LABEL", description = "The class of the texts.")
  private String label = "";

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: the processors.")
  private @Nullable Integer threads;

  @Parameters(
      paramLabel = "TEXT",
      arity = "1..*",
      description = "Texts; or - alone for the lines of standard input, in UTF-8, of which blank ones are left out.")
  private List<String> texts = new ArrayList<>();

  private final Console console;

  TeachCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    Lesson lesson = Lesson.teach(store, label, InputLines.all(texts, console),
        threads == null ? Runtime.getRuntime().availableProcessors() : threads, console.clock());
    if (lesson.cut() > 0) {
      console.err().println("perennial: " + LiveProgress.cutLine(lesson.cut()));
    }
    console.out().println(json ? Json.line(lesson) : plain(lesson));
  }

  private static String plain(Lesson lesson) {
    return "Learned " + lesson.texts() + (lesson.texts() == 1 ? " text" : " texts") + " of the "
        + (lesson.isNew() ? "new class " : "class ") + lesson.label() + "; " + lesson.classes() + " classes are known";
  }
}
