package dev.perennial.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.engine.Predictor;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The time from the start of a process to its first prediction, in its parts; by processes that are really started.
 *
 * @param runs seconds of each part, in the order in which they come, for each process
 */
record ColdStart(List<Map<String, Double>> runs) {

  private static final String SPAWNED = "perennial.spawned";
  private static final String JVM = "process and JVM";
  private static final String COMMAND = "command line";
  private static final String FORWARD = "first forward pass";
  private static final double MILLIS = 1e3;
  private static final double NANOS = 1e9;

  /** Starts processes that predict one text each, one after the other. */
  static ColdStart measure(Console console, Path store, int processes) {
    var runs = new ArrayList<Map<String, Double>>();
    for (int i = 0; i < processes; i++) {
      Instant spawned = Instant.now();
      Process process = ChildProcess.start(console, List.of("-D" + SPAWNED + "=" + spawned),
          List.of("doctor", "--probe", "--store", store.toString()));
      try {
        String said = process.inputReader().readAllAsString();
        if (process.waitFor() != 0) {
          throw new FailureException("a process that was to predict with " + store + " ended with exit code "
              + process.exitValue() + ": what it says of it stands above");
        }
        runs.add(parts(said));
      } catch (IOException e) {
        throw new FailureException("cannot read what a process said that was to predict: " + e.getMessage(), e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FailureException("interrupted while it waited for a prediction: run it again", e);
      } finally {
        process.destroyForcibly();
      }
      console.err().println(String.format(Locale.ROOT, "start %d of %d: %.2f s to the first prediction", i + 1, processes,
          total(runs.getLast())));
    }
    return new ColdStart(List.copyOf(runs));
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Double> parts(String json) {
    try {
      return JsonMapper.builder().build().readValue(json, LinkedHashMap.class);
    } catch (JsonProcessingException e) {
      throw new FailureException("expected the parts of a start, got " + json.strip() + ": run doctor again", e);
    }
  }

  /** What such a process does: predicts, and tells how long each part took. */
  static Map<String, Double> probe(Path store, int threads) {
    Instant begun = Instant.now();
    Instant spawned = Instant.parse(System.getProperty(SPAWNED, begun.toString()));
    long[] last = {System.nanoTime()};
    var parts = new LinkedHashMap<String, Double>();
    parts.put(JVM, 0.0);
    parts.put(COMMAND, 0.0);
    try (Predictor predictor = Predictor.open(store, threads, part -> {
      long now = System.nanoTime();
      parts.put(part.name().toLowerCase(Locale.ROOT), (now - last[0]) / NANOS);
      last[0] = now;
    })) {
      predictor.predict(List.of("how long does it take to begin?"), 1);
      parts.put(FORWARD, (System.nanoTime() - last[0]) / NANOS);
    }
    double jvm = Math.max(0, ManagementFactory.getRuntimeMXBean().getStartTime() / MILLIS - spawned.toEpochMilli() / MILLIS);
    parts.put(JVM, jvm);
    parts.put(COMMAND, Math.max(0, Duration.between(spawned, begun).toNanos() / NANOS - jvm));
    return parts;
  }

  private static double total(Map<String, Double> parts) {
    return parts.values().stream().mapToDouble(Double::doubleValue).sum();
  }

  /** The parts of the fastest start. */
  Map<String, Double> best() {
    return runs.stream().min((a, b) -> Double.compare(total(a), total(b))).orElseThrow();
  }

  /** Seconds of the fastest start. */
  double least() {
    return total(best());
  }

  /** Seconds of the start that half of all starts beat. */
  double median() {
    double[] totals = runs.stream().mapToDouble(ColdStart::total).sorted().toArray();
    return totals[totals.length / 2];
  }
}
