package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** Takes figures of servers that it starts, one after another. */
final class ServeMeasurement {

  private static final int BATCH = 32;
  private static final double WARM_SECONDS = 10;
  private static final String ONE = "/v1";

  private final Rows rows;
  private final Path place;
  private final int taught;
  private final int clients;
  private final int threads;
  private final double seconds;
  private final Consumer<String> say;
  private final ServeFigures.Taken taken;
  private double throughput;

  ServeMeasurement(Rows rows, Path place, int taught, int clients, int threads, double seconds, Consumer<String> say,
      ServeFigures.Taken taken) {
    this.rows = rows;
    this.place = place;
    this.taught = taught;
    this.clients = clients;
    this.threads = threads;
    this.seconds = seconds;
    this.say = say;
    this.taken = taken;
  }

  private ServedProcess start(String name, String... more) throws IOException {
    var options = new ArrayList<>(List.of("--threads", Integer.toString(threads)));
    options.addAll(List.of(more));
    return ServedProcess.start(place.resolve(name), options);
  }

  private ServedProcess taught(String name, String... more) throws IOException {
    ServedProcess server = start(name, more);
    try (Wire wire = server.wire()) {
      rows.teach(wire, ONE, taught);
    }
    return server;
  }

  private Load.Request ask(int i) {
    return rows.predict(ONE, i);
  }

  /** As fast as it goes, once the server's code is compiled. */
  private Load.Outcome fastest(ServedProcess server, double most) throws InterruptedException {
    warm(server);
    return Load.closed(server.port(), clients, most, this::ask);
  }

  private void warm(ServedProcess server) throws InterruptedException {
    Load.closed(server.port(), clients, Math.min(WARM_SECONDS, seconds), this::ask);
  }

  void throughput() throws IOException, InterruptedException {
    say.accept("throughput");
    double alone = rows.encoderRate(threads, 2000);
    try (ServedProcess server = taught("throughput")) {
      Load.Outcome outcome = fastest(server, seconds);
      throughput = outcome.perSecond();
      taken.add("predictions a second, " + clients + " clients", throughput, "1/s");
      taken.add("the encoder's own batch rate", alone, "1/s");
      taken.add("share", throughput / alone, "");
      lost("requests lost", outcome);
    }
  }

  /** Against embeddings of ONNX Runtime, one text a request, behind the same HTTP server and under the same load. */
  void peer() throws IOException, InterruptedException {
    say.accept("peer");
    try (ServedProcess server = taught("peer");
        ServedProcess onnx = ServedProcess.start(
            List.of("dev.perennial.bench.OnnxServer", Integer.toString(threads)))) {
      double theirs = fastest(onnx, seconds).perSecond();
      double ours = fastest(server, seconds).perSecond();
      taken.add("ONNX Runtime behind the same HTTP server, " + clients + " clients", theirs, "1/s");
      taken.add("this server", ours, "1/s");
      taken.add("share", ours / theirs, "");
    }
  }

  /** What a server manages, measured briefly where it was not asked for; the server is warm then. */
  private double throughputOf(ServedProcess server) throws InterruptedException {
    if (throughput == 0) {
      throughput = fastest(server, Math.min(10, seconds)).perSecond();
    } else {
      warm(server);
    }
    return throughput;
  }

  private void latencies(String what, Load.Outcome outcome) {
    taken.add(what + ": p50", 1000 * outcome.quantile(0.5), "ms");
    taken.add(what + ": p99", 1000 * outcome.quantile(0.99), "ms");
    taken.add(what + ": p99.9", 1000 * outcome.quantile(0.999), "ms");
    taken.add(what + ": answered a second", outcome.perSecond(), "1/s");
    lost(what + ": lost", outcome);
  }

  private void lost(String what, Load.Outcome outcome) {
    taken.add(what, outcome.lost(), "");
    if (outcome.lost() > 0) {
      say.accept("one that was lost was answered " + outcome.refusal());
    }
  }

  void latency() throws IOException, InterruptedException {
    say.accept("latency");
    try (ServedProcess server = taught("latency")) {
      double rate = throughputOf(server) / 2;
      latencies("half load, nothing learned",
          Load.open(server.port(), 4 * clients, Arrivals.poisson(rate, seconds, 1), this::ask));
    }
  }

