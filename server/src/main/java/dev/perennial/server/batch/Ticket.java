package dev.perennial.server.batch;

import dev.perennial.backbone.Row;
import dev.perennial.server.Answer;
import dev.perennial.server.model.Encoder;
import dev.perennial.server.model.ServedModel;
import org.jspecify.annotations.Nullable;

/** A text that waits for its prediction. */
final class Ticket {

  final ServedModel model;
  final Encoder encoder;
  final String text;
  final Row row;
  final int top;
  private final Group group;
  private @Nullable Answer answer;
  private boolean told;

  Ticket(ServedModel model, Encoder encoder, String text, Row row, int top, Group group) {
    this.model = model;
    this.encoder = encoder;
    this.text = text;
    this.row = row;
    this.top = top;
    this.group = group;
  }

  /** Tells who waits. */
  void answer(Answer given) {
    answer = given;
    told = true;
    group.done(null);
  }

  /** Tells who waits that there will be no answer, unless there was one. */
  void fail(RuntimeException problem) {
    if (!told) {
      told = true;
      group.done(problem);
    }
  }

  /** The answer; there is one when its group has come back. */
  Answer answer() {
    Answer given = answer;
    if (given == null) {
      throw new IllegalStateException("a ticket came back without an answer");
    }
    return given;
  }
}
