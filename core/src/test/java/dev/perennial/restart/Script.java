package dev.perennial.restart;

import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.perennial.restart.Attempt.Event;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;

/** A play of learners that live by a script, on a clock of its own. */
final class Script {

  /** What happens, and the seconds that go by before. */
  record Line(double seconds, Event event) {}

  final List<Orders> orders = new ArrayList<>();
  final List<Double> pauses = new ArrayList<>();
  final List<String> said = new ArrayList<>();
  private final List<Function<Orders, List<Line>>> acts;
  private long now;

  private Script(List<Function<Orders, List<Line>>> acts) {
    this.acts = acts;
  }

  /** Plays the acts one after the other, the last of them again and again. */
  @SafeVarargs
  static Script of(Function<Orders, List<Line>>... acts) {
    return new Script(List.of(acts));
  }

  static Line said(double seconds, Signal.Kind kind, int experience, long step) {
    return new Line(seconds, new Event.Said(Signal.at(kind, experience, step)));
  }

  static Line because(Signal.Kind kind, String why) {
    return new Line(0, new Event.Said(Signal.because(kind, 0, 0, why)));
  }

  static Line ended(double seconds, int exitCode) {
    return new Line(seconds, new Event.Ended(exitCode));
  }

  Supervisor.Outcome play(SupervisionOptions options, Path directory) {
    try (RestartLog log = RestartLog.open(directory)) {
      return new Supervisor(options, directory, this::launch, log, pauses::add, () -> now,
          Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC), said::add).run();
    }
  }

  private Attempt launch(Orders given) {
    Deque<Line> lines = new ArrayDeque<>(acts.get(Math.min(orders.size(), acts.size() - 1)).apply(given));
    orders.add(given);
    return new Attempt() {

      private boolean over;

      @Override
      public Event next(double seconds) {
        assertFalse(over, "nobody listens to what has ended");
        Line line = lines.element();
        if (line.seconds() > seconds) {
          now += (long) (seconds * 1e9);
          return new Event.Silent();
        }
        now += (long) (line.seconds() * 1e9);
        over = line.event() instanceof Event.Ended;
        return lines.remove().event();
      }

      @Override
      public void close() {
        over = true;
      }
    };
  }
}
