package dev.perennial;

/** The request is right and could not be met: a damaged blob, a full disk, a store that is in use. Exit code 1. */
public non-sealed class FailureException extends PerennialException {

  /**
   * @param message one line: what was expected, what came, where, and what to do
   */
  public FailureException(String message) {
    super(message);
  }

  /**
   * @param message one line: what was expected, what came, where, and what to do
   * @param cause shown only with {@code --verbose}
   */
  public FailureException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public int exitCode() {
    return 1;
  }
}
