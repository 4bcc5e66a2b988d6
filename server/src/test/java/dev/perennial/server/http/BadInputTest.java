package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.safety.Limits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What strangers send: it is refused in one line that says what to do, and others are served as before. */
final class BadInputTest {

  private static final Limits LIMITS = new Limits(100_000, 50, 2_000, 40, 0, 3, 400, 5_000, Duration.ofMillis(1500));

  @TempDir
  private static Path directory = Path.of("");

  private static String backbone = "";
  private static PerennialServer server;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    server = PerennialServer.start(ServerTest.options(directory.resolve("store"), backbone).withLimits(LIMITS),
        new ServerListener() {}, Clock.systemUTC());
    client = new Client(server.port());
    assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 40, 4))).status());
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  /** Whatever a test has sent, the next client is served. */
  @AfterEach
  void othersAreServed() throws IOException {
    assertEquals(200, client.post("/v1/predict", "{\"text\":\"w1 w2\"}").status());
    assertEquals("ready", client.get("/ready").json().get("status").asText());
  }

  private static void assertProblem(int status, Client.Reply reply) throws IOException {
    assertEquals(status, reply.status(), reply::text);
    assertEquals(Problem.MEDIA_TYPE, reply.type());
    JsonNode problem = reply.json();
    assertEquals(status, problem.get("status").asInt());
    assertTrue(problem.get("type").asText().length() > 5 && problem.get("detail").asText().length() > 20, reply::text);
    assertFalse(problem.get("detail").asText().contains("\n"));
    assertFalse(reply.text().contains("Exception") || reply.text().contains("dev.perennial"), reply::text);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "null", "17", "\"text\"", "{\"text\":\"a\"}{\"text\":\"b\"}", "{\"text\":\"a\",}",
      "{\"text\":\"a\",\"text\":\"b\"}", "{\"text\":17}", "{\"text\":true}", "{\"text\":[\"a\"]}", "{\"text\":{}}",
      "{\"texts\":\"a\"}", "{\"texts\":[17]}", "{\"texts\":[null]}", "{\"text\":\"a\",\"top\":\"1\"}",
      "{\"text\":\"a\",\"top\":1.5}", "{\"text\":\"a\",\"top\":99999999999999999999}", "{\"text\":\"a\",\"tpo\":1}", "{}",
      "{\"text\":\"a\",\"texts\":[\"a\"]}", "{\"text\":\"\\ud800\"}", "{\"text\":\"a\" /* comment */}", "{'text':'a'}"})
  void predict_malformed_is400(String body) throws Exception {
    assertProblem(400, client.post("/v1/predict", body));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"text\":\" \"}", "{\"text\":\"a\",\"top\":0}", "{\"text\":\"a\",\"top\":100000}",
      "{\"texts\":[]}"})
  void predict_impossible_is422(String body) throws Exception {
    assertProblem(422, client.post("/v1/predict", body));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"text\":\"a\"}", "{\"label\":\"a\"}", "{\"text\":1,\"label\":\"a\"}", "{\"rows\":[null]}",
      "{\"rows\":[{\"text\":\"a\"}]}", "{\"rows\":[[]]}", "{\"text\":\"a\",\"label\":\"b\",\"rows\":[]}",
      "{\"text\":\"a\",\"label\":\"b\",\"source\":\"admin\"}"})
  void learn_malformed_is400_andNothingIsLearned(String body) throws Exception {
    long before = client.get("/v1/models/default").json().get("rows").asLong();
    assertProblem(400, client.post("/v1/learn", body));
    assertEquals(before, client.get("/v1/models/default").json().get("rows").asLong());
  }

  @Test
  void learn_labelsThatAreNone_are422() throws Exception {
    assertProblem(422, client.post("/v1/learn", "{\"text\":\"a\",\"label\":\" \"}"));
    assertProblem(422, client.post("/v1/learn", "{\"text\":\"a\",\"label\":\"a\\u001fb\"}"));
    assertProblem(422, client.post("/v1/learn", "{\"text\":\"a\",\"label\":\"b\",\"until\":\"soon\"}"));
  }

  @Test
  void body_deeplyNested_is400() throws Exception {
    assertProblem(400, client.post("/v1/predict", "[".repeat(40_000)));
    assertProblem(400, client.post("/v1/predict", "{\"texts\":" + "[".repeat(20_000)));
  }

  @Test
  void body_huge_is413_beforeItIsRead() throws Exception {
    assertProblem(413, client.post("/v1/predict", "{\"text\":\"" + "a".repeat(3_000) + "\"}"));
    assertProblem(413, client.post("/v1/learn", "{\"text\":\"a\",\"label\":\"" + "a".repeat(50) + "\"}"));
    assertProblem(413, client.post("/v1/predict", "{\"texts\":[" + "\"a\",".repeat(60) + "\"a\"]}"));
    String answer = raw("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 99999999999\r\n\r\n{");
    assertTrue(answer.startsWith("HTTP/1.1 413"), answer);
  }

  @Test
  void body_hugeInChunks_is413() throws Exception {
    var body = new StringBuilder("POST /v1/predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Transfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 30; i++) {
      body.append("2000\r\n").append(" ".repeat(0x2000)).append("\r\n");
    }
    String answer = raw(body.toString());
    assertTrue(answer.startsWith("HTTP/1.1 413"), answer);
  }

  @Test
  void lines_tooLong_are413() throws Exception {
    assertProblem(413, client.lines("/v1/predict", " ".repeat(200_000)));
  }

  @Test
  void body_ofInvalidUtf8_is400() throws Exception {
    byte[] bytes = "{\"text\":\"a\u00e9b\"}".getBytes(ISO_8859_1);
    assertProblem(400, client.send("POST", "/v1/predict", "application/json", BodyPublishers.ofByteArray(bytes)));
    byte[] overlong = {'{', '"', 't', 'e', 'x', 't', '"', ':', '"', (byte) 0xc0, (byte) 0xaf, '"', '}'};
    assertProblem(400, client.send("POST", "/v1/predict", "application/json", BodyPublishers.ofByteArray(overlong)));
  }

  @Test
  void body_ofAnotherType_is415() throws Exception {
    assertProblem(415, client.send("POST", "/v1/predict", "text/plain", BodyPublishers.ofString("{\"text\":\"a\"}")));
    assertProblem(415, client.send("POST", "/v1/learn", "application/x-www-form-urlencoded", BodyPublishers.ofString("a=b")));
    assertProblem(415, client.send("POST", "/v1/learn", "", BodyPublishers.ofString("{\"text\":\"a\"}")));
  }

  @Test
  void body_truncated_changesNothing() throws Exception {
    long before = client.get("/v1/models/default").json().get("rows").asLong();
    try (var socket = new Socket("127.0.0.1", server.port())) {
      socket.getOutputStream().write(("POST /v1/learn HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Content-Length: 100\r\n\r\n{\"text\":\"a\",\"label\":\"b\"}").getBytes(UTF_8));
      socket.getOutputStream().flush();
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    }
    assertEquals(before, client.get("/v1/models/default").json().get("rows").asLong());
  }

  @Test
  void body_slow_is408_orItsConnectionIsClosed() throws Exception {
    String answer = raw("POST /v1/learn HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 100\r\n\r\n{\"text\"");
    assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 408"), answer);
  }

  @Test
  void body_aByteAtATime_isGivenUp() throws Exception {
    long began = System.nanoTime();
    try (var socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(300);
      OutputStream out = socket.getOutputStream();
      out.write(("POST /v1/learn HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
          + "Content-Length: 5000\r\n\r\n").getBytes(UTF_8));
      boolean over = false;
      while (!over && System.nanoTime() - began < Duration.ofSeconds(10).toNanos()) {
        try {
          out.write(' ');
          out.flush();
          over = socket.getInputStream().read() >= 0 || System.nanoTime() < began;
        } catch (SocketTimeoutException e) {
          over = false;
        } catch (SocketException e) {
          over = true;
        }
      }
      assertTrue(over, "a client that sends three bytes a second keeps its request");
    }
  }

  @Test
  void request_thatIsNoHttp_isRefusedAndClosed() throws Exception {
    for (String request : List.of("GET\r\n\r\n", "hello\r\n\r\n", "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n",
        "GET /health HTTP/1.1\r\n" + "X: y\r\n".repeat(20_000) + "\r\n", "\u0016\u0003\u0001 tls?\r\n\r\n",
        "GET /" + "a".repeat(100_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
      String answer = raw(request);
      assertFalse(answer.startsWith("HTTP/1.1 2"), answer);
      assertFalse(answer.contains("Exception"), answer);
    }
  }

  @Test
  void idleConnections_upToTheLimit_leaveOthersServed() throws Exception {
    var idle = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 300; i++) {
        idle.add(new Socket("127.0.0.1", server.port()));
      }
      assertEquals(200, client.post("/v1/predict", "{\"text\":\"w1\"}").status());
      for (Socket socket : idle) {
        socket.setSoTimeout(20_000);
      }
      assertEquals(-1, idle.getFirst().getInputStream().read(), "an idle connection is closed");
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
    }
  }

  @Test
  void stream_whoseClientNeverReads_isGivenUp() throws Exception {
    var clients = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 3; i++) {
        var socket = new Socket();
        clients.add(socket);
        socket.setReceiveBufferSize(4096);
        socket.setSoTimeout(20_000);
        socket.connect(new InetSocketAddress("127.0.0.1", server.port()));
        socket.getOutputStream().write(("POST /v1/predict?group=1 HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n").getBytes(UTF_8));
        chunk(socket, 1);
        assertEquals('H', socket.getInputStream().read(), "the stream is open");
        Thread.ofVirtual().start(() -> pour(socket));
      }
      assertTrue(answers(503), "three streams are all that may be open");
      assertTrue(answers(200), "streams that nobody reads are closed");
    } finally {
      for (Socket socket : clients) {
        socket.close();
      }
    }
  }

  /** Whether a stream of one more client is answered so, sooner or later. */
  private static boolean answers(int status) throws IOException {
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (System.nanoTime() < end) {
      if (client.lines("/v1/predict", "{\"text\":\"w1\"}\n").status() == status) {
        return true;
      }
    }
    return false;
  }

  private static void chunk(Socket socket, int lines) throws IOException {
    String text = "{\"text\":\"w1\",\"top\":4}\n".repeat(lines);
    socket.getOutputStream().write((Integer.toHexString(text.length()) + "\r\n" + text + "\r\n").getBytes(UTF_8));
  }

  /** Sends lines until the server closes the connection, and reads nothing more. */
  private static void pour(Socket socket) {
    try {
      while (!socket.isClosed()) {
        chunk(socket, 64);
      }
    } catch (IOException e) {
      // The server has closed it, as it should.
      assertTrue(e.getMessage() != null);
    }
  }

  @ParameterizedTest
  @CsvSource({"/v1/models/..%2f..%2fevil", "/v1/models/%2e%2e", "/v1/models/UPPER", "/v1/models/a%00b", "/v1/models/a%20b"})
  void model_ofAnOddName_isRefused(String path) throws Exception {
    assertTrue(List.of(400, 404, 422).contains(client.send("PUT", path, "", BodyPublishers.noBody()).status()));
    assertTrue(client.get(path + "/classes").status() >= 400);
    try (var files = Files.list(directory)) {
      assertEquals(2, files.count());
    }
  }

  @Test
  void host_ofSomebodyElse_isRefused() throws Exception {
    String answer = raw("GET /v1/classes HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assertTrue(answer.startsWith("HTTP/1.1 421"), answer);
  }

  @Test
  void brickArchive_withPathsInIt_isRefused() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      zip.putNextEntry(new ZipEntry("../../evil"));
      zip.write(1);
    }
    assertProblem(422, client.send("PUT", "/v1/bricks/b", "application/zip", BodyPublishers.ofByteArray(bytes.toByteArray())));
  }

  @Test
  void brickArchive_ofNoBrick_is422() throws Exception {
    var bytes = new ByteArrayOutputStream();
    try (var zip = new ZipOutputStream(bytes)) {
      for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
        zip.putNextEntry(new ZipEntry(name));
        zip.write("no brick at all".getBytes(UTF_8));
      }
    }
    Client.Reply reply =
        client.send("PUT", "/v1/bricks/b", "application/zip", BodyPublishers.ofByteArray(bytes.toByteArray()));
    assertProblem(422, reply);
    assertFalse(reply.text().contains("/tmp"), reply::text);
  }

  @Test
  void backlog_beyondItsLimit_is503_andNothingOfItIsLearned() throws Exception {
    var lines = new StringBuilder();
    for (Row row : TinyWorld.rows(0, 40, 4)) {
      lines.append("{\"text\":\"").append(row.text()).append("\",\"label\":\"").append(row.label()).append("\"}\n");
    }
    try (var busy = PerennialServer.start(ServerTest.options(directory.resolve("store").resolve("busy"), backbone)
        .withLimits(new Limits(100_000, 50, 2_000, 40, 0, 3, 400, 30, Duration.ofSeconds(2))),
        new ServerListener() {}, Clock.systemUTC());
        var one = new Client(busy.port())) {
      assertProblem(503, one.lines("/v1/learn", lines.toString()));
      assertEquals(0, one.get("/v1/models/default").json().get("rows").asInt());
    }
  }

  @Test
  void rate_ofOneClient_is429() throws Exception {
    try (var limited = PerennialServer.start(ServerTest.options(directory.resolve("store").resolve("limited"), backbone)
        .withLimits(new Limits(100_000, 50, 2_000, 40, 1, 3, 400, 1000, Duration.ofSeconds(2))),
        new ServerListener() {}, Clock.systemUTC());
        var one = new Client(limited.port())) {
      assertEquals(200, one.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 8, 2))).status());
      assertProblem(429, one.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 8, 2))));
    }
  }

  @Test
  void directory_thatIsServed_isRefusedToASecondServer() {
    assertThrows(FailureException.class, () -> PerennialServer.start(
        ServerTest.options(directory.resolve("store"), backbone), new ServerListener() {}, Clock.systemUTC()));
  }

  @Test
  void options_thatOpenTheServerToAll_needTokens() {
    assertThrows(UsageException.class, () -> ServerOptions.of(directory).at("0.0.0.0", 0));
    assertThrows(UsageException.class, () -> ServerOptions.of(directory).at("no such host.invalid", 0));
    assertThrows(UsageException.class, () -> ServerOptions.of(directory).withTls(Path.of("a"), null));
    assertEquals(Map.of("features", "1024"), ServerOptions.of(directory).options());
  }

  /** Sends bytes, and returns all that comes back until the server closes or is silent for three seconds. */
  private static String raw(String request) throws IOException {
    try (var socket = new Socket("127.0.0.1", server.port())) {
      socket.setSoTimeout(3_000);
      var answer = new StringBuilder();
      try {
        socket.getOutputStream().write(request.getBytes(UTF_8));
        socket.getOutputStream().flush();
        InputStream in = socket.getInputStream();
        byte[] buffer = new byte[4096];
        for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
          answer.append(new String(buffer, 0, read, UTF_8));
        }
      } catch (SocketTimeoutException | SocketException e) {
        return answer.toString();
      }
      return answer.toString();
    }
  }
}
