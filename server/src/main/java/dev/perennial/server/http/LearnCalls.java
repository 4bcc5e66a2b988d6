package dev.perennial.server.http;

import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import dev.perennial.server.journal.PredictionMemory;
import dev.perennial.server.safety.RateLimit;
import dev.perennial.server.tenant.Teaching;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Teaching: rows, labels of earlier predictions, who taught what, and taking it back. */
final class LearnCalls {

  private static final HeaderName KEY = HeaderNames.create("Idempotency-Key");

  /** Rows of a stream that are made durable together. */
  private static final int PIECE = 256;

  private final Teaching teaching;
  private final PredictionMemory memory;
  private final RateLimit rate;
  private final Watch watch;
  private final Jobs jobs;

  LearnCalls(Teaching teaching, PredictionMemory memory, RateLimit rate, Watch watch, Jobs jobs) {
    this.teaching = teaching;
    this.memory = memory;
    this.rate = rate;
    this.watch = watch;
    this.jobs = jobs;
  }

  void learn(Call call) {
    if (call.is(Call.LINES)) {
      stream(call);
      return;
    }
    Messages.Learn message = call.body(Messages.Learn.class);
    List<Intake.Row> rows = rows(message, call);
    boolean waits = Checks.waits(message.until());
    rate.take(call.principal().name(), rows.size());
    Intake.Receipt receipt = teaching.learn(
        new Intake.Lesson(call.model(), call.principal().name(), rows, key(call), null));
    call.answer(200, learned(call, rows.size(), receipt, waits));
  }

  private static List<Intake.Row> rows(Messages.Learn message, Call call) {
    List<Messages.@Nullable Row> several = message.rows();
    boolean one = message.text() != null || message.label() != null;
    if (one == (several != null)) {
      throw new Refused(Refused.Reason.MALFORMED, "expected either the fields text and label or a field rows, got "
          + (one ? "both" : "none") + ": send one of them");
    }
    if (several == null) {
      return List.of(Checks.row(message.text(), message.label(), call.limits()));
    }
    Checks.batch(several.size(), call.limits());
    var rows = new ArrayList<Intake.Row>(several.size());
    for (Messages.Row row : several) {
      if (row == null) {
        throw new Refused(Refused.Reason.MALFORMED, "expected objects in rows, got null");
      }
      rows.add(Checks.row(row.text(), row.label(), call.limits()));
    }
    return rows;
  }

  private static @Nullable String key(Call call) {
    Optional<String> key = call.header(KEY);
    key.ifPresent(text -> {
      if (!text.matches("[\\x21-\\x7e]{1,128}")) {
        throw new Refused(Refused.Reason.MALFORMED,
            "expected an Idempotency-Key of 1 to 128 visible ASCII characters, got another: use a UUID");
      }
    });
    // Keys are those of whoever sends them: nobody learns from another's.
    return key.map(text -> call.principal().name() + ":" + text).orElse(null);
  }

  private Messages.Learned learned(Call call, int rows, Intake.Receipt receipt, boolean waits) {
    boolean visible = waits && teaching.awaitVisible(receipt, call.limits().body());
    return new Messages.Learned(call.model(), rows, receipt.first(), receipt.last(), receipt.repeated(), visible);
  }

  /**
   * Lines to learn. Every piece is durable before the next one is read; where a line is wrong, those before it are
   * learned, and the answer says how many. With a key, a stream that is repeated learns what was missing.
   */
  private void stream(Call call) {
    String key = key(call);
    int rows = 0;
    long first = 0;
    long last = 0;
    boolean repeated = key != null;
    try (Watch.Open open = watch.open()) {
      var lines = new Lines(call.stream(), call.limits().bodyBytes());
      int piece = 0;
      for (List<Lines.Line> next = lines.next(PIECE); !next.isEmpty(); next = lines.next(PIECE)) {
        var lesson = new ArrayList<Intake.Row>();
        Refused wrong = null;
        for (int i = 0; i < next.size() && wrong == null; i++) {
          try {
            lesson.add(row(next.get(i), call));
          } catch (Refused e) {
            wrong = e;
          }
        }
        // Where a line is wrong the piece is another one than when it is right, and has no key that would say otherwise.
        if (!lesson.isEmpty()) {
          rate.take(call.principal().name(), lesson.size());
          Intake.Receipt receipt = teaching.learn(new Intake.Lesson(call.model(), call.principal().name(), lesson,
              key == null ? null : key + "/" + piece + (wrong == null ? "" : "/part"), null));
          rows += lesson.size();
          first = first == 0 ? receipt.first() : first;
          last = receipt.last();
          repeated &= receipt.repeated();
        }
        if (wrong != null) {
          throw new Refused(wrong.reason(), wrong.getMessage() + "; the " + rows + " rows before it are learned", wrong);
        }
        piece++;
      }
    }
    boolean waits = Checks.waits(call.query("until").orElse(null));
    call.answer(200, learned(call, rows, new Intake.Receipt(first, last, repeated && rows > 0), waits));
  }

  private static Intake.Row row(Lines.Line line, Call call) {
    try {
      var message = call.json().read(line.bytes(), Messages.Row.class, "line " + line.number());
      return Checks.row(message.text(), message.label(), call.limits());
    } catch (Refused e) {
      throw new Refused(e.reason(), "line " + line.number() + ": " + e.getMessage(), e);
    }
  }

  void feedback(Call call) {
    Messages.Feedback message = call.body(Messages.Feedback.class);
    String id = Checks.label(message.prediction(), "prediction", call.limits());
    String label = Checks.label(message.label(), "label", call.limits());
    boolean waits = Checks.waits(message.until());
    String model = call.model();
    PredictionMemory.Asked asked = memory.find(id).filter(found -> found.model().equals(model)).orElseThrow(
        () -> new Refused(Refused.Reason.UNKNOWN, "expected the id of a prediction of the model " + model + " that is still"
            + " remembered, got another: teach the text itself by learn"));
    rate.take(call.principal().name(), 1);
    String key = key(call);
    Intake.Receipt receipt = teaching.learn(new Intake.Lesson(model, call.principal().name(),
        List.of(new Intake.Row(asked.text(), label)), key, null));
    call.answer(200, learned(call, 1, receipt, waits));
  }

  void sources(Call call) {
    call.answer(200, Map.of("sources", teaching.sources(call.model())));
  }

  /** Takes back what a source taught: durable before the answer, done by a job. */
  void remove(Call call) {
    String source = Checks.label(call.body(Messages.Removal.class).source(), "source", call.limits());
    String model = call.model();
    Intake.Receipt receipt = teaching.remove(model, source);
    Jobs.Job job = jobs.start("removal", model, step -> {
      while (!teaching.awaitVisible(receipt, Duration.ofSeconds(1))) {
        teaching.requireRunning(model);
        step.at(0);
      }
      return Map.of("source", source, "method", "subtracted", "through", receipt.last());
    });
    call.header("Location", "/v1/jobs/" + job.id());
    call.answer(202, job);
  }
}
