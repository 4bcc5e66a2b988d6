package dev.perennial.cli;

import dev.perennial.Spelling;
import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.engine.LibraryLearning;
import dev.perennial.engine.SkillLearning;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code bricks adapt}. */
@Command(
    name = "adapt",
    header = "Make the brick of a new task of bricks of the library, which are its skills.",
    description = {
        "",
        "Reads lines of standard input: a class, a tab, and a text. What comes is a LoRA brick with a linear head, which "
            + "is added to the library.",
        "",
        "  mhr-z   learns how much of each skill each slice of the features takes, and nothing else (default)",
        "  mhr     learns the skills too",
        "  poly    the same with one slice",
        "  mhr-mu  begins with the mean of the skills, and learns it as one brick"},
    footer = {
        "  ./perennial bricks adapt --store clinc --name travel < travel.tsv",
        "  ./perennial bricks adapt --store clinc --name travel --from banking,cards --by mhr-mu < travel.tsv"})
final class AdaptBricks implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--name", required = true, paramLabel = "NAME", description = "A name that is not taken.")
  private String name = "";

  @Option(
      names = "--from",
      paramLabel = "a,b",
      split = ",",
      description = "The bricks that are skills. Default: all of the library.")
  private List<String> from = new ArrayList<>();

  @Option(
      names = "--by",
      paramLabel = "WAY",
      defaultValue = "mhr-z",
      description = "mhr-z, mhr, poly or mhr-mu. Default: ${DEFAULT-VALUE}.")
  private String by = "";

  @Option(
      names = "--heads",
      paramLabel = "N",
      defaultValue = "4",
      description = "Slices of the features, with mhr and mhr-z. Default: ${DEFAULT-VALUE}.")
  private int heads;

  @Option(
      names = "--steps",
      paramLabel = "N",
      defaultValue = "200",
      description = "Steps of 32 examples. Default: ${DEFAULT-VALUE}.")
  private int steps;

  private final Console console;

  AdaptBricks(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    List<String> ways = Arrays.stream(SkillLearning.Way.values()).map(SkillLearning.Way::id).toList();
    if (!ways.contains(by)) {
      throw new UsageException("expected one of " + String.join(", ", ways) + " for --by, got " + by
          + Spelling.suggestion(by, ways));
    }
    if (heads < 1) {
      throw new UsageException("expected --heads of at least 1, got " + heads);
    }
    LabelledLines.requireSteps(steps);
    List<Example> examples = LabelledLines.all(console.in());
    SkillLearning.Way way = SkillLearning.Way.values()[ways.indexOf(by)];
    try (Meter meter = Meter.of(console, "skills", steps)) {
      LibraryLearning.adapt(store, name, from, way, heads, examples, steps, meter::at);
    }
    console.out().println("brick " + name + " is in the library of " + store);
  }
}
