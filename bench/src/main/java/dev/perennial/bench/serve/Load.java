package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.IntFunction;

/** Predictions asked of a server: as fast as so many clients can, or at given moments whatever the server does. */
final class Load {

  /**
   * How it went.
   *
   * @param answered requests that were answered with 200
   * @param lost those that were not
   * @param seconds from the first to the last
   * @param latencies of those answered, in seconds, from the moment at which each was due, ascending
   * @param refusal what one of those that were lost was answered; empty where none was lost
   */
  record Outcome(int answered, int lost, double seconds, double[] latencies, String refusal) {

    double perSecond() {
      return answered / seconds;
    }

    /** Such as 0.99. */
    double quantile(double share) {
      return latencies.length == 0 ? Double.NaN : latencies[Math.max(0, (int) Math.ceil(share * latencies.length) - 1)];
    }
  }

  /** A request: its path and body. */
  record Request(String path, String body) {}

  private Load() {}

  /** Clients that each ask again as soon as they are answered, for so long. */
  static Outcome closed(int port, int clients, double seconds, IntFunction<Request> requests) throws InterruptedException {
    var next = new AtomicInteger();
    long began = System.nanoTime();
    long end = began + (long) (seconds * 1e9);
    return run(clients, began, () -> {
      var taken = new Taken();
      try (var wire = new Wire(port)) {
        while (System.nanoTime() < end) {
          long at = System.nanoTime();
          taken.note(ask(wire, requests.apply(next.getAndIncrement())), at);
        }
      }
      return taken;
    });
  }

  /**
   * Requests at given moments. Each of many connections takes the next one that is due; what is late because the server is
   * slow counts as late.
   *
   * @param moments in seconds from the beginning, ascending
   */
  static Outcome open(int port, int connections, double[] moments, IntFunction<Request> requests)
      throws InterruptedException {
    var next = new AtomicInteger();
    long began = System.nanoTime();
    return run(connections, began, () -> {
      var taken = new Taken();
      try (var wire = new Wire(port)) {
        for (int i = next.getAndIncrement(); i < moments.length; i = next.getAndIncrement()) {
          long due = began + (long) (moments[i] * 1e9);
          for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
            LockSupport.parkNanos(left);
          }
          taken.note(ask(wire, requests.apply(i)), due);
        }
      }
      return taken;
    });
  }

  private static Wire.Reply ask(Wire wire, Request request) throws IOException {
    return wire.post(request.path, request.body);
  }

  private static final class Taken {
    private double[] latencies = new double[1024];
    private int answered;
    private int lost;
    private String refusal = "";

    void note(Wire.Reply reply, long since) {
      if (reply.status() != 200) {
        lost++;
        refusal = reply.status() + " " + reply.body();
        return;
      }
      if (answered == latencies.length) {
        latencies = Arrays.copyOf(latencies, 2 * answered);
      }
      latencies[answered++] = (System.nanoTime() - since) / 1e9;
    }
  }

  private static Outcome run(int clients, long began, Callable<Taken> client) throws InterruptedException {
    try (ExecutorService threads = Executors.newFixedThreadPool(clients)) {
      var futures = new ArrayList<Future<Taken>>();
      for (int i = 0; i < clients; i++) {
        futures.add(threads.submit(client));
      }
      var all = new ArrayList<Taken>();
      for (Future<Taken> future : futures) {
        all.add(future.get());
      }
      return together(all, (System.nanoTime() - began) / 1e9);
    } catch (ExecutionException e) {
      throw new FailureException("a client of the load failed: " + e.getCause(), e);
    }
  }

  private static Outcome together(List<Taken> all, double seconds) {
    double[] latencies = all.stream().flatMapToDouble(taken -> Arrays.stream(taken.latencies, 0, taken.answered)).sorted()
        .toArray();
    String refusal = all.stream().map(taken -> taken.refusal).filter(told -> !told.isEmpty()).findFirst().orElse("");
    return new Outcome(latencies.length, all.stream().mapToInt(taken -> taken.lost).sum(), seconds, latencies, refusal);
  }
}
