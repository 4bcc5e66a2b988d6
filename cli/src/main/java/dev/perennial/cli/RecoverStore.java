package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Resource;
import dev.perennial.engine.StoreBricks;
import dev.perennial.protect.Group;
import dev.perennial.protect.GroupFile;
import dev.perennial.protect.StateImage;
import dev.perennial.protect.StoreGuard;
import dev.perennial.store.Fork;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code perennial store recover}: a new store from the memory of a group, or from disk where too many are lost. */
@Command(
    name = "recover",
    header = "Make a store of what a group of processes holds in memory; from disk if too many of them are lost.",
    description = {
        "",
        "The store is named by its group's file, which store protect writes. Where more members are lost than may be, the "
            + "new store is forked from the one on disk that was protected, and that is said. The library of bricks is not "
            + "in the memory of the group: backup takes it along."},
    footer = "  ./perennial store recover --group clinc.group clinc-again")
final class RecoverStore implements Runnable {

  @Option(names = "--group", required = true, paramLabel = "FILE", description = "The group's file.")
  private Path group = Path.of("");

  @Parameters(paramLabel = "NEW", description = "Where the new store goes: new, or an empty directory.")
  private Path target = Path.of("");

  @Option(names = "--json", paramLabel = "OUT", description = "Write what was done to this file.")
  private @Nullable Path json;

  private final Console console;

  RecoverStore(Console console) {
    this.console = console;
  }

  /**
   * What was done.
   *
   * @param from memory or disk
   * @param commit of the protected store whose state it is
   * @param bytes of the state
   * @param seconds it took
   * @param problem why it was not memory; empty where it was
   */
  private record Recovered(String from, long commit, long bytes, double seconds, String problem) {}

  @Override
  public void run() {
    GroupFile file = GroupFile.read(group);
    var outputs = new Outputs(json, null);
    outputs.check();
    StorePath.ofNew(target);
    requireEmpty();
    long start = console.ticker().getAsLong();
    Recovered done = recover(file, start);
    outputs.write(Json.pretty(done) + "\n");
    console.out().println("recovered commit " + done.commit() + ", " + Resource.BYTES.format(done.bytes()) + ", from "
        + done.from() + " to " + target + " in " + Resource.SECONDS.format(done.seconds())
        + "; go on by ./perennial resume --store " + Shell.word(target));
    console.out().flush();
  }

  private void requireEmpty() {
    try (var entries = Files.isDirectory(target) ? Files.list(target) : Stream.<Path>empty()) {
      if (entries.findAny().isPresent()) {
        throw new UsageException("expected a new or empty directory, got " + target + ", which holds something: name"
            + " another place");
      }
    } catch (IOException e) {
      throw new FailureException("cannot read " + target + " (" + e.getMessage() + ")", e);
    }
  }

  private Recovered recover(GroupFile file, long start) {
    String problem;
    try (Arena arena = Arena.ofShared()) {
      Optional<Group.Loaded> loaded = file.group().load(StoreGuard.OWNER, arena);
      if (loaded.isPresent()) {
        StateImage.Opened image = StateImage.open(loaded.get().bytes());
        image.writeTo(target);
        return new Recovered("memory", image.id(), loaded.get().bytes().byteSize(), seconds(start), "");
      }
      problem = "the group holds nothing yet";
    } catch (FailureException e) {
      if (StorePath.holdsStore(target)) {
        throw e;
      }
      problem = String.valueOf(e.getMessage());
    }
    console.err().println("not from memory: " + problem + "; going back to the store on disk, " + file.fallback());
    console.err().flush();
    var forked = Fork.make(
        Path.of(file.fallback()), StoreBricks.BESIDE, OptionalLong.empty(), target, (done, of) -> {});
    return new Recovered("disk", forked.commit(), forked.bytes(), seconds(start), problem);
  }

  private double seconds(long start) {
    return (console.ticker().getAsLong() - start) / 1e9;
  }
}
