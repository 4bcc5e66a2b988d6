package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.budget.Ledger;
import dev.perennial.budget.Resource;
import dev.perennial.engine.Inspection;
import dev.perennial.engine.StoreBricks;
import dev.perennial.measure.BricksReport;
import dev.perennial.server.Refused;
import dev.perennial.server.model.HeadSnapshot;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.ServedModel;
import dev.perennial.server.page.Page;
import dev.perennial.server.page.State;
import dev.perennial.server.page.Watcher;
import dev.perennial.server.safety.Scope;
import dev.perennial.server.tenant.Tenants;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** The page, and what it asks for: events, the picture of the bricks, and what was spent. */
final class PageCalls implements AutoCloseable {

  private static final String EVENTS = "text/event-stream";
  private static final int LEDGER_LINES = 50;

  private final Page page = Page.make();
  private final Tenants tenants;
  private final Watcher watcher;
  private final Latencies latencies;
  private final Supplier<List<Messages.Use>> uses;
  private final Watch watch;
  private final CountDownLatch stopping = new CountDownLatch(1);

  PageCalls(
      Tenants tenants, Watcher watcher, Latencies latencies, Supplier<List<Messages.Use>> uses, Watch watch) {
    this.tenants = tenants;
    this.watcher = watcher;
    this.latencies = latencies;
    this.uses = uses;
    this.watch = watch;
  }

  void page(Call call) {
    call.header("Content-Security-Policy", page.policy());
    call.header("Referrer-Policy", "no-referrer");
    call.answer(200, "text/html; charset=utf-8", page.html());
  }

  /** What a model is and does, once a second, as server-sent events; with {@code most} only so many. */
  void events(Call call) throws IOException, InterruptedException {
    String asked = call.query("most").orElse("0");
    if (!asked.matches("[0-9]{1,9}")) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected most between 0 and 999999999, 0 for no end, got "
          + Json.shortened(asked));
    }
    int most = Integer.parseInt(asked);
    byte[] first = event(call, 1);
    try (Watch.Open open = watch.open()) {
      OutputStream out = call.answerStream(EVENTS);
      watch.timed(() -> write(out, first));
      for (int sent = 1; (most == 0 || sent < most) && !stopping.await(1, TimeUnit.SECONDS); sent++) {
        byte[] next = event(call, sent + 1);
        watch.timed(() -> write(out, next));
      }
      watch.timed(out::close);
    }
  }

  private static void write(OutputStream out, byte[] event) throws IOException {
    out.write(event);
    out.flush();
  }

  private byte[] event(Call call, int number) {
    ServedModel model = tenants.open(call.model());
    HeadSnapshot snapshot = model.snapshot();
    State state = watcher.state(model.name(), latencies.median(), latencies.p99());
    boolean teaches = model.learns() && call.principal().scopes().contains(Scope.LEARN);
    var message = new Messages.Live(ModelCalls.model(model), snapshot.classes().stream().limit(1000).toList(), teaches,
        uses.get(), teaches ? state : state.withoutTexts());
    return ("id: " + number + "\nevent: state\ndata: " + new String(call.json().write(message), UTF_8) + "\n\n")
        .getBytes(UTF_8);
  }

  void lineage(Call call) {
    ServedModel model = tenants.open(call.model());
    String report = BricksReport.render("Bricks of " + model.name(), StoreBricks.lineage(model.directory().directory()));
    call.answer(200, "text/html; charset=utf-8", report.getBytes(UTF_8));
  }

  /** Budgets of the model's own, as they were given when its store was made, and the newest lines of its ledger. */
  void ledger(Call call) {
    Ledger ledger = Inspection.of(tenants.open(call.model()).directory().directory()).ledger();
    var budgets = new ArrayList<Messages.Use>();
    for (Resource resource : Resource.values()) {
      double spent = ledger.total(resource);
      if (spent > 0 || ledger.budget().limit(resource).isPresent()) {
        budgets.add(new Messages.Use(resource.id(), resource.format(spent),
            ledger.budget().limit(resource).isPresent() ? resource.format(ledger.budget().limit(resource).getAsDouble()) : "none",
            share(spent, ledger.budget().limit(resource).orElse(0))));
      }
    }
    List<Ledger.Entry> entries = ledger.entries();
    List<Messages.Spent> newest = entries.subList(Math.max(0, entries.size() - LEDGER_LINES), entries.size()).reversed()
        .stream().map(entry -> new Messages.Spent(entry.what(), entry.resource().id(),
            entry.resource().format(entry.amount()), entry.experience())).toList();
    call.answer(200, new Messages.Ledger(budgets, newest));
  }

  static double share(double used, double limit) {
    return limit > 0 ? Math.min(1, used / limit) : 0;
  }

  /** Ends the streams. */
  @Override
  public void close() {
    stopping.countDown();
  }
}
