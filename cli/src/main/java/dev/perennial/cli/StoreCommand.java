package dev.perennial.cli;

import dev.perennial.budget.Resource;
import dev.perennial.engine.StoreBricks;
import dev.perennial.store.Access;
import dev.perennial.store.Backup;
import dev.perennial.store.Commit;
import dev.perennial.store.Fork;
import dev.perennial.store.PartRef;
import dev.perennial.store.Retention;
import dev.perennial.store.Store;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code perennial store}: backup, restore, fork and time travel, each a command of its own. */
@Command(
    name = "store",
    header = "Back a store up, restore it, fork it, go back in its history, and protect it in memory.",
    description = {
        "",
        "All of it on a store in use: a run may be learning into it meanwhile, but for checkout, which changes what the "
            + "next run goes on from. No data and no backbone are read. A backup protects from a disk that fails; protect "
            + "keeps the newest state in the memory of several processes, and recover brings it back from there."},
    footer = {
        "  ./perennial store backup --store clinc clinc-backup",
        "  ./perennial store restore clinc-backup --store clinc-again",
        "  ./perennial store fork --store clinc trial --commit 7",
        "  ./perennial store checkout --store clinc 5"})
final class StoreCommand implements Runnable {

  @Spec
  private CommandSpec spec = CommandSpec.create();

  private StoreCommand() {}

  /** The command with its own. */
  static CommandLine commandLine(Console console) {
    return new CommandLine(new StoreCommand())
        .addSubcommand(new BackupStore(console))
        .addSubcommand(new RestoreStore(console))
        .addSubcommand(new ForkStore(console))
        .addSubcommand(new LogStore(console))
        .addSubcommand(new CheckoutStore(console))
        .addSubcommand(new KeepStore(console))
        .addSubcommand(new ProtectStore(console))
        .addSubcommand(new RecoverStore(console));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** What all of them are asked. */
  private abstract static class OfStore implements Runnable {

    @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where the store is kept.")
    Path store = Path.of("");

    @Option(names = "--json", paramLabel = "FILE", description = "Write what was done to this file.")
    private @Nullable Path json;

    final Console console;

    OfStore(Console console) {
      this.console = console;
    }

    /** Does the work, and tells it in a file and a line. */
    final <T> void tell(String doing, Function<Backup.Progress, T> work, Function<T, String> line) {
      var outputs = new Outputs(json, null);
      outputs.check();
      T done;
      try (var progress = new ByteProgress(console, doing)) {
        done = work.apply(progress);
      }
      outputs.write(Json.pretty(done) + "\n");
      console.out().println(line.apply(done));
      console.out().flush();
    }

    final void warn(Backup.Summary summary) {
      for (String damage : summary.leftOut()) {
        console.err().println("left out, since it is damaged: " + damage);
      }
    }
  }

  /** A meter that is made when the number of bytes is known, and counts in MiB. */
  private static final class ByteProgress implements Backup.Progress, AutoCloseable {
    private static final long MIB = 1 << 20;

    private final Console console;
    private final String name;
    private @Nullable Meter meter;

    ByteProgress(Console console, String name) {
      this.console = console;
      this.name = name;
    }

    @Override
    public void at(long done, long of) {
      if (meter == null) {
        meter = Meter.of(console, name + ", MiB", Math.ceilDiv(of, MIB));
      }
      meter.at(done / MIB);
    }

    @Override
    public void close() {
      if (meter != null) {
        meter.close();
      }
    }
  }

  private static String bytes(long bytes) {
    return Resource.BYTES.format(bytes);
  }

  private static String commits(int count) {
    return count == 1 ? "1 whole commit" : count + " whole commits";
  }

  /** {@code store backup}. */
  @Command(
      name = "backup",
      header = "Copy a store, which may be in use, into a backup; again into the same place adds what is new.",
      description = {
          "",
          "The backup is the store as of one moment: its commits that are whole, its library of bricks and its routers. It "
              + "is read back and digested before this says done. An interrupted backup leaves the one before as it was."},
      footer = {
          "  ./perennial store backup --store clinc /backups/clinc",
          "  ./perennial store restore /backups/clinc --store clinc-again"})
  private static final class BackupStore extends OfStore {

    @Parameters(paramLabel = "OUT", description = "The backup's directory: new, empty, or an earlier backup.")
    private Path out = Path.of("");

    private BackupStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("backup",
          progress -> Backup.write(store, StoreBricks.BESIDE, out, console.clock().instant(), progress),
          done -> {
            warn(done);
            return "backed up and verified " + store + " in " + out + ": commit " + done.commit() + ", "
                + commits(done.commits()) + ", " + done.files() + " files, " + bytes(done.bytes()) + "; new of them "
                + done.copied() + ", " + bytes(done.copiedBytes());
          });
    }
  }

  /** {@code store restore}. */
  @Command(
      name = "restore",
      header = "Make a store of a backup; a damaged backup is refused, and the file named.",
      footer = "  ./perennial store restore /backups/clinc --store clinc-again")
  private static final class RestoreStore extends OfStore {

    @Parameters(paramLabel = "IN", description = "The backup's directory. --store is new, or an empty directory.")
    private Path in = Path.of("");

