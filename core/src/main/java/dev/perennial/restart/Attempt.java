package dev.perennial.restart;

/** A learner at work, as its supervisor sees it. */
public interface Attempt extends AutoCloseable {

  /** What a learner does that its supervisor notices. */
  sealed interface Event {

    /** It says something. */
    record Said(Signal signal) implements Event {}

    /** It has ended; 0 if all is learned, 2 if the request is wrong, anything else if it failed or was killed. */
    record Ended(int exitCode) implements Event {}

    /** It has been silent for as long as was waited. */
    record Silent() implements Event {}
  }

  /** Waits for the next event, so many seconds at most. Nothing follows the end. */
  Event next(double seconds);

  /** Ends it at once, if it goes on still, and waits for that. */
  @Override
  void close();

  /** What starts learners. */
  @FunctionalInterface
  interface Launcher {

    /** Starts one where the last commit stands. */
    Attempt launch(Orders orders);
  }
}
