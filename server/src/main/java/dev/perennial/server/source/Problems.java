package dev.perennial.server.source;

import java.util.function.Consumer;

/** Counts rows that could not be used, and tells each in one line. */
final class Problems {

  private final Consumer<String> lines;
  private long malformed;

  Problems(Consumer<String> lines) {
    this.lines = lines;
  }

  /** A row that was moved past. */
  void malformed(String where, String reason) {
    malformed++;
    lines.accept(where + " cannot be learned and is left out: " + reason);
  }

  /** Something else to know. */
  void tell(String line) {
    lines.accept(line);
  }

  long count() {
    return malformed;
  }
}
