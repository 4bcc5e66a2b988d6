package dev.perennial.snapshot;

import dev.perennial.UsageException;
import java.util.Locale;

/** When learning goes on after a snapshot was taken. */
public enum Durability {
  /** When it is durable. */
  SYNC,
  /** When it was copied: it becomes durable in the background, and learning is ahead of it meanwhile. */
  ASYNC;

  /**
   * The one of that name.
   *
   * @throws UsageException if there is none
   */
  public static Durability of(String name) {
    for (Durability durability : values()) {
      if (durability.text().equals(name)) {
        return durability;
      }
    }
    throw new UsageException("expected --durability sync or async, got " + name + ": choose one of the two");
  }

  /** Its name as users write it. */
  public String text() {
    return name().toLowerCase(Locale.ROOT);
  }
}
