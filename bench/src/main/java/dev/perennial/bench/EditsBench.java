package dev.perennial.bench;

import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.FeatureCache;
import dev.perennial.brick.SavedBrick;
import dev.perennial.budget.Budget;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.edit.Edit;
import dev.perennial.edit.Editor;
import dev.perennial.edit.Features;
import dev.perennial.edit.UltraEditOptions;
import dev.perennial.engine.Datasets;
import dev.perennial.engine.RunSpec;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Workers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code perennial bench edits}: thousands of lifelong edits, and what they leave of everything else. */
@Command(
    name = "edits",
    abbreviateSynopsis = true,
    header = "Make thousands of lifelong edits, and measure what holds and what is left.",
    description = {
        "",
        "A linear head is trained on the frozen backbone's features of the rows to learn. Then as many of these rows as "
            + "--edits asks for, drawn at random, are each edited to a label drawn at random among all others but its own "
            + "and the one that the model predicts: arbitrary facts, next to all that the model knows. They come in turns "
            + "of 100, and a turn is forgotten once it is made.",
        "After the last edit: efficacy is the share of all edited texts that get the label of their edit; generality that "
            + "of the same texts with \"please\" before them or their last word dropped; unrelated accuracy that of the test rows, none of which "
            + "was edited, before and after. A test row whose text was edited is left out."},
    footer = {
        "  ./perennial bench edits --data clinc.jsonl.gz --text text --label label --split split --tasks 1 --edits 10000"})
public final class EditsBench implements Callable<Integer> {

  @Mixin
  private StreamOptions stream = new StreamOptions();

  @Option(names = "--edits", paramLabel = "N", defaultValue = "10000", description = "How many. Default: ${DEFAULT-VALUE}.")
  private int count;

  @Option(names = "--seeds", paramLabel = "N", defaultValue = "1",
      description = "Repetitions on the seeds from --seed on. Default: ${DEFAULT-VALUE}.")
  private int seeds;

  @Option(names = "--edit-option", arity = "1..*", paramLabel = "k=v", description = "An option of edits: turn, margin, "
      + "rate, ridge, keys, bandwidth, keySeed. Can be repeated.")
  private List<String> editOptions = new ArrayList<>();

  @Mixin
  private JsonOutput output = new JsonOutput();

  @Spec
  private CommandSpec spec = CommandSpec.create();

  /** What one seed gave. */
  record Figures(long seed, int edits, double efficacy, double firstThousand, double please, double shortened,
      double before, double after, int testRows) {}

  /** What is written as JSON. */
  record All(Machine machine, String data, UltraEditOptions options, List<Figures> seeds) {}

  @Override
  public Integer call() {
    Numbers.require("--edits", count, 1, 1_000_000);
    Numbers.require("--seeds", seeds, 1, 100);
    output.check();
    UltraEditOptions options = dev.perennial.Options.of(
        UltraEditOptions.DEFAULT, dev.perennial.KeyValues.of("--edit-option", editOptions), "edits");
    RunSpec run = stream.run(RunSpec.DEFAULT_TECHNIQUE, Map.of(), new Budget(Map.of()));
    Dataset data = Datasets.read(run.data(), run.seed());
    var found = new ArrayList<Figures>();
    try (var workers = new Workers(run.threads());
        Backbone backbone = Backbones.load(run.backbone().isEmpty() ? "minilm" : run.backbone(), new Device(run.device()))) {
      var cache = new FeatureCache(backbone, workers, 1L << 30);
      for (int i = 0; i < seeds; i++) {
        found.add(figures(data, cache, options, run.seed() + i));
        say(found.getLast().toString());
      }
      output.write(new All(Machine.here(run.threads()), data.name(), options, found));
    }
    return 0;
  }

  private Figures figures(Dataset data, FeatureCache cache, UltraEditOptions options, long seed) {
    List<Example> train = data.train();
    if (count > train.size()) {
      throw new UsageException("expected --edits of at most the " + train.size() + " rows to learn, got " + count);
    }
    say("training a linear head on " + train.size() + " rows");
    SavedBrick.Head head = LinearProbe.train(train, cache, seed);
    Features features = Features.of(cache);
    try (var editor = new Editor(features, head, options)) {
      int[] order = CounterRandom.of(seed, 81).permutation(train.size());
      var chosen = new ArrayList<Example>();
      for (int i = 0; i < count; i++) {
        chosen.add(train.get(order[i]));
      }
      List<String> now = editor.predict(texts(chosen));
      var random = CounterRandom.of(seed, 82);
      var edits = new ArrayList<Edit>();
      for (int i = 0; i < count; i++) {
        var others = new ArrayList<>(editor.classes());
        others.remove(chosen.get(i).label());
        others.remove(now.get(i));
        edits.add(new Edit(((Input.Text) chosen.get(i).input()).value(), others.get(random.below(i, others.size()))));
      }
      var edited = new HashSet<>(edits.stream().map(Edit::text).toList());
      List<Example> unrelated = data.test().stream().filter(row -> !edited.contains(((Input.Text) row.input()).value())).toList();
      double before = accuracy(editor, unrelated);
      editor.edit(edits, done -> {
        if (done % 1000 == 0) {
          say("  " + done + " edits");
        }
      });
      var last = new HashMap<String, String>();
      edits.forEach(edit -> last.put(edit.text(), edit.label()));
      List<Edit> standing = edits.stream().filter(e -> e.label().equals(last.get(e.text()))).toList();
      return new Figures(seed, count, share(editor, standing, "", false),
          share(editor, standing.subList(0, Math.min(1000, standing.size())), "", false),
          share(editor, standing, "please ", false), share(editor, standing, "", true), before, accuracy(editor, unrelated),
          unrelated.size());
    }
  }

  private static double share(Editor editor, List<Edit> edits, String prefix, boolean shortened) {
    List<String> texts = edits.stream().map(e -> prefix + (shortened ? e.text().replaceFirst("(?<=\\S)\\s+\\S+\\s*$", "") : e.text())).toList();
    List<String> predicted = editor.predict(texts);
    int right = 0;
    for (int i = 0; i < texts.size(); i++) {
      right += predicted.get(i).equals(edits.get(i).label()) ? 1 : 0;
    }
    return (double) right / texts.size();
  }

  private static double accuracy(Editor editor, List<Example> rows) {
    List<String> predicted = editor.predict(texts(rows));
    int right = 0;
    for (int i = 0; i < rows.size(); i++) {
      right += predicted.get(i).equals(rows.get(i).label()) ? 1 : 0;
    }
    return (double) right / rows.size();
  }

  private static List<String> texts(List<Example> rows) {
    return rows.stream().map(row -> ((Input.Text) row.input()).value()).toList();
  }

  private void say(String line) {
    spec.commandLine().getErr().println(line);
    spec.commandLine().getErr().flush();
  }
}
