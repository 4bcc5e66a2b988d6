package dev.perennial.server;

import dev.perennial.FailureException;

/**
 * A request that is refused for a reason that tells its sender what to do next; its message is one line.
 *
 * <p>The reasons are the problem types of the HTTP interface.
 */
public final class Refused extends FailureException {

  private static final long serialVersionUID = 1;

  private final Reason reason;

  /** Why a request is refused, with the status of HTTP that goes with it. */
  public enum Reason {
    /** What came is not what is understood: not JSON, a field of the wrong type, one that is unknown. */
    MALFORMED(400),
    /** No token, or one that is unknown. */
    UNAUTHENTICATED(401),
    /** A token without the scope that is needed. */
    FORBIDDEN(403),
    /** No such place, model, brick, job or prediction. */
    UNKNOWN(404),
    /** It does not fit what is there: a name that is taken, a model that cannot learn. */
    CONFLICT(409),
    /** A body, a batch or a text larger than the limits. */
    TOO_LARGE(413),
    /** A media type that is not understood. */
    MEDIA_TYPE(415),
    /** The request came for another host than this server answers for. */
    MISDIRECTED(421),
    /** Understood, and impossible: a blank label, a key used with other content. */
    UNPROCESSABLE(422),
    /** The body came too slowly. */
    TOO_SLOW(408),
    /** More than a client's share. */
    TOO_MANY(429),
    /** It can be had later: too much is waiting, the disk is full, the server is stopping. */
    UNAVAILABLE(503);

    private final int status;

    Reason(int status) {
      this.status = status;
    }

    /** The status of HTTP. */
    public int status() {
      return status;
    }
  }

  /** A refusal with one line that says what was expected, what came, and what to do. */
  public Refused(Reason reason, String message) {
    super(message);
    this.reason = reason;
  }

  /** The same with a cause. */
  public Refused(Reason reason, String message, Throwable cause) {
    super(message, cause);
    this.reason = reason;
  }

  /** Why. */
  public Reason reason() {
    return reason;
  }
}
