package dev.perennial.server.model;

import dev.perennial.UsageException;
import java.time.Duration;

/**
 * How a writer learns.
 *
 * @param commitEvery how long a row may be in the journal alone before its model's own commit holds it too; default 30 s
 * @param memory bytes of native memory for models that are being learned; those used longest ago are committed and closed
 *     beyond it; default 512 MiB
 */
public record WriterOptions(Duration commitEvery, long memory) {

  /** 30 seconds and 512 MiB. */
  public static final WriterOptions DEFAULT = new WriterOptions(Duration.ofSeconds(30), 512L << 20);

  /** Checks the ranges. */
  public WriterOptions {
    if (commitEvery.isNegative() || memory < 0) {
      throw new UsageException("expected to commit after 0 or more seconds and to use 0 or more bytes, got " + commitEvery
          + " and " + memory);
    }
  }
}
