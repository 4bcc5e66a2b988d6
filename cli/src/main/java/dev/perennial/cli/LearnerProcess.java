package dev.perennial.cli;

import dev.perennial.FailureException;
import dev.perennial.restart.Attempt;
import dev.perennial.restart.Signal;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A learner in a process of its own. What it prints that is no signal is passed on. */
final class LearnerProcess implements Attempt {

  private static final double NANOS = 1e9;
  private static final double LONGEST = 1e9;

  private final Process process;
  private final BlockingQueue<Event> events = new LinkedBlockingQueue<>();

  /**
   * Listens to a process that was started.
   *
   * @param results takes the lines that are no signals
   */
  LearnerProcess(Process process, Consumer<String> results) {
    this.process = process;
    Thread.ofVirtual().name("learner-" + process.pid()).start(() -> listen(results));
  }

  private void listen(Consumer<String> results) {
    try (BufferedReader reader = process.inputReader()) {
      for (String line = read(reader); line != null; line = read(reader)) {
        String said = line;
        Signal.of(said).ifPresentOrElse(signal -> events.add(new Event.Said(signal)), () -> results.accept(said));
      }
    } catch (IOException e) {
      results.accept("perennial: what the learner said could not be read: " + e.getMessage());
    } finally {
      events.add(new Event.Ended(process.onExit().join().exitValue()));
    }
  }

  /** The next line; null at the end, which is also where the stream was closed because the process was killed. */
  private static @Nullable String read(BufferedReader reader) {
    try {
      return reader.readLine();
    } catch (IOException e) {
      return null;
    }
  }

  @Override
  public Event next(double seconds) {
    try {
      Event event = events.poll((long) (Math.min(seconds, LONGEST) * NANOS), TimeUnit.NANOSECONDS);
      return event == null ? new Event.Silent() : event;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new FailureException("interrupted while it waited for the learner: run it again", e);
    }
  }

  /** Ends the learner in good order: what a person wants who stops the supervisor. */
  void stop() {
    process.toHandle().destroy();
    process.onExit().join();
  }

  @Override
  public void close() {
    process.destroyForcibly();
    process.onExit().join();
  }
}
