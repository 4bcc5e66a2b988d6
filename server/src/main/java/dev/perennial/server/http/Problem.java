package dev.perennial.server.http;

import dev.perennial.server.Refused;
import java.util.Locale;

/**
 * What went wrong, as RFC 9457 lays it out.
 *
 * @param type tells kinds of problems apart
 * @param title of the kind
 * @param status of HTTP
 * @param detail one line: what was expected, what came, what to do
 */
record Problem(String type, String title, int status, String detail) {

  /** The media type of problems. */
  static final String MEDIA_TYPE = "application/problem+json";

  /** The problem behind a refusal. */
  static Problem of(Refused refused) {
    return of(refused.reason(), String.valueOf(refused.getMessage()));
  }

  static Problem of(Refused.Reason reason, String detail) {
    String name = reason.name().toLowerCase(Locale.ROOT).replace('_', '-');
    return new Problem("urn:perennial:problem:" + name, name.replace('-', ' '), reason.status(), detail);
  }

  /** A problem that is told by its status alone. */
  static Problem of(int status, String title, String detail) {
    return new Problem("about:blank", title, status, detail);
  }
}
