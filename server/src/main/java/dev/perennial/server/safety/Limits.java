package dev.perennial.server.safety;

import dev.perennial.UsageException;
import java.time.Duration;

/**
 * How much one request, one client and all together may ask for.
 *
 * @param bodyBytes of a body that is read as a whole; default 16 MiB. Streams may be longer, in lines of at most this
 * @param batch texts or rows of one request; default 1,024
 * @param textChars characters of a text; default 20,000
 * @param labelChars characters of a label or another name; default 200
 * @param rate texts and rows a second of one client, on average over ten seconds; 0 for no limit, the default
 * @param streams that are open at the same time; default 64
 * @param connections that are open at the same time; default 12,000
 * @param backlog rows that may wait to be learned; default 100,000
 * @param body how long a body, or a part of an answer on its way to a slow client, may take; default 30 s
 */
public record Limits(int bodyBytes, int batch, int textChars, int labelChars, double rate, int streams, int connections,
    long backlog, Duration body) {

  /** The defaults. */
  public static final Limits DEFAULT =
      new Limits(16 << 20, 1024, 20_000, 200, 0, 64, 12_000, 100_000, Duration.ofSeconds(30));

  /** Checks the ranges. */
  public Limits {
    if (bodyBytes < 1 || batch < 1 || textChars < 1 || labelChars < 1 || rate < 0 || streams < 1 || connections < 1
        || backlog < 1 || body.toMillis() < 1) {
      throw new UsageException("expected limits of at least 1, and a rate of at least 0");
    }
  }
}
