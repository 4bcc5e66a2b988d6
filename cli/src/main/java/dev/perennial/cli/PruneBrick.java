package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.brick.SavedBrick;
import dev.perennial.engine.StoreBricks;
import dev.perennial.shrink.Packed;
import dev.perennial.shrink.Pruning;
import dev.perennial.tensor.TensorData;
import java.nio.file.Path;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial bricks prune}: zeros for the smallest numbers of a brick. */
@Command(
    name = "prune",
    header = "Leave out the smallest numbers of a brick; it stays in the library beside what it was.",
    description = {
        "",
        "Of a brick of the library this is the next version, which bricks rollback undoes. Of a brick that was learned it is a "
            + "brick NAME-pruned of the library. Zeros are not stored."},
    footer = {
        "  ./perennial bricks prune --store clinc brick --sparsity 0.5",
        "  ./perennial bricks prune --store clinc theirs --structure 2:4"})
final class PruneBrick implements Runnable {

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Parameters(paramLabel = "NAME", description = "The brick, as bricks list names it, or a version of it such as NAME@2.")
  private String name = "";

  @Option(names = "--sparsity", paramLabel = "S", description = "Share of the numbers of each matrix that becomes 0.")
  private @Nullable Double sparsity;

  @Option(names = "--structure", paramLabel = "N:M", description = "Keep the N largest of every M numbers of a row.")
  private @Nullable String structure;

  @Option(names = "--as", paramLabel = "NEW", description = "Another name for what is made.")
  private @Nullable String as;

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  private final Console console;

  PruneBrick(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    Pruning pruning = pruning(sparsity, structure);
    try (StoreBricks bricks = StoreBricks.open(store)) {
      SavedBrick saved = bricks.read(name);
      Packed packed = pruning.of(saved.tensors());
      var tensors = new TreeMap<String, TensorData>(saved.tensors());
      tensors.putAll(packed.decode());
      var pruned = new SavedBrick(saved.options(), tensors, saved.fixed(), saved.head(),
          saved.provenance().madeBy("prune " + pruning.text(), bricks.versioned(name)));
      String made = bricks.addMade(name, as, "pruned", pruned, packed);
      SmallerBrick.of(made, store, saved, packed).print(console, json);
    }
  }

  /** What is asked for: a sparsity, or a structure, which may come with the sparsity that it has anyway. */
  static Pruning pruning(@Nullable Double sparsity, @Nullable String structure) {
    if (structure == null) {
      if (sparsity == null) {
        throw new UsageException("expected --sparsity S or --structure N:M, got neither");
      }
      return Pruning.unstructured(sparsity);
    }
    Pruning pruning = Pruning.structure(structure);
    if (sparsity != null && Math.abs(sparsity - pruning.sparsity()) > 1e-9) {
      throw new UsageException("expected --sparsity " + pruning.sparsity() + " or none with --structure " + structure
          + ", got " + sparsity + ": give one of the two");
    }
    return pruning;
  }
}
