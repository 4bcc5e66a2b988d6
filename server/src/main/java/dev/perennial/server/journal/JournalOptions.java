package dev.perennial.server.journal;

import dev.perennial.UsageException;
import java.time.Duration;

/**
 * How much a journal keeps of what was learned already.
 *
 * @param textBytes characters of learned texts that are kept, so that they can be removed again; default 256 Mi. The
 *     oldest are given up beyond it; who taught which label when is kept for ever
 * @param keys how long keys of requests are remembered; default 7 days
 */
public record JournalOptions(long textBytes, Duration keys) {

  /** 256 Mi characters and 7 days. */
  public static final JournalOptions DEFAULT = new JournalOptions(256L << 20, Duration.ofDays(7));

  /** Checks the ranges. */
  public JournalOptions {
    if (textBytes < 0 || keys.isNegative()) {
      throw new UsageException("expected texts and keys to be kept for 0 or more, got " + textBytes + " and " + keys);
    }
  }
}
