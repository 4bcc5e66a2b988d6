package dev.perennial.server.page;

import dev.perennial.server.Answer;
import dev.perennial.server.drift.Drift;
import dev.perennial.server.drift.Signal;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What is known of one model since the process began. Safe for many threads. */
final class ModelWatch {

  private static final int MOST_EVENTS = 100;
  private static final int MOST_PENDING = 4_096;

  private final Clock clock;
  private final Outcomes outcomes = new Outcomes();
  private final Classes classes = new Classes();
  private final Unfamiliar unfamiliar = new Unfamiliar();
  private final Rates predicted = new Rates();
  private final Rates learned = new Rates();
  private final Durations visible = new Durations();
  private final ArrayDeque<Pending> pending = new ArrayDeque<>();
  private final ArrayDeque<State.Event> events = new ArrayDeque<>();
  private List<Signal> signals = List.of();
  private long through;
  private long eventCount;

  /** Rows that are durable and not yet seen by predictions. */
  private record Pending(long last, long nanos) {}

  ModelWatch(Clock clock) {
    this.clock = clock;
  }

  private long second() {
    return Math.floorDiv(clock.millis(), 1000L);
  }

  synchronized void answered(List<String> ids, List<Answer> answers) {
    Instant now = clock.instant();
    for (int i = 0; i < answers.size(); i++) {
      Answer answer = answers.get(i);
      Answer.Candidate best = answer.candidates().getFirst();
      unfamiliar.add(ids.get(i), answer.text(), best.label(), best.score(), now);
    }
  }

  synchronized void predicted(int texts) {
    predicted.add(texts, second());
  }

  synchronized void learning(String text, String label, String said) {
    outcomes.add(label, said);
    learned.add(1, second());
    unfamiliar.learned(text);
    if (classes.add(label, label.equals(said)) && classes.size() <= MOST_EVENTS) {
      note("class", "the first row of " + label + " since the server began");
    }
  }

  synchronized void acknowledged(long last, long nanos) {
    if (last > through && pending.size() < MOST_PENDING) {
      pending.add(new Pending(last, nanos));
    }
  }

  synchronized void published(long until, long nanos) {
    through = until;
    pending.removeIf(rows -> {
      boolean seen = rows.last <= until;
      if (seen) {
        visible.add(nanos - rows.nanos);
      }
      return seen;
    });
  }

  synchronized void watched(List<Signal> now) {
    signals = now;
    for (Signal signal : now) {
      String what = switch (signal.change()) {
        case NONE -> "";
        case WORSE -> "the model errs more often than before";
        case BETTER -> "the model errs less often than before";
        case OTHER -> "texts are unlike those before";
      };
      if (!what.isEmpty()) {
        note(signal.change() == Signal.Change.BETTER ? "better" : "drift", signal.detector() + ": " + what);
      }
    }
  }

  synchronized void note(String kind, String text) {
    events.addFirst(new State.Event(++eventCount, clock.instant().toString(), kind, text));
    if (events.size() > MOST_EVENTS) {
      events.removeLast();
    }
  }

  synchronized State state(double median, double p99) {
    long second = second();
    return new State(clock.instant().toString(), outcomes.accuracy(), outcomes.matrix(), classes.shown(),
        classes.forgetting(), signals, new State.Side(predicted.before(second), predicted.mean(second), median, p99),
        new State.Side(learned.before(second), learned.mean(second), visible.percentile(0.5), visible.percentile(0.99)),
        unfamiliar.familiarity(), unfamiliar.waiting(clock.instant()), new ArrayList<>(events));
  }

  synchronized double score(String detector) {
    return signals.stream().filter(signal -> signal.detector().equals(detector) && signal.level() != Drift.Level.WARM_UP)
        .mapToDouble(Signal::score).findFirst().orElse(0);
  }

  synchronized long drifts(String detector) {
    return signals.stream().filter(signal -> signal.detector().equals(detector)).mapToLong(Signal::drifts).findFirst()
        .orElse(0);
  }

  static String counted(long many, String one) {
    return String.format(Locale.ROOT, "%,d %s%s", many, one, many == 1 ? "" : "s");
  }
}
