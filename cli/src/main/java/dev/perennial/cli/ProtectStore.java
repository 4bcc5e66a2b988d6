package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.budget.Resource;
import dev.perennial.protect.StoreGuard;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial store protect}: the newest commit of a store, held by a group of processes. */
@Command(
    name = "protect",
    header = "Keep a store's newest commit in the memory of a group of processes, until it is stopped.",
    description = {
        "",
        "Each member holds a fragment of the state; any of them, as many as --parity says, may be lost, and are rebuilt from "
            + "the others and replaced. A new commit takes the place of the one before once every member has verified its "
            + "fragment. Members listen on this machine alone. This protects from processes that die and from a disk that "
            + "fails, not from a loss of power: for that there is the store itself, and a backup."},
    footer = {
        "  ./perennial store protect --store clinc --members 4 --parity 1 &",
        "  ./perennial store recover --group clinc.group clinc-again"})
final class ProtectStore implements Runnable {

  private static final long GIB = 1 << 30;

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where the store is kept.")
  private Path store = Path.of("");

  @Option(names = "--members", paramLabel = "N", defaultValue = "4",
      description = "Processes in the group, 2 to 256. Default: ${DEFAULT-VALUE}.")
  private int members;

  @Option(names = "--parity", paramLabel = "M", defaultValue = "1",
      description = "How many of them may be lost at once. Default: ${DEFAULT-VALUE}.")
  private int parity;

  @Option(names = "--group", paramLabel = "FILE",
      description = "Where to write how to reach the group. Default: DIR.group, beside the store.")
  private @Nullable Path group;

  @Option(names = "--most-gib", paramLabel = "G", defaultValue = "8",
      description = "GiB that a member may hold at most. Default: ${DEFAULT-VALUE}.")
  private int mostGib;

  @Option(names = "--seconds", paramLabel = "S", description = "End after so long. Default: when it is stopped.")
  private @Nullable Long seconds;

  private final Console console;

  ProtectStore(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    if (members < 2 || members > 256 || parity < 1 || parity >= members) {
      throw new UsageException("expected --members between 2 and 256 and --parity between 1 and one less, got " + members
          + " and " + parity);
    }
    if (mostGib < 1 || mostGib > 1 << 20) {
      throw new UsageException("expected --most-gib between 1 and 1048576, got " + mostGib);
    }
    if (seconds != null && seconds < 0) {
      throw new UsageException("expected --seconds of 0 or more, got " + seconds);
    }
    Path place = store.toAbsolutePath().normalize();
    Path file = group == null ? place.resolveSibling(place.getFileName() + ".group") : group;
    long end = seconds == null ? Long.MAX_VALUE : TimeUnit.SECONDS.toNanos(seconds);
    long start = console.ticker().getAsLong();
    try (var guard = new StoreGuard(store, members, parity, mostGib * GIB)) {
      guard.file().write(file);
      console.err().println(members + " members started, of which " + parity + " may be lost; recover by ./perennial store"
          + " recover --group " + Shell.word(file) + " NEW");
      console.err().flush();
      var never = new CountDownLatch(1);
      long rounds = 0;
      StoreGuard.Round last = new StoreGuard.Round(0, 0, List.of());
      do {
        last = round(guard, file, last);
        rounds++;
      } while (console.ticker().getAsLong() - start < end && !never.await(1, TimeUnit.SECONDS));
      console.out().println("protected " + store + " for " + Resource.SECONDS.format(
          (console.ticker().getAsLong() - start) / 1e9) + ", " + rounds + " looks; commit " + last.commit()
          + " was held last, and the group has ended");
      console.out().flush();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while it protected " + store + ": start it again", e);
    }
  }

  private StoreGuard.Round round(StoreGuard guard, Path file, StoreGuard.Round last) {
    try {
      StoreGuard.Round done = guard.round();
      guard.fallback().ifPresent(why -> console.err().println("too many members were lost, going back to the store on"
          + " disk: " + why));
      if (!done.rebuilt().isEmpty()) {
        guard.file().write(file);
        console.err().println("members " + done.rebuilt() + " were lost: put others in their place");
      }
      if (done.bytes() > 0) {
        console.err().println("commit " + done.commit() + " is held: " + Resource.BYTES.format(done.bytes()));
      }
      console.err().flush();
      return done;
    } catch (FailureException e) {
      // The writer may have given the commit up, or a member was lost meanwhile: the next look puts it right.
      console.err().println("not held yet: " + e.getMessage());
      console.err().flush();
      return last;
    }
  }
}
