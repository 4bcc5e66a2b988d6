package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.edit.Editor;
import dev.perennial.edit.Eraser;
import dev.perennial.edit.EraserOptions;
import dev.perennial.edit.UltraEditOptions;
import dev.perennial.engine.StoreBricks;
import dev.perennial.tensor.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks ask}: what a brick says of texts. */
@Command(
    name = "ask",
    header = "Ask a brick with a head for the labels of texts: one that was learned, edited or merged.",
    footer = "  ./perennial bricks ask --store clinc fixed \"what is my balance\" \"wake me at seven\"")
final class AskBrick implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--json", description = "Print a JSON list.")
  private boolean json;

  @Parameters(index = "0", paramLabel = "NAME", description = "The brick, as bricks list names it.")
  private String brick = "";

  @Parameters(index = "1..*", arity = "1..*", paramLabel = "TEXT", description = "What to ask about.")
  private List<String> texts = new ArrayList<>();

  private final Console console;

  AskBrick(Console console) {
    this.console = console;
  }

  private record Answer(String text, String label) {}

  @Override
  public void run() {
    var answers = new ArrayList<Answer>();
    for (String text : texts) {
      if (text.isBlank()) {
        throw new UsageException("expected texts that are not blank, got one that is");
      }
    }
    try (StoreBricks bricks = StoreBricks.open(store);
        var workers = new Workers(Runtime.getRuntime().availableProcessors())) {
      List<String> labels = labels(bricks, bricks.read(brick), workers);
      for (int i = 0; i < texts.size(); i++) {
        answers.add(new Answer(texts.get(i), labels.get(i)));
      }
    }
    if (json) {
      console.out().println(Json.pretty(answers));
      return;
    }
    var table = new Table("label", "text");
    answers.forEach(answer -> table.row(answer.label, answer.text));
    console.out().print(table.text());
    console.out().flush();
  }

  private List<String> labels(StoreBricks bricks, SavedBrick saved, Workers workers) {
    if (!saved.options().brick().equals("eraser")) {
      try (var editor = Editor.of(saved, bricks::read, bricks.backbone(), workers, UltraEditOptions.DEFAULT)) {
        return editor.predict(texts);
      }
    }
    SavedBrick.Head head = saved.head().orElseThrow(() -> new UsageException(
        "expected a brick with a head to ask, got " + brick + ", which has none"));
    SavedBrick parent = Editor.original(saved, bricks::read);
    try (var eraser = new Eraser(parent, bricks.backbone(), EraserOptions.DEFAULT)) {
      return eraser.predict(texts, List.of(saved), head);
    }
  }
}
