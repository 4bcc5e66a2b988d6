package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;

/** A client of one server, as a user's would be. */
final class Client implements AutoCloseable {

  static final ObjectMapper JSON = new ObjectMapper();

  final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String base;
  private final List<String> headers;

  /** What came back. */
  record Reply(int status, HttpResponse<byte[]> response) {
    JsonNode json() throws IOException {
      return JSON.readTree(response.body());
    }

    String text() {
      return new String(response.body(), UTF_8);
    }

    String type() {
      return response.headers().firstValue("content-type").orElse("");
    }
  }

  Client(int port, String... headers) {
    this.base = "http://127.0.0.1:" + port;
    this.headers = List.of(headers);
  }

  Reply get(String path) throws IOException {
    return send("GET", path, "", BodyPublishers.noBody());
  }

  Reply post(String path, String body, String... more) throws IOException {
    return send("POST", path, "application/json", BodyPublishers.ofString(body), more);
  }

  Reply lines(String path, String body, String... more) throws IOException {
    return send("POST", path, "application/x-ndjson", BodyPublishers.ofString(body), more);
  }

  Reply send(String method, String path, String type, BodyPublisher body, String... more) throws IOException {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path)).method(method, body)
        .timeout(Duration.ofSeconds(30));
    if (!type.isEmpty()) {
      request.header("Content-Type", type);
    }
    for (int i = 0; i < headers.size(); i += 2) {
      request.header(headers.get(i), headers.get(i + 1));
    }
    for (int i = 0; i < more.length; i += 2) {
      request.header(more[i], more[i + 1]);
    }
    // A connection of its own: one that idles is closed by the server, perhaps as a request is sent on it.
    try (HttpClient one = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<byte[]> response = one.send(request.build(), BodyHandlers.ofByteArray());
      return new Reply(response.statusCode(), response);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() {
    http.close();
  }
}
