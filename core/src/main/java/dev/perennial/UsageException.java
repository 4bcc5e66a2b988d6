package dev.perennial;

/** The request itself is wrong: an option, a file, a column or a value that cannot be what was meant. Exit code 2. */
public final class UsageException extends PerennialException {

  /**
   * @param message one line: what was expected, what came, where, and what to do
   */
  public UsageException(String message) {
    super(message);
  }

  /**
   * @param message one line: what was expected, what came, where, and what to do
   * @param cause shown only with {@code --verbose}
   */
  public UsageException(String message, Throwable cause) {
    super(message, cause);
  }

  @Override
  public int exitCode() {
    return 2;
  }
}
