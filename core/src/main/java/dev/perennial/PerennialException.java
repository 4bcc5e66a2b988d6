package dev.perennial;

/**
 * A problem that a user can act on, told in one line: what was expected, what came, where, and what to do.
 *
 * <p>The command line prints the message alone and exits with {@link #exitCode()}; it shows the stack trace only on
 * request. Anything thrown that is not a {@code PerennialException} is a defect of Perennial.
 */
public abstract sealed class PerennialException extends RuntimeException permits UsageException, FailureException {

  PerennialException(String message) {
    super(message);
  }

  PerennialException(String message, Throwable cause) {
    super(message, cause);
  }

  /** The process exit code: 2 where the request was wrong, 1 where it was right and could not be met. */
  public abstract int exitCode();
}
