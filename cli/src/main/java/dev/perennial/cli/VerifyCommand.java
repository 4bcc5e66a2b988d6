package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.budget.Resource;
import dev.perennial.store.Access;
import dev.perennial.store.Damage;
import dev.perennial.store.Store;
import dev.perennial.store.Verification;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial verify}: reads every byte of a store. */
@Command(
    name = "verify",
    header = "Read every byte of a store, and tell what is not as it was written.",
    description = {
        "",
        "Looks at the database, at every commit's row and at every blob, compares each with the digest that was made when "
            + "it was written, and changes nothing. A run may be learning into the store meanwhile.",
        "",
        "Of a store whose last writer has ended in good order, any bit that changed in any of these files is found. Where "
            + "the newest commit is damaged, resume and predict go on from the newest whole one, which is named here."},
    footer = {
        "  ./perennial verify --store clinc",
        "  ./perennial verify --store clinc --json verified.json"},
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {"0:all is as it was written", "1:something is damaged, or the store cannot be read"})
final class VerifyCommand implements Runnable {

  private static final int DAMAGES_SHOWN = 20;

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--json", paramLabel = "OUT", description = "Write what was found to this file.")
  private @Nullable Path json;

  private final Console console;

  VerifyCommand(Console console) {
    this.console = console;
  }

  /**
   * What was found, under the names in which it is written.
   *
   * @param store where it is
   * @param commits that are kept
   * @param wholeCommits of these, those of which everything is as it was written
   * @param head the newest of those; 0 for none
   * @param blobs that were read
   * @param bytes of them
   * @param unnamedFiles that no commit needs and the next collection deletes
   * @param damage what is not as it was written
   */
  record View(String store, long commits, long wholeCommits, long head, long blobs, long bytes, long unnamedFiles,
      List<Damage> damage) {

    private static View of(Path store, Verification found) {
      return new View(store.toString(), found.commits(), found.whole(), found.head().map(commit -> commit.id()).orElse(0L),
          found.blobs(), found.bytes(), found.unnamed(), found.damage());
    }
  }

  @Override
  public void run() {
    var outputs = new Outputs(json, null);
    outputs.check();
    View view;
    try (Store opened = Store.open(store, Access.READ); var progress = new Progress(console)) {
      view = View.of(store, opened.verify(progress));
    }
    outputs.write(Json.pretty(view));
    print(view);
    if (!view.damage.isEmpty()) {
      throw new FailureException("the store " + store + " is damaged in " + view.damage.size()
          + (view.damage.size() == 1 ? " place" : " places") + ": " + advice(view));
    }
    console.out().println("All of " + Resource.BYTES.format(view.bytes) + " in " + view.blobs + " blobs and "
        + view.commits + (view.commits == 1 ? " commit" : " commits") + " is as it was written.");
  }

  private void print(View view) {
    // Damage is a complaint, and a complaint's last line is its only result.
    PrintWriter out = view.damage.isEmpty() ? console.out() : console.err();
    for (Damage damage : view.damage.subList(0, Math.min(DAMAGES_SHOWN, view.damage.size()))) {
      out.println((damage.commit() == 0 ? "the store: " : "commit " + damage.commit() + ": ") + damage.problem());
    }
    if (view.damage.size() > DAMAGES_SHOWN) {
      out.println("and " + (view.damage.size() - DAMAGES_SHOWN) + " more, which --json shows");
    }
    if (view.unnamedFiles > 0) {
      out.println(view.unnamedFiles + (view.unnamedFiles == 1 ? " file" : " files")
          + " that no commit needs; the next run into this store deletes what a killed one has left");
    }
  }

  private static String advice(View view) {
    if (view.head == 0) {
      return "no commit is whole; put a copy of the store back, or learn anew into another one";
    }
    return "commit " + view.head + " is the newest that is whole, and a resumed run goes on from there; to have the rest "
        + "back, put a copy of the damaged files back";
  }

  /** Shows how much has been read, where that takes its time. */
  private static final class Progress implements Verification.Listener, AutoCloseable {

    private static final double SECONDS_WITHOUT = 1;
    private static final double NANOS = 1e9;
    private static final long MEGABYTE = 1_000_000;

    private final Console console;
    private final long start;
    private @Nullable Meter meter;

    Progress(Console console) {
      this.console = console;
      start = console.ticker().getAsLong();
    }

    @Override
    public void read(long bytes, long ofBytes) {
      if (meter == null && (console.ticker().getAsLong() - start) / NANOS > SECONDS_WITHOUT) {
        meter = Meter.of(console, "verifying, in MB", ofBytes / MEGABYTE);
      }
      if (meter != null) {
        meter.at(bytes / MEGABYTE);
      }
    }

    @Override
    public void close() {
      if (meter != null) {
        meter.close();
      }
    }
  }
}
