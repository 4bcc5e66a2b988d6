package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.TextModel;
import dev.perennial.data.Input;
import dev.perennial.shrink.Calibration;
import dev.perennial.shrink.DistillOptions;
import dev.perennial.shrink.OnceForAll;
import dev.perennial.shrink.Packed;
import dev.perennial.shrink.Perp;
import dev.perennial.shrink.Pruning;
import dev.perennial.shrink.Shrink;
import dev.perennial.shrink.ShrinkOptions;
import dev.perennial.shrink.ShrinkProgress;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial shrink}: a text encoder that takes fewer bytes. */
@Command(
    name = "shrink",
    abbreviateSynopsis = true,
    header = "Write a text encoder that takes fewer bytes, for --backbone.",
    description = {
        "",
        "bitstack and nested write one file of which any number of megabytes can be loaded: learn with --backbone "
            + "OUT_DIR@12 for at most 12 of them. perp prunes, then retrains a few parameters; once-for-all trains the encoder "
            + "at 2, 3 and 4 bits together, and writes it at the bits asked for. Texts need no labels: with them bitstack finds "
            + "out which blocks matter, and retraining is for the features that the encoder gave them before.",
        "A store that was learned on the smaller encoder belongs to it, at so many megabytes."},
    footer = {
        "  ./perennial shrink --texts mails.txt minilm-stack",
        "  ./perennial learn --backbone minilm-stack@12 --data mail.csv --text body --label folder --tasks 5",
        "  ./perennial shrink --method perp --structure 2:4 --texts mails.txt minilm-sparse"})
final class ShrinkCommand implements Runnable {

  private static final List<String> METHODS = List.of("bitstack", "nested", "perp", "once-for-all");
  private static final int CALIBRATION = 32;
  private static final long SEED = 1;

  @Parameters(paramLabel = "OUT_DIR", description = "A directory that is not there yet, or is empty.")
  private Path out = Path.of("");

  @Option(names = "--backbone", paramLabel = "NAME", defaultValue = "minilm",
      description = "minilm, bge-small-en, or a directory in Hugging Face's layout. Default: ${DEFAULT-VALUE}.")
  private String backbone = "";

  @Option(names = "--method", paramLabel = "NAME", defaultValue = "bitstack",
      description = "bitstack, nested, perp or once-for-all. Default: ${DEFAULT-VALUE}.")
  private String method = "";

  @Option(names = "--bits", paramLabel = "N",
      description = "Bits a weight; for bitstack and nested only so much is written. Default: all there are; for "
          + "once-for-all 3.")
  private @Nullable Double bits;

  @Option(names = "--texts", paramLabel = "FILE", description = "Texts, one a line; needed for perp and once-for-all.")
  private @Nullable Path texts;

  @Option(names = "--sparsity", paramLabel = "S", description = "For perp: share of the weights that becomes 0.")
  private @Nullable Double sparsity;

  @Option(names = "--structure", paramLabel = "N:M", description = "For perp: keep the N largest of every M in a row.")
  private @Nullable String structure;

  @Option(names = "--steps", paramLabel = "N", defaultValue = "150",
      description = "Steps of retraining. Default: ${DEFAULT-VALUE}.")
  private int steps;

  private final Console console;

  ShrinkCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    if (!METHODS.contains(method)) {
      throw new UsageException("expected --method among " + String.join(", ", METHODS) + ", got " + method);
    }
    List<Input.Text> inputs = texts();
    StorePath.checkWritable("OUT_DIR", out);
    if (Files.exists(out.resolve("config.json"))) {
      throw new UsageException("expected a new directory for a backbone, got " + out + ", which holds one: name another");
    }
    TextModel model = TextModel.read(backbone);
    var all = new TreeMap<>(model.tensors());
    Packed packed = switch (method) {
      case "perp" -> perp(model, inputs, all);
      case "once-for-all" -> onceForAll(model, inputs);
      default -> inLayers(model, inputs);
    };
    model.writeTo(out);
    packed.write(out.resolve("model." + packed.suffix()), all, Map.of("perennial", method));
    var small = packed.decode().keySet();
    long rest = all.entrySet().stream().filter(entry -> !small.contains(entry.getKey()))
        .mapToLong(entry -> entry.getValue().data().byteSize()).sum();
    console.out().println(String.format(Locale.ROOT, "backbone %s: %.1f MB of %.1f, %.2f bits for each of %,d weights", out,
        (packed.bytes() + rest) / 1e6, all.values().stream().mapToLong(data -> data.data().byteSize()).sum() / 1e6,
        packed.bitsPerWeight(), packed.weights()));
    console.out().flush();
  }

  private List<Input.Text> texts() {
    boolean needed = method.equals("perp") || method.equals("once-for-all");
    if (texts == null) {
      if (needed) {
        throw new UsageException("expected --texts FILE for " + method + ", which trains, got none: give texts, one a line");
      }
      return List.of();
    }
    try {
      List<Input.Text> lines =
          Files.readAllLines(texts).stream().filter(line -> !line.isBlank()).map(Input.Text::new).toList();
      if (lines.isEmpty()) {
        throw new UsageException("expected texts, one a line, in " + texts + ", got none");
      }
      return lines;
    } catch (IOException e) {
      throw new FailureException("cannot read " + texts + ": " + e.getClass().getSimpleName() + ": " + e.getMessage()
          + "; expected texts in UTF-8, one a line", e);
    }
  }

  private Packed inLayers(TextModel model, List<Input.Text> inputs) {
    ShrinkOptions options = ShrinkBrick.options(method);
    Packed whole;
    if (inputs.isEmpty()) {
      whole = Shrink.of(model, null, options, progress());
    } else {
      try (Backbone full = Backbones.load(backbone);
          var calibration = new Calibration(full, inputs.subList(0, Math.min(CALIBRATION, inputs.size())))) {
        whole = Shrink.of(model, calibration, options, progress());
      }
    }
    return bits == null ? whole : Shrink.at(whole, options, bits);
  }

  private Packed perp(TextModel model, List<Input.Text> inputs, TreeMap<String, TensorData> all) {
    Pruning pruning = PruneBrick.pruning(sparsity == null && structure == null ? Double.valueOf(0.5) : sparsity, structure);
    try (Backbone full = Backbones.load(backbone);
        var workers = new Workers(Runtime.getRuntime().availableProcessors())) {
      Perp.Outcome outcome = Perp.retrain(model, full, Perp.prune(model, full, pruning), Perp.Subset.MASK_LORA, inputs,
          workers, DistillOptions.of(SEED).withSteps(steps), progress());
      all.putAll(outcome.weights());
      var matrices = new TreeMap<>(outcome.weights());
      matrices.keySet().removeIf(name -> name.contains("LayerNorm"));
      return Pruning.unstructured(0).of(matrices);
    }
  }

  private Packed onceForAll(TextModel model, List<Input.Text> inputs) {
    double wanted = bits == null ? 3 : bits;
    try (Backbone full = Backbones.load(backbone);
        var workers = new Workers(Runtime.getRuntime().availableProcessors());
        var calibration = new Calibration(full, inputs.subList(0, Math.min(CALIBRATION, inputs.size())));
        var trained = new OnceForAll(model, full, SEED)) {
      trained.train(full, inputs, workers, DistillOptions.of(SEED).withSteps(steps), progress());
      return trained.subnet(trained.search(wanted, calibration));
    }
  }

  /** A line every five seconds, with the time that is left. */
  private ShrinkProgress progress() {
    return new ShrinkProgress() {
      private String name = "";
      private @Nullable Meter meter;

      @Override
      public void at(String what, long done, long of) {
        if (meter == null || !name.equals(what)) {
          name = what;
          meter = console.width() > 0 ? new BarMeter(console, what, 0, of) : new LineMeter(console, what, 0, of);
        }
        meter.at(done);
        if (done == of) {
          meter.close();
          meter = null;
        }
      }
    };
  }
}
