package dev.perennial.cli;

import dev.perennial.budget.Resource;
import dev.perennial.engine.Inspection;
import dev.perennial.learn.Learner;
import dev.perennial.restart.Corrections;
import dev.perennial.restart.Decision;
import dev.perennial.restart.RestartLog;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code perennial inspect}: what a store holds. */
@Command(
    name = "inspect",
    header = "Show what a store holds: bricks, lineage, classes, budget spent, commits, digest of the state.",
    description = {
        "", "Reads the store only: no data and no backbone, and a run may be learning into it meanwhile."},
    footer = {
        "  ./perennial inspect --store clinc",
        "  ./perennial inspect --store clinc --json"})
final class InspectCommand implements Runnable {

  private static final int COMMITS_SHOWN = 10;

  @Option(names = "--store", required = true, paramLabel = "DIR", description = "Where it is kept.")
  private Path store = Path.of("");

  @Option(names = "--json", description = "Print a JSON object.")
  private boolean json;

  private final Console console;

  InspectCommand(Console console) {
    this.console = console;
  }

  @Override
  public void run() {
    StoreView view = StoreView.of(store, Inspection.of(store));
    if (json) {
      console.out().println(Json.pretty(view));
    } else {
      print(view, console.out());
    }
  }

  private static void print(StoreView view, PrintWriter out) {
    out.println("Store      " + view.store());
    out.println("Data       " + view.data() + ", " + view.scenario() + ", seed " + view.seed());
    out.println("Technique  " + view.technique() + (view.options().isEmpty() ? "" : " " + view.options()));
    out.println("Backbone   " + (view.backbone().isEmpty() ? "the default" : view.backbone()) + ", digest "
        + view.backboneDigest());
    out.println("Learned    " + view.experiencesLearned() + " experiences, " + view.classes().size() + " classes, in "
        + Resource.SECONDS.format(view.learnSeconds()));
    if (!view.accuracy().isEmpty()) {
      out.printf(Locale.ROOT, "Accuracy   %.1f %% on average over the experiences learned%n",
          100 * view.accuracy().getLast().stream().mapToDouble(Double::doubleValue).average().orElse(0));
    }
    out.println("Classes    " + String.join(", ", view.classes()));
    if (!view.damage().isEmpty()) {
      out.println("Damage     " + view.damage());
    }
    out.println();
    out.println("Bricks");
    var bricks = new Table("name", "kind", "parameters", "experiences");
    for (Learner.BrickInfo brick : view.bricks()) {
      bricks.row(
          brick.name(), brick.kind(), Resource.PARAMETERS.format(brick.parameters()), brick.provenance().learnedOn());
    }
    out.println(bricks.text());
    out.println("Spent");
    out.println(spent(view).text());
    commits(view.commits(), out);
    restarts(Path.of(view.store()), out);
    out.println("State digest " + view.stateDigest());
  }

  /** What a supervisor has decided, where there was one. */
  private static void restarts(Path store, PrintWriter out) {
    List<Decision> decisions = RestartLog.read(store);
    if (decisions.isEmpty()) {
      return;
    }
    int left = Corrections.of(store).quarantined().size();
    out.println("Supervision" + (left == 0 ? "" : ", " + left + " rows left out, see quarantine.jsonl"));
    for (Decision decision : decisions.subList(Math.max(0, decisions.size() - COMMITS_SHOWN), decisions.size())) {
      out.println(decision.time() + "  " + decision.kind().name().toLowerCase(Locale.ROOT) + ": " + decision.why());
    }
    out.println();
  }

  private static Table spent(StoreView view) {
    var table = new Table("resource", "spent", "budget");
    for (Resource resource : Resource.values()) {
      double amount = resource == Resource.SECONDS
          ? view.learnSeconds()
          : view.spent().getOrDefault(resource.id(), 0.0);
      var limit = view.budget().limit(resource);
      table.row(resource.id(), resource.format(amount),
          limit.isPresent() ? resource.format(limit.getAsDouble()) : "unlimited");
    }
    return table;
  }

  private static void commits(List<StoreView.CommitView> commits, PrintWriter out) {
    out.println("Commits");
    var table = new Table("id", "parent", "time", "experiences", "step", "bytes", "");
    for (StoreView.CommitView commit : commits.subList(0, Math.min(COMMITS_SHOWN, commits.size()))) {
      table.row(commit.id(), commit.parent(), commit.time(), commit.experience(), commit.step(),
          Resource.BYTES.format(commit.bytes()), commit.whole() ? "kept" : "blobs given up");
    }
    out.print(table.text());
    if (commits.size() > COMMITS_SHOWN) {
      out.println("and " + (commits.size() - COMMITS_SHOWN) + " older ones, which --json shows");
    }
    out.println();
  }
}
