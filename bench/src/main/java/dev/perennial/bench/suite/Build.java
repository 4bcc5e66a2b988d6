package dev.perennial.bench.suite;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** What is known of the build that runs. */
final class Build {

  private static final String UNKNOWN = "unknown";

  private Build() {}

  /**
   * The commit that was built, 40 hexadecimal digits, with {@code -dirty} after them where files had been changed;
   * {@code unknown} where it was built outside a clone.
   */
  static String commit() {
    try (InputStream in = Build.class.getResourceAsStream("commit.txt")) {
      return in == null ? UNKNOWN : commit(new String(in.readAllBytes(), UTF_8));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String commit(String written) {
    String text = written.strip();
    return text.matches("[0-9a-f]{40}(-dirty)?") ? text : UNKNOWN;
  }
}
