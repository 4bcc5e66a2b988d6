package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.PerennialException;
import java.util.Objects;
import org.junit.jupiter.api.function.Executable;

/** What a user is told when something is refused. */
final class Refusal {

  private Refusal() {}

  /** The message, which is one line, of the refusal that {@code action} ends in. */
  static String message(Class<? extends PerennialException> kind, Executable action) {
    String message = Objects.requireNonNull(assertThrows(kind, action).getMessage());
    assertEquals(1, message.lines().count(), message);
    return message;
  }
}
