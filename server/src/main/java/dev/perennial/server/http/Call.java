package dev.perennial.server.http;

import dev.perennial.server.Refused;
import dev.perennial.server.safety.Limits;
import dev.perennial.server.safety.Principal;
import dev.perennial.server.tenant.TenantName;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.SocketTimeoutException;
import java.util.Locale;
import java.util.Optional;

/** One request on its way through the server, who sends it, and its answer. */
final class Call {

  static final String JSON = "application/json";
  static final String LINES = "application/x-ndjson";
  static final String ZIP = "application/zip";

  private static final int CHUNK = 1 << 16;

  private final ServerRequest request;
  private final ServerResponse response;
  private final Principal principal;
  private final Limits limits;
  private final Json json;
  private boolean streaming;

  Call(ServerRequest request, ServerResponse response, Principal principal, Limits limits, Json json) {
    this.request = request;
    this.response = response;
    this.principal = principal;
    this.limits = limits;
    this.json = json;
  }

  /** The model that is meant: the one in the path, or the default one. */
  String model() {
    return model(request);
  }

  static String model(ServerRequest request) {
    return request.path().pathParameters().first("model").map(TenantName::require).orElse(TenantName.DEFAULT);
  }

  /** A part of the path. */
  String part(String name) {
    return request.path().pathParameters().get(name);
  }

  /** A parameter of the query. */
  Optional<String> query(String name) {
    return request.query().first(name).asOptional();
  }

  Optional<String> header(HeaderName name) {
    return request.headers().first(name);
  }

  Principal principal() {
    return principal;
  }

  Limits limits() {
    return limits;
  }

  Json json() {
    return json;
  }

  /** Whether the body is of a media type. */
  boolean is(String mediaType) {
    String type = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("").toLowerCase(Locale.ROOT);
    return type.equals(mediaType) || type.startsWith(mediaType + ";");
  }

  /** Refuses bodies of other media types than this; browsers then send none from pages of others. */
  void require(String mediaType) {
    if (!is(mediaType)) {
      throw new Refused(Refused.Reason.MEDIA_TYPE, "expected a body of Content-Type " + mediaType + ", got "
          + Json.shortened(request.headers().first(HeaderNames.CONTENT_TYPE).orElse("none")) + ": send that header");
    }
  }

  /** The message in the body. */
  <T> T body(Class<T> type) {
    require(JSON);
    return json.read(bytes(), type, "the body");
  }

  /** The body, of the length that is allowed. */
  byte[] bytes() {
    long length = request.headers().contentLength().orElse(0);
    if (length > limits.bodyBytes()) {
      throw tooLong("" + length);
    }
    var body = new ByteArrayOutputStream();
    try (InputStream in = stream()) {
      byte[] chunk = new byte[CHUNK];
      for (int read = in.read(chunk); read >= 0; read = in.read(chunk)) {
        body.write(chunk, 0, read);
        if (body.size() > limits.bodyBytes()) {
          throw tooLong("more");
        }
      }
    } catch (IOException e) {
      throw broken(e);
    }
    return body.toByteArray();
  }

  private Refused tooLong(String got) {
    return new Refused(Refused.Reason.TOO_LARGE, "expected a body of at most " + limits.bodyBytes() + " bytes, got " + got
        + ": send less at once, or lines of " + LINES);
  }

  /** The body as it comes, which has to be there in time. */
  TimedBody stream() {
    return new TimedBody(request.content().hasEntity() ? request.content().inputStream() : InputStream.nullInputStream(),
        limits.body());
  }

  /** What a body that ends in an exception is answered with. */
  static RuntimeException broken(IOException e) {
    return e instanceof SocketTimeoutException
        ? new Refused(Refused.Reason.TOO_SLOW, "expected the body without long pauses, and it came too slowly: send it again", e)
        : new UncheckedIOException(e);
  }

  /** Answers with a message. */
  void answer(int status, Object message) {
    answer(status, JSON, json.write(message));
  }

  /** Answers with bytes. */
  void answer(int status, String mediaType, byte[] bytes) {
    response.status(status);
    response.header(HeaderNames.CONTENT_TYPE, mediaType);
    response.header("Cache-Control", "no-store");
    response.header("X-Content-Type-Options", "nosniff");
    response.send(bytes);
  }

  void header(String name, String value) {
    response.header(name, value);
  }

  /** The answer as a stream of a media type. */
  OutputStream answerStream(String mediaType) {
    response.status(200);
    response.header(HeaderNames.CONTENT_TYPE, mediaType);
    response.header("Cache-Control", "no-store");
    streaming = true;
    return response.outputStream();
  }

  /** Whether the answer has begun, so that its status can tell nothing any more. */
  boolean isStreaming() {
    return streaming;
  }
}
