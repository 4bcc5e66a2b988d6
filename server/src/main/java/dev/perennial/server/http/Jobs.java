package dev.perennial.server.http;

import dev.perennial.PerennialException;
import dev.perennial.server.Refused;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/** Work that takes longer than a request should: one at a time, in the order of asking; the newest are remembered. */
final class Jobs implements AutoCloseable {

  private static final int REMEMBERED = 1000;
  private static final int WAITING = 100;

  private final Clock clock;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("perennial-jobs").factory());
  private final Semaphore room = new Semaphore(WAITING);
  private final Map<String, Job> jobs = new LinkedHashMap<>();
  private long next = 1;

  /**
   * A job.
   *
   * @param id it is asked for by
   * @param kind such as {@code merge}
   * @param model that it is for
   * @param state {@code waiting}, {@code running}, {@code done} or {@code failed}
   * @param progress 0 to 1
   * @param result of one that is done
   * @param problem of one that failed
   * @param at when its state changed last, in ISO 8601
   */
  record Job(String id, String kind, String model, String state, double progress, @Nullable Object result,
      @Nullable String problem, String at) {

    Job now(String otherState, double done, @Nullable Object outcome, @Nullable String wrong, Clock clock) {
      return new Job(id, kind, model, otherState, done, outcome, wrong, clock.instant().toString());
    }
  }

  /** How far a job has come. */
  interface Step {
    void at(double progress);
  }

  /** What a job does. */
  interface Work {
    Object run(Step step);
  }

  Jobs(Clock clock) {
    this.clock = clock;
  }

  /**
   * Begins a job, as soon as those before it are done.
   *
   * @throws Refused if too many wait
   */
  Job start(String kind, String model, Work work) {
    if (!room.tryAcquire()) {
      throw new Refused(Refused.Reason.UNAVAILABLE,
          "expected at most " + WAITING + " jobs to wait, and there are as many: try again when some are done");
    }
    Job job;
    synchronized (jobs) {
      job = new Job("job-" + next++, kind, model, "waiting", 0, null, null, clock.instant().toString());
      put(job);
    }
    thread.execute(() -> run(job, work));
    return job;
  }

  private void run(Job job, Work work) {
    put(job.now("running", 0, null, null, clock));
    try {
      Object result = work.run(progress -> put(job.now("running", progress, null, null, clock)));
      put(job.now("done", 1, result, null, clock));
    } catch (PerennialException e) {
      put(job.now("failed", 0, null, e.getMessage(), clock));
    } catch (RuntimeException e) {
      put(job.now("failed", 0, null, "a defect of the server: " + e, clock));
    } finally {
      room.release();
    }
  }

  private void put(Job job) {
    synchronized (jobs) {
      jobs.put(job.id(), job);
      if (jobs.size() > REMEMBERED) {
        jobs.remove(jobs.keySet().iterator().next());
      }
    }
  }

  /** All that are remembered, the oldest first. */
  List<Job> list() {
    synchronized (jobs) {
      return new ArrayList<>(jobs.values());
    }
  }

  /** One of them. */
  Job get(String id) {
    synchronized (jobs) {
      Job job = jobs.get(id);
      if (job == null) {
        throw new Refused(Refused.Reason.UNKNOWN, "expected the id of a job that is remembered, got another");
      }
      return job;
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
