package dev.perennial.budget;

import dev.perennial.FailureException;

/** A budget that does not allow what a learner wants to spend. */
public final class OverdrawnException extends FailureException {

  private static final long serialVersionUID = 1L;

  OverdrawnException(String message) {
    super(message);
  }
}
