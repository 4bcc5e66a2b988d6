package dev.perennial.restart;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Optional;

/**
 * What a learner tells its supervisor, a line each: a mark that no result begins with, and JSON.
 *
 * @param kind what happened
 * @param experience it is about, from 0
 * @param step the step that comes next, or that it is about, from 0
 * @param value a figure: the learning rate of {@code OPENED}
 * @param text words: the rate's name for {@code OPENED}, the reason for {@code DIVERGED}, {@code FELL} and {@code FAILED}
 * @param rows of {@code SUSPECTS}
 */
@JsonInclude(JsonInclude.Include.NON_DEFAULT)
public record Signal(Kind kind, int experience, long step, double value, String text, List<QuarantinedRow> rows) {

  /** What can happen. */
  public enum Kind {
    /** The data are read, the model is made. */
    OPENED,
    /** An experience begins or is taken up again with step {@code step}. */
    BEGAN,
    /** All steps before {@code step} are taken. */
    STEPPED,
    /** Held-back rows are being predicted. */
    EVALUATING,
    /** They were predicted. */
    EVALUATED,
    /** What was learned is being made durable. */
    COMMITTING,
    /** It is durable. */
    COMMITTED,
    /** These rows are learned in the step that was asked about. */
    SUSPECTS,
    /** What was learned is not finite. */
    DIVERGED,
    /** Accuracy on held-back rows has fallen. */
    FELL,
    /** The learner gives up, for a reason that it knows. */
    FAILED
  }

  private static final String MARK = "\u0001perennial ";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Puts empty values in the place of those that a line leaves out. */
  public Signal {
    text = text == null ? "" : text;
    rows = rows == null ? List.of() : List.copyOf(rows);
  }

  /** A signal about a place in the stream. */
  public static Signal at(Kind kind, int experience, long step) {
    return new Signal(kind, experience, step, 0, "", List.of());
  }

  /** A signal with a reason. */
  public static Signal because(Kind kind, int experience, long step, String reason) {
    return new Signal(kind, experience, step, 0, reason, List.of());
  }

  /** The line, without its end. */
  public String line() {
    try {
      return MARK + JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a signal is made of texts and numbers", e);
    }
  }

  /** The signal that a line is; empty where it is something else, or was cut off. */
  public static Optional<Signal> of(String line) {
    if (!line.startsWith(MARK)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(line.substring(MARK.length()), Signal.class));
    } catch (JsonProcessingException e) {
      return Optional.empty();
    }
  }
}
