package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What SIGKILL every 20 seconds costs: rows that are lost or doubled, and predictions that are others than those of a server
 * that was taught the same rows once, in the same order, and never killed.
 */
final class KillsMeasurement {

  private static final int KILL_SECONDS = 20;
  private static final int ASKED_AFTERWARDS = 500;
  private static final String ONE = "/v1";
  private static final Pattern LABEL = Pattern.compile("\"predictions\":\\[\\{[^{\\[]*?\"label\":(\"(?:[^\"\\\\]|\\\\.)*\")");

  private final Rows rows;
  private final Path place;
  private final List<String> options;
  private final double seconds;
  private final Consumer<String> say;
  private final ServeFigures.Taken taken;
  private final AtomicReference<ServedProcess> current = new AtomicReference<>();
  private final AtomicBoolean going = new AtomicBoolean(true);
  private final AtomicInteger acknowledged = new AtomicInteger();
  private final AtomicInteger asked = new AtomicInteger();
  private final AtomicInteger wrong = new AtomicInteger();

  /**
   * A measurement that has not begun.
   *
   * @param options of the servers' command line
   * @param seconds of teaching, asking and killing
   */
  KillsMeasurement(Rows rows, Path place, List<String> options, double seconds, Consumer<String> say,
      ServeFigures.Taken taken) {
    this.rows = rows;
    this.place = place;
    this.options = options;
    this.seconds = seconds;
    this.say = say;
    this.taken = taken;
  }

  void take() throws IOException, InterruptedException {
    int kills = throughKills();
    List<String> survivor;
    long known;
    try (ServedProcess server = current.get(); Wire wire = server.wire()) {
      // The last row once more, with its key: it is not learned again, and what came before it has been seen.
      rows.teachUntilSeen(wire, ONE, acknowledged.get() - 1, key(acknowledged.get() - 1));
      known = wire.get(ONE + "/models/default").number("rows");
      survivor = labels(wire, rows, acknowledged.get(), ASKED_AFTERWARDS);
    }
    taken.add("kills", kills, "");
    taken.add("rows acknowledged", acknowledged.get(), "");
    taken.add("rows lost (+) or doubled (-)", acknowledged.get() - known, "");
    taken.add("predictions asked meanwhile", asked.get(), "");
    taken.add("answers of another form", wrong.get(), "");
    say.accept("the same rows without kills");
    try (ServedProcess server = ServedProcess.start(place.resolve("kills-twin"), options); Wire wire = server.wire()) {
      rows.teach(wire, ONE, 0, acknowledged.get());
      taken.add("predictions that differ from those of a server without kills, of " + ASKED_AFTERWARDS,
          differences(survivor, labels(wire, rows, acknowledged.get(), ASKED_AFTERWARDS)), "");
    }
  }

  private int throughKills() throws IOException, InterruptedException {
    current.set(ServedProcess.start(place.resolve("kills"), options));
    int kills = 0;
    long end = System.nanoTime() + (long) (seconds * 1e9);
    try (var clients = Executors.newFixedThreadPool(3)) {
      List<Future<?>> futures = new ArrayList<>();
      futures.add(clients.submit(this::teach));
      futures.add(clients.submit(this::ask));
      futures.add(clients.submit(this::ask));
      while (System.nanoTime() < end || acknowledged.get() == 0) {
        current.get().killAfter(KILL_SECONDS);
        kills++;
        current.set(ServedProcess.start(place.resolve("kills"), options));
        say.accept(kills + " kills, " + acknowledged + " rows acknowledged, " + asked + " predictions");
      }
      going.set(false);
      for (Future<?> future : futures) {
        future.get();
      }
    } catch (ExecutionException e) {
      throw new FailureException("a client failed: " + e.getCause(), e);
    }
    return kills;
  }

  private static String key(int row) {
    return "Idempotency-Key: row-" + row + "\r\n";
  }

  /** Sends one row after another, each with its key until it is acknowledged, to whichever server there is. */
  private void teach() {
    for (int row = 0; going.get(); row++) {
      boolean done = false;
      while (!done) {
        try (Wire wire = current.get().wire()) {
          done = wire.send("POST", ONE + "/learn", rows.learn(row, ""), key(row)).status() == 200;
        } catch (IOException e) {
          // Killed just now: the row is sent again to the next server, with its key.
          Thread.onSpinWait();
        }
      }
      acknowledged.incrementAndGet();
    }
  }

  /** An answer of another form is neither a class that was taught nor a refusal. */
  private void ask() {
    int row = 0;
    while (going.get()) {
      try (Wire wire = current.get().wire()) {
        Wire.Reply reply = wire.post(ONE + "/predict", rows.predict(ONE, row++).body());
        asked.incrementAndGet();
        boolean good = reply.status() == 409 || reply.status() == 503
            || (reply.status() == 200 && LABEL.matcher(reply.body()).find() && reply.number("through") >= 0);
        wrong.addAndGet(good ? 0 : 1);
      } catch (IOException e) {
        // Killed just now.
        Thread.onSpinWait();
      }
    }
  }

  /**
   * The labels of texts, as JSON has them.
   *
   * @throws FailureException if one is not predicted
   */
  static List<String> labels(Wire wire, Rows rows, int from, int count) throws IOException {
    var labels = new ArrayList<String>();
    for (int row = from; row < from + count; row++) {
      Wire.Reply reply = wire.post(ONE + "/predict", rows.predict(ONE, row).body());
      Matcher label = LABEL.matcher(reply.body());
      if (reply.status() != 200 || !label.find()) {
        throw new FailureException("expected a prediction of row " + row + ", got status " + reply.status() + ": " + reply.body());
      }
      labels.add(label.group(1));
    }
    return labels;
  }

  /** In how many places two lists of one length are not the same. */
  static int differences(List<String> one, List<String> other) {
    if (one.size() != other.size()) {
      throw new IllegalArgumentException("expected lists of one length, got " + one.size() + " and " + other.size());
    }
    int differences = 0;
    for (int i = 0; i < one.size(); i++) {
      differences += one.get(i).equals(other.get(i)) ? 0 : 1;
    }
    return differences;
  }
}