    private RestoreStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("restore", progress -> Backup.restore(in, store, progress),
          done -> "restored " + in + " to " + store + ": commit " + done.commit() + ", " + commits(done.commits()) + ", "
              + done.files() + " files, " + bytes(done.bytes()) + "; go on by ./perennial resume --store "
              + Shell.word(store));
    }
  }

  /** {@code store fork}. */
  @Command(
      name = "fork",
      header = "Make a second store that goes on from a commit of a first one.",
      description = {
          "",
          "It has that commit and those that it came from, the library of bricks and the routers. Blobs never change, so "
              + "they are hard links where the file system has such: no protection of each other against a failing disk. "
              + "For that, make a backup."},
      footer = {
          "  ./perennial store fork --store clinc trial",
          "  ./perennial store fork --store clinc trial --commit 7"})
  private static final class ForkStore extends OfStore {

    @Parameters(paramLabel = "NEW", description = "Where the new store goes: new, or an empty directory.")
    private Path target = Path.of("");

    @Option(names = "--commit", paramLabel = "ID", description = "The commit, as store log shows it. Default: the newest.")
    private @Nullable Long commit;

    private ForkStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("fork",
          progress -> Fork.make(store, StoreBricks.BESIDE,
              commit == null ? OptionalLong.empty() : OptionalLong.of(commit), target, progress),
          done -> {
            warn(done);
            return "forked " + store + " at commit " + done.commit() + " to " + target + ": " + done.files() + " files, "
                + bytes(done.bytes()) + ", of which copied " + bytes(done.copiedBytes())
                + "; go on by ./perennial resume --store " + Shell.word(target);
          });
    }
  }

  /**
   * A commit as it is shown.
   *
   * @param id its number
   * @param parent the commit that it went on from; 0 for none
   * @param time when it was made, in UTC
   * @param experience experiences that were finished then
   * @param step the next step within the one that follows
   * @param bytes of its blobs; those of other commits may be the same
   * @param whole whether its blobs are still kept
   * @param head whether the next run goes on from it
   * @param leftBehind the head that was left behind for it by checkout; 0 for none
   */
  private record LogEntry(long id, long parent, String time, int experience, long step, long bytes, boolean whole,
      boolean head, long leftBehind) {}

  /** {@code store log}. */
  @Command(
      name = "log",
      header = "List every commit of a store, of all branches, the newest first.",
      footer = "  ./perennial store log --store clinc")
  private static final class LogStore extends OfStore {

    private LogStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("log", progress -> entries(), entries -> {
        var table = new Table("id", "parent", "time", "experiences", "step", "bytes", "");
        for (LogEntry entry : entries) {
          table.row(entry.id(), entry.parent(), entry.time(), entry.experience(), entry.step(), bytes(entry.bytes()),
              (entry.head() ? "head" : entry.whole() ? "kept" : "blobs given up")
                  + (entry.leftBehind() == 0 ? "" : ", checked out from " + entry.parent() + ", left behind "
                      + entry.leftBehind()));
        }
        long whole = entries.stream().filter(LogEntry::whole).count();
        return table.text() + entries.size() + " commits, " + whole + " of them whole";
      });
    }

    private List<LogEntry> entries() {
      try (Store open = Store.open(store, Access.READ)) {
        long head = open.head().map(Commit::id).orElse(0L);
        open.fallback().ifPresent(console.err()::println);
        return open.log().stream().map(commit -> new LogEntry(commit.id(), commit.parent(), commit.time().toString(),
            commit.position().experience(), commit.position().step(),
            commit.parts().stream().mapToLong(PartRef::bytes).sum(), !commit.collected(), commit.id() == head,
            Long.parseLong(commit.documents().getOrDefault(Store.CHECKOUT, "0")))).toList();
      }
    }
  }

  /**
   * What checkout did.
   *
   * @param head the new newest commit
   * @param commit whose state it has
   * @param leftBehind the newest commit until now; 0 where nothing changed
   */
  private record CheckedOut(long head, long commit, long leftBehind) {}

  /** {@code store checkout}. */
  @Command(
      name = "checkout",
      header = "Make an older state the one that resume, predict and all others go on from.",
      description = {
          "",
          "Nothing is lost: a commit of the same state is appended whose parent is that one, and the newest until now stays "
              + "whole, so that it can be checked out again. A store keeps its 2 newest commits whole, or more where store "
              + "keep asked for more before they were made."},
      footer = {
          "  ./perennial store log --store clinc",
          "  ./perennial store checkout --store clinc 5",
          "  ./perennial resume --store clinc"})
  private static final class CheckoutStore extends OfStore {

    @Parameters(paramLabel = "COMMIT", description = "Its id, as store log shows it.")
    private long commit;

    private CheckoutStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("checkout", progress -> checkedOut(), done -> done.leftBehind() == 0
          ? "commit " + commit + " is the newest already: nothing changed"
          : "checked out commit " + commit + " as commit " + done.head() + "; commit " + done.leftBehind()
              + " is kept: go back by ./perennial store checkout --store " + Shell.word(store) + " " + done.leftBehind());
    }

    private CheckedOut checkedOut() {
      try (Store open = Store.open(store, Access.WRITE)) {
        long before = open.head().map(Commit::id).orElse(0L);
        Commit head = open.checkout(commit, console.clock().instant());
        return new CheckedOut(head.id(), commit, head.id() == before ? 0 : before);
      }
    }
  }

  /**
   * What keep did.
   *
   * @param commits that stay whole
   */
  private record Kept(int commits) {}

  /** {@code store keep}. */
  @Command(
      name = "keep",
      header = "Keep more of the newest commits whole, from the next commit on; also for a run that is going on.",
      footer = "  ./perennial store keep --store clinc 10")
  private static final class KeepStore extends OfStore {

    @Parameters(paramLabel = "N", description = "How many; a run keeps 2 whatever is asked for.")
    private int commits;

    private KeepStore(Console console) {
      super(console);
    }

    @Override
    public void run() {
      tell("keep", progress -> {
        Retention.ask(store, commits);
        return new Kept(commits);
      }, done -> store + " keeps its " + Math.max(2, done.commits()) + " newest commits whole from the next commit on");
    }
  }
}
