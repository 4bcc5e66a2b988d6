package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.engine.StoreBricks;
import dev.perennial.shrink.Packed;
import dev.perennial.shrink.Shrink;
import dev.perennial.shrink.ShrinkOptions;
import dev.perennial.shrink.ShrinkProgress;
import java.nio.file.Path;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks shrink}: fewer bits for the numbers of a brick. */
@Command(
    name = "shrink",
    header = "Make a brick take fewer bytes; it stays in the library beside what it was.",
    description = {
        "",
        "Of a brick of the library this is the next version, which bricks rollback undoes. Of a brick that was learned it is a "
            + "brick NAME-shrunk of the library. Its matrices are made small; the rest of it stays as it is."},
    footer = {
        "  ./perennial bricks shrink --store clinc brick --bits 4",
        "  ./perennial bricks shrink --store clinc theirs --bytes 0.2"})
final class ShrinkBrick implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it, or a version of it such as NAME@2.")
  private String name = "";

  @Option(names = "--bits", paramLabel = "N", description = "Bits a number of its matrices; whole for nested.")
  private @Nullable Double bits;

  @Option(names = "--bytes", paramLabel = "MB", description = "Megabytes, of 10^6 bytes, for all of its matrices.")
  private @Nullable Double megabytes;

  @Option(names = "--method", paramLabel = "NAME", defaultValue = "nested",
      description = "nested: the top bits of 8; bitstack: blocks of signs and low-rank magnitudes, for large matrices. "
          + "Default: ${DEFAULT-VALUE}.")
  private String method = "";

  @Option(names = "--as", paramLabel = "NEW", description = "Another name for what is made.")
  private @Nullable String as;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  private final Console console;

  ShrinkBrick(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    ShrinkOptions options = options(method);
    if ((bits == null) == (megabytes == null)) {
      throw new UsageException("expected either --bits N or --bytes MB, got " + (bits == null ? "neither" : "both"));
    }
    try (StoreBricks bricks = StoreBricks.open(store)) {
      SavedBrick saved = bricks.read(name);
      Packed whole = Shrink.of(saved.tensors(), options, ShrinkProgress.NONE);
      Packed packed = bits != null
          ? Shrink.at(whole, options, bits)
          : whole.within(megabytes == null ? 0 : (long) (megabytes * 1e6));
      var smaller = new SavedBrick(saved.options(), saved.tensors(), saved.fixed(), saved.head(),
          saved.provenance().madeBy(options.name(), bricks.versioned(name)).withRecipe(new TreeMap<>(Map.of("bits", bits(packed)))));
      String made = bricks.addMade(name, as, "shrunk", smaller, packed);
      SmallerBrick.of(made, store, saved, packed).print(console, json);
    }
  }

  /** The bits a number that were asked for, or that came of the bytes that were. */
  private String bits(Packed packed) {
    return new DecimalFormat("0.##", DecimalFormatSymbols.getInstance(Locale.ROOT))
        .format(bits == null ? packed.bitsPerWeight() : bits);
  }

  static ShrinkOptions options(String method) {
    return switch (method) {
      case "bitstack" -> ShrinkOptions.DEFAULT;
      case "nested" -> ShrinkOptions.of(ShrinkOptions.Method.NESTED);
      default -> throw new UsageException("expected --method bitstack or nested, got " + method);
    };
  }
}
