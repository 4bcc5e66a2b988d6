package dev.perennial.restart;

import dev.perennial.restart.Attempt.Event;
import dev.perennial.restart.Deadlines.Phase;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One attempt as it was watched, from its start to its end. */
final class Watch {

  private static final double NANOS = 1e9;

  private final LongSupplier ticker;
  private final Deadlines deadlines;
  private final long start;
  private Phase phase = Phase.OPENING;
  private int experience = -1;
  private long step;
  private int committedExperience = -1;
  private long committedStep;
  private int exitCode;
  private double silence;
  private boolean stuck;
  private int steps;
  private double stepSeconds;
  private int snapshots;
  private double snapshotSeconds;
  private @Nullable Signal last;
  private @Nullable Signal opened;
  private List<QuarantinedRow> suspects = new ArrayList<>();

  Watch(LongSupplier ticker, Deadlines deadlines) {
    this.ticker = ticker;
    this.deadlines = deadlines;
    start = ticker.getAsLong();
  }

  /** Watches to the end; ends what is stuck. */
  Watch follow(Attempt attempt, int stuckBefore) {
    while (true) {
      long from = ticker.getAsLong();
      double deadline = deadlines.seconds(phase, stuckBefore);
      switch (attempt.next(deadline)) {
        case Event.Said(Signal signal) -> {
          double seconds = (ticker.getAsLong() - from) / NANOS;
          if (signal.kind() != Signal.Kind.SUSPECTS) {
            deadlines.heard(phase, seconds);
          }
          heard(signal, seconds);
        }
        case Event.Ended(int code) -> {
          exitCode = code;
          return this;
        }
        case Event.Silent _ -> {
          stuck = true;
          silence = deadline;
          attempt.close();
          return this;
        }
      }
    }
  }

  private void heard(Signal signal, double seconds) {
    last = signal;
    switch (signal.kind()) {
      case OPENED -> opened = signal;
      case BEGAN -> at(signal, Phase.STEP);
      case STEPPED -> {
        at(signal, Phase.STEP);
        steps++;
        stepSeconds += seconds;
      }
      case EVALUATING -> phase = Phase.EVALUATION;
      case EVALUATED -> at(signal, Phase.EVALUATION);
      case COMMITTING -> phase = Phase.SNAPSHOT;
      case COMMITTED -> {
        committedExperience = experience;
        committedStep = step;
        phase = Phase.STEP;
        snapshots++;
        snapshotSeconds += seconds;
      }
      case SUSPECTS -> suspects = signal.rows();
      case DIVERGED, FELL, FAILED -> phase = Phase.EVALUATION;
    }
  }

  private void at(Signal signal, Phase next) {
    experience = signal.experience();
    step = signal.step();
    phase = next;
  }

  /** The experience that it was in, from 0; -1 before the first. */
  int experience() {
    return experience;
  }

  /** The step that it was taking, from 0. */
  long step() {
    return step;
  }

  /** Whether it was in the middle of a step. */
  boolean inStep() {
    return phase == Phase.STEP && experience >= 0;
  }

  /** Whether it made something durable beyond a place. */
  boolean committedBeyond(int otherExperience, long otherStep) {
    return committedExperience > otherExperience
        || committedExperience == otherExperience && committedStep > otherStep;
  }

  int committedExperience() {
    return committedExperience;
  }

  long committedStep() {
    return committedStep;
  }

  int exitCode() {
    return exitCode;
  }

  /** Whether it was ended for its silence. */
  boolean isStuck() {
    return stuck;
  }

  /** The seconds of silence that it was ended for. */
  double silence() {
    return silence;
  }

  /** The longest silence of that kind before. */
  double longestSilence() {
    return deadlines.longest(phase);
  }

  String busyWith() {
    return switch (phase) {
      case OPENING -> "opening data and model";
      case STEP -> "a step";
      case EVALUATION -> "evaluating";
      case SNAPSHOT -> "writing a snapshot";
    };
  }

  /** Whether the last that it said was this. */
  boolean said(Signal.Kind kind) {
    return last != null && last.kind() == kind;
  }

  String lastWords() {
    return last == null ? "" : last.text();
  }

  /** What it said of itself when it was open; null if it came not so far. */
  @Nullable Signal opened() {
    return opened;
  }

  List<QuarantinedRow> suspects() {
    return suspects;
  }

  int steps() {
    return steps;
  }

  double stepSeconds() {
    return stepSeconds;
  }

  int snapshots() {
    return snapshots;
  }

  double snapshotSeconds() {
    return snapshotSeconds;
  }

  /** Seconds since it was started. */
  double seconds() {
    return (ticker.getAsLong() - start) / NANOS;
  }
}
