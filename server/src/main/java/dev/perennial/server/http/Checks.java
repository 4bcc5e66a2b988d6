package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.server.Intake;
import dev.perennial.server.Refused;
import dev.perennial.server.safety.Limits;
import org.jspecify.annotations.Nullable;

/** Whether what a message holds is what it should be. */
final class Checks {

  private Checks() {}

  /** A text to predict or to learn. */
  static String text(@Nullable String text, Limits limits) {
    return words(text, "text", limits.textChars());
  }

  /** A label or another name. */
  static String label(@Nullable String label, String field, Limits limits) {
    String words = words(label, field, limits.labelChars());
    if (words.chars().anyMatch(Character::isISOControl)) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected a field " + field + " without control characters");
    }
    return words;
  }

  private static String words(@Nullable String words, String field, int most) {
    if (words == null) {
      throw new Refused(Refused.Reason.MALFORMED, "expected a field " + field + ", got none: add it");
    }
    if (words.length() > most) {
      throw new Refused(Refused.Reason.TOO_LARGE, "expected a field " + field + " of at most " + most
          + " characters, got " + words.length() + ": shorten it");
    }
    if (words.isBlank()) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected a field " + field + " with something in it, got a blank one");
    }
    if (!UTF_8.newEncoder().canEncode(words)) {
      throw new Refused(Refused.Reason.MALFORMED,
          "expected Unicode in the field " + field + ", got half of a surrogate pair: repair the text");
    }
    return words;
  }

  /** A row to learn. */
  static Intake.Row row(@Nullable String text, @Nullable String label, Limits limits) {
    return new Intake.Row(text(text, limits), label(label, "label", limits));
  }

  /** How many things of a request there may be. */
  static void batch(int size, Limits limits) {
    if (size == 0) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected at least one, got none: send one or more");
    }
    if (size > limits.batch()) {
      throw new Refused(Refused.Reason.TOO_LARGE, "expected at most " + limits.batch() + " at once, got " + size
          + ": send several requests, or lines of " + Call.LINES);
    }
  }

  /** How many classes are to be named. */
  static int top(@Nullable Integer top) {
    if (top == null) {
      return 1;
    }
    if (top < 1 || top > 1000) {
      throw new Refused(Refused.Reason.UNPROCESSABLE, "expected top between 1 and 1000, got " + top);
    }
    return top;
  }

  /** Whether an answer is to wait until predictions have seen what was learned. */
  static boolean waits(@Nullable String until) {
    if (until == null || until.equals("durable")) {
      return false;
    }
    if (until.equals("visible")) {
      return true;
    }
    throw new Refused(Refused.Reason.UNPROCESSABLE, "expected until to be durable or visible, got another");
  }
}