  void learning() throws IOException, InterruptedException {
    say.accept("learning beside predictions");
    try (ServedProcess server = taught("learning", "--p99", "100ms")) {
      double rate = throughputOf(server) / 2;
      var going = new AtomicBoolean(true);
      try (var teachers = Executors.newFixedThreadPool(4)) {
        List<Future<Integer>> learned = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          int first = i * BATCH;
          learned.add(teachers.submit(() -> teachOn(server, first, going)));
        }
        Load.Outcome outcome = Load.open(server.port(), 4 * clients, Arrivals.poisson(rate, seconds, 2), this::ask);
        going.set(false);
        int all = 0;
        for (Future<Integer> teacher : learned) {
          all += teacher.get();
        }
        latencies("half load, learning, --p99 100ms", outcome);
        taken.add("rows learned a second beside it", all / outcome.seconds(), "1/s");
      } catch (ExecutionException e) {
        throw new FailureException("a client that teaches failed: " + e.getCause(), e);
      }
    }
  }

  /** Teaches batches one after another, each when predictions have seen the one before. */
  private int teachOn(ServedProcess server, int first, AtomicBoolean going) throws IOException {
    int learned = 0;
    try (Wire wire = server.wire()) {
      for (int from = first; going.get(); from += 4 * BATCH) {
        Wire.Reply reply = wire.post(ONE + "/learn", rows.learn(from, from + BATCH, ",\"until\":\"visible\""));
        learned += reply.status() == 200 ? BATCH : 0;
      }
    }
    return learned;
  }

  void visible() throws IOException {
    say.accept("learned to visible");
    try (ServedProcess server = taught("visible"); Wire wire = server.wire()) {
      double[] took = new double[200];
      for (int i = 0; i < took.length; i++) {
        long began = System.nanoTime();
        long last = wire.post(ONE + "/learn", rows.learn(i, "")).number("last");
        while (wire.post(ONE + "/predict", rows.predict(ONE, i).body()).number("through") < last) {
          Thread.onSpinWait();
        }
        took[i] = (System.nanoTime() - began) / 1e6;
      }
      Arrays.sort(took);
      taken.add("from sending a row to a prediction that has seen it: p50", took[took.length / 2], "ms");
      taken.add("from sending a row to a prediction that has seen it: p99", took[took.length * 99 / 100], "ms");
    }
  }

  void kills() throws IOException, InterruptedException {
    say.accept("kills");
    new KillsMeasurement(
        rows, place, List.of("--threads", Integer.toString(threads)), seconds, say, taken).take();
  }

  void tenants(int models) throws IOException, InterruptedException {
    say.accept(models + " tenants");
    try (ServedProcess server = taught("tenants", "--memory", "128MiB")) {
      try (Wire wire = server.wire()) {
        for (int model = 0; model < models; model++) {
          String base = ONE + "/models/m" + model;
          wire.send("PUT", base, "", "");
          Wire.Reply reply = wire.post(base + "/learn", rows.learn(model * 4, model * 4 + 20, ""));
          if (reply.status() != 200) {
            throw new FailureException("the server refused rows of a tenant: " + reply.body());
          }
          if ((model + 1) % 100 == 0) {
            say.accept((model + 1) + " of " + models + " tenants are taught");
          }
        }
        // Rows are learned in the order in which they came.
        rows.teach(wire, ONE, 0, 1);
      }
      double one = fastest(server, seconds).perSecond();
      int[] drawn = Arrivals.zipf(models, 100_000, 3);
      Load.Outcome outcome = Load.closed(server.port(), clients, seconds,
          i -> rows.predict(ONE + "/models/m" + drawn[i % drawn.length], i));
      taken.add("one model", one, "1/s");
      taken.add(models + " models, Zipf traffic", outcome.perSecond(), "1/s");
      taken.add("share", outcome.perSecond() / one, "");
      lost("requests lost", outcome);
      taken.add("resident memory", server.residentBytes() / 1e6, "MB");
    }
  }

  void trace(Path file) throws IOException, InterruptedException {
    say.accept("trace");
    try (ServedProcess server = taught("trace")) {
      double[] moments = Arrivals.trace(file, throughputOf(server) / 2, seconds);
      taken.add("trace: variance of arrivals a second over their mean", Arrivals.burstiness(moments), "");
      latencies("trace at half load", Load.open(server.port(), 8 * clients, moments, this::ask));
      double[] even = Arrivals.poisson(moments.length / moments[moments.length - 1], seconds, 4);
      latencies("as many by themselves", Load.open(server.port(), 8 * clients, even, this::ask));
    }
  }

  void memory() throws IOException, InterruptedException {
    say.accept("memory");
    try (ServedProcess server = taught("memory")) {
      double rate = throughputOf(server) / 2;
      double first = Math.min(60, seconds / 2);
      var going = new AtomicBoolean(true);
      try (var teacher = Executors.newSingleThreadExecutor()) {
        Future<Integer> learned = teacher.submit(() -> teachOn(server, 0, going));
        Load.open(server.port(), clients, Arrivals.poisson(rate, first, 5), this::ask);
        double after = server.residentBytes();
        Load.open(server.port(), clients, Arrivals.poisson(rate, seconds - first, 6), this::ask);
        double end = server.residentBytes();
        going.set(false);
        taken.add("rows learned meanwhile", learned.get(), "");
        taken.add("resident memory after " + Math.round(first) + " s", after / 1e6, "MB");
        taken.add("resident memory after " + Math.round(seconds) + " s", end / 1e6, "MB");
        taken.add("share", end / after, "");
      } catch (ExecutionException e) {
        throw new FailureException("a client that teaches failed: " + e.getCause(), e);
      }
    }
  }
}
