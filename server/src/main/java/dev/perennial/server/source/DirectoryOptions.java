package dev.perennial.server.source;

import dev.perennial.UsageException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A directory to watch.
 *
 * @param directory where files with names that end in .jsonl or .ndjson appear
 * @param format of their lines
 * @param settle how long a file has to be unchanged before it is taken up, 0 to an hour; default 2 s. 0 where every file
 *     comes by rename
 */
public record DirectoryOptions(Path directory, RowFormat format, Duration settle) {

  /** Checks the range. */
  public DirectoryOptions {
    if (settle.isNegative() || settle.compareTo(Duration.ofHours(1)) > 0) {
      throw new UsageException("expected files to settle for 0 s to an hour, got " + settle);
    }
  }

  /** Rows in the default format, and two seconds to settle. */
  public static DirectoryOptions of(Path directory) {
    return new DirectoryOptions(directory, RowFormat.DEFAULT, Duration.ofSeconds(2));
  }
}
