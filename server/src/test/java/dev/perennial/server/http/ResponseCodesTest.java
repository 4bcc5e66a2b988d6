package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.FailureException;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.safety.Limits;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
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
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each code that the document names is given to a request that calls for it, as it is described; and no other is. */
@Tag("heavy")
final class ResponseCodesTest {

  private static final Limits LIMITS = new Limits(100_000, 50, 2_000, 40, 0, 3, 400, 5_000, Duration.ofMillis(1500));
  private static final String FAILING = "w59 w59 w59";
  private static final String READER = "reader-token-0123456789";
  private static final String WRITER = "writer-token-0123456789";

  @TempDir
  private Path directory = Path.of("");

  private String backbone = "";
  private Path ncm = Path.of("");
  private byte[] brick = {};
  private JsonNode document;
  private Schemas schemas;
  private final Map<String, TreeSet<Integer>> given = new TreeMap<>();

  @BeforeEach
  void prepare() throws Exception {
    backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    ncm = LearnedStores.learn(directory, backbone, "ncm", Map.of());
    Path adapted = LearnedStores.learn(directory, backbone, "first-session-analytic", Map.of("features", "64"));
    try (var server = start(adapted, LIMITS, new ServerListener() {}); var client = new Client(server.port())) {
      brick = client.get("/v1/bricks/adapter/export").response().body();
      document = client.get("/openapi.json").json();
      schemas = new Schemas(document);
    }
  }

  private PerennialServer start(Path store, Limits limits, ServerListener listener) {
    return PerennialServer.start(
        ServerTest.options(store, backbone).withLimits(limits), listener, Clock.systemUTC());
  }

  private JsonNode operation(String way) {
    String[] words = way.split(" ");
    JsonNode operation = document.get("paths").get(words[1]).get(words[0].toLowerCase(Locale.ROOT));
    assertTrue(operation != null, way + " is not described");
    return operation;
  }

  /** Sends a request on a way, with these in the place of {model}, {brick} and {job}, and notes what came. */
  private Client.Reply ask(Client client, String way, Parts parts, String type, byte[] body, String... headers)
      throws IOException {
    String[] words = way.split(" ");
    String path = words[1].replace("{model}", parts.model).replace("{brick}", parts.brick).replace("{job}", parts.job)
        + parts.query;
    Client.Reply reply = client.send(words[0], path, type,
        type.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofByteArray(body), headers);
    synchronized (given) {
      given.computeIfAbsent(way, key -> new TreeSet<>()).add(reply.status());
    }
    if (operation(way).get("responses").has(Integer.toString(reply.status()))) {
      schemas.check(way, operation(way), reply);
    }
    return reply;
  }

  private Client.Reply ask(Client client, String way, Parts parts, String json) throws IOException {
    return ask(client, way, parts, json.isEmpty() ? "" : "application/json", json.getBytes(UTF_8));
  }

  private record Parts(String model, String brick, String job, String query) {
    Parts ofModel(String other) {
      return new Parts(other, brick, job, query);
    }

    Parts ofBrick(String other) {
      return new Parts(model, other, job, query);
    }

    Parts asked(String other) {
      return new Parts(model, brick, job, other);
    }
  }

  private static final Parts GOOD = new Parts("good", "mine", "job-1", "");

  private List<String> ways() {
    var ways = new ArrayList<String>();
    document.get("paths").properties().forEach(path -> path.getValue().fieldNames().forEachRemaining(
        method -> ways.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
    return ways;
  }

  /** A way of one model, for the default one and by its name. */
  private static List<String> both(String method, String path) {
    return List.of(method + " /v1" + path, method + " /v1/models/{model}" + path);
  }

  private static String row(int i) {
    Row row = TinyWorld.row(i, 2);
    return "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}";
  }

  private static String rows(int count) {
    return ServerTest.rowsJson(TinyWorld.rows(0, count, 2));
  }

  @Test
  void everyDocumentedCode_isGivenToARequestThatCallsForIt_andNoOther() throws Exception {
    try (var gate = new Gate(); var server = start(directory.resolve("open"), LIMITS, gate);
        var client = new Client(server.port())) {
      prepareModels(client, directory.resolve("open"));
      goodRequests(client);
      wrongRequests(client);
      otherHosts(server.port());
      hugeAndSlowBodies(server.port());
      openStreams(client, server.port());
      waitingJobs(client, gate);
    }
    tokens();
    modelsThatDoNotLearn();
    modelsThatKnowNothing();
    limits();
    failures();
    var documented = new TreeMap<String, TreeSet<Integer>>();
    for (String way : ways()) {
      var codes = new TreeSet<Integer>();
      operation(way).get("responses").fieldNames().forEachRemaining(code -> codes.add(Integer.parseInt(code)));
      documented.put(way, codes);
    }
    var differences = new ArrayList<String>();
    documented.forEach((way, codes) -> {
      TreeSet<Integer> came = given.getOrDefault(way, new TreeSet<>());
      if (!codes.equals(came)) {
        var never = new TreeSet<>(codes);
        never.removeAll(came);
        var unheard = new TreeSet<>(came);
        unheard.removeAll(codes);
        differences.add(way + (never.isEmpty() ? "" : " never gave " + never)
            + (unheard.isEmpty() ? "" : " gave " + unheard + ", which is not described"));
      }
    });
    assertEquals(List.of(), differences);
  }

  private void prepareModels(Client client, Path store) throws IOException {
    assertEquals(200, client.post("/v1/learn", rows(8)).status());
    assertEquals(201, ask(client, "PUT /v1/models/{model}", GOOD, "").status());
    assertEquals(200, ask(client, "PUT /v1/models/{model}", GOOD, "").status());
    assertEquals(201, ask(client, "PUT /v1/models/{model}", GOOD.ofModel("fresh"), "").status());
    assertEquals(200, client.post("/v1/models/good/learn", rows(8)).status());
    try (Stream<Path> files = Files.walk(ncm)) {
      for (Path file : files.toList()) {
        Files.copy(file, store.resolve("models").resolve("ncm").resolve(ncm.relativize(file)));
      }
    }
    damage(Files.createDirectory(store.resolve("models").resolve("broken")));
  }

  private static void damage(Path store) throws IOException {
    for (String name : List.of("perennial.db-wal", "perennial.db-shm")) {
      Files.deleteIfExists(store.resolve(name));
    }
    Files.writeString(store.resolve("perennial.db"), "no database at all, ".repeat(500));
  }

  private void goodRequests(Client client) throws Exception {
    for (String way : List.of("GET /", "GET /health", "GET /ready", "GET /openapi.json", "GET /metrics", "GET /v1/models")) {
      assertEquals(200, ask(client, way, GOOD, "").status(), way);
    }
    for (String base : List.of("/v1", "/v1/models/{model}")) {
      assertEquals(201, ask(client, "PUT " + base + "/bricks/{brick}", GOOD, "application/zip", brick).status());
      for (String get : List.of("/bricks", "/bricks/{brick}", "/bricks/{brick}/export", "/classes", "/sources", "/snapshots",
          "/lineage", "/ledger")) {
        assertEquals(200, ask(client, "GET " + base + get, GOOD, "").status(), get);
      }
      assertEquals(200, ask(client, "GET " + base + "/events", GOOD.asked("?most=1"), "").status());
      assertEquals(200, ask(client, "POST " + base + "/snapshots", GOOD, "").status());
      assertEquals(200, ask(client, "POST " + base + "/learn", GOOD, row(1)).status());
      String id = predict(client, base, GOOD);
      assertEquals(200, ask(client, "POST " + base + "/feedback", GOOD, feedback(id)).status());
      assertEquals(202, ask(client, "POST " + base + "/merges", GOOD,
          "{\"name\":\"m\",\"method\":\"linear\",\"bricks\":[\"none\"]}").status());
      Path library = directory.resolve("open").resolve(base.equals("/v1") ? "." : "models/good").resolve("library");
      copy(library.resolve("mine"), library.resolve("mine@2"));
      assertEquals(200, ask(client, "POST " + base + "/bricks/{brick}/rollback", GOOD, "{\"to\":1}").status());
      assertEquals(409, ask(client, "POST " + base + "/bricks/{brick}/enable", GOOD, "").status());
    }
    Parts fresh = GOOD.ofModel("fresh");
    assertEquals(201, ask(client, "PUT /v1/models/{model}/bricks/{brick}", fresh, "application/zip", brick).status());
    assertEquals(200, ask(client, "POST /v1/models/{model}/bricks/{brick}/enable", fresh, "").status());
    assertEquals(409, ask(client, "POST /v1/models/{model}/predict", fresh, "{\"text\":\"w1\"}").status());
    assertEquals(200, ask(client, "GET /v1/jobs", GOOD, "").status());
    assertEquals(200, ask(client, "GET /v1/jobs/{job}", GOOD, "").status());
    assertEquals(404, ask(client, "GET /v1/jobs/{job}", new Parts("", "", "job-999", ""), "").status());
    assertEquals(200, ask(client, "GET /v1/models/{model}", GOOD, "").status());
    ask(client, "PUT /v1/models/{model}", GOOD.ofModel("gone"), "");
    assertEquals(200, ask(client, "DELETE /v1/models/{model}", GOOD.ofModel("gone"), "").status());
    assertEquals(409, ask(client, "DELETE /v1/models/{model}", GOOD.ofModel("default"), "").status());
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  private String predict(Client client, String base, Parts parts) throws IOException {
    Client.Reply reply = ask(client, "POST " + base + "/predict", parts, "{\"text\":\"w1 w2\"}");
    assertEquals(200, reply.status(), reply::text);
    return reply.json().get("predictions").get(0).get("id").asText();
  }

  private static String feedback(String id) {
    return "{\"prediction\":\"" + id + "\",\"label\":\"c0\"}";
  }

  private void wrongRequests(Client client) throws IOException {
    for (String way : ways()) {
      if (operation(way).has("requestBody")) {
        String type = operation(way).get("requestBody").get("content").fieldNames().next();
        Parts parts = way.endsWith("/rollback") ? GOOD : GOOD.ofBrick("new");
        assertEquals(400, ask(client, way, parts, type, "{".getBytes(UTF_8)).status(), way);
        assertEquals(415, ask(client, way, GOOD, "text/plain", "x".getBytes(UTF_8)).status(), way);
      }
      if (way.contains("{model}")) {
        for (String model : List.of("nope", "UPPER", "broken", "ncm")) {
          String valid = operation(way).has("requestBody") ? valid(way) : "";
          boolean zip = way.startsWith("PUT") && way.endsWith("{brick}");
          boolean makes = way.equals("PUT /v1/models/{model}") && !model.equals("UPPER");
          if (!makes && !(way.startsWith("DELETE") && model.equals("ncm"))) {
            ask(client, way, GOOD.ofModel(model).asked(way.endsWith("/events") ? "?most=1" : ""),
                zip ? "application/zip" : valid.isEmpty() ? "" : "application/json",
                zip ? brick : valid.getBytes(UTF_8));
          }
        }
      }
    }
    for (String base : List.of("/v1", "/v1/models/{model}")) {
      assertEquals(422, ask(client, "POST " + base + "/predict", GOOD, "{\"text\":\" \"}").status());
      assertEquals(422, ask(client, "POST " + base + "/learn", GOOD, "{\"text\":\"a\",\"label\":\" \"}").status());
      assertEquals(422, ask(client, "POST " + base + "/feedback", GOOD, "{\"prediction\":\"a\",\"label\":\" \"}").status());
      assertEquals(404, ask(client, "POST " + base + "/feedback", GOOD, feedback("zzzzzzz")).status());
      assertEquals(422, ask(client, "POST " + base + "/removals", GOOD, "{\"source\":\" \"}").status());
      assertEquals(404, ask(client, "POST " + base + "/removals", GOOD, "{\"source\":\"nobody\"}").status());
      assertEquals(422, ask(client, "POST " + base + "/merges", GOOD,
          "{\"name\":\" \",\"method\":\"linear\",\"bricks\":[\"a\"]}").status());
      assertEquals(422, ask(client, "PUT " + base + "/bricks/{brick}", GOOD, "application/zip", brick).status());
      assertEquals(422, ask(client, "POST " + base + "/bricks/{brick}/rollback", GOOD, "{\"to\":77}").status());
      assertEquals(422, ask(client, "GET " + base + "/bricks/{brick}/export", GOOD.ofBrick("head"), "").status());
      assertEquals(422, ask(client, "POST " + base + "/bricks/{brick}/enable", GOOD.ofBrick("head"), "").status());
      assertEquals(422, ask(client, "GET " + base + "/events", GOOD.asked("?most=some"), "").status());
      Parts none = GOOD.ofBrick("none");
      assertEquals(404, ask(client, "GET " + base + "/bricks/{brick}", none, "").status());
      assertEquals(404, ask(client, "GET " + base + "/bricks/{brick}/export", none, "").status());
      assertEquals(404, ask(client, "POST " + base + "/bricks/{brick}/enable", none, "").status());
      assertEquals(404, ask(client, "POST " + base + "/bricks/{brick}/rollback", none, "{\"to\":1}").status());
    }
  }

  private static String valid(String way) {
    return switch (way.substring(way.lastIndexOf('/') + 1)) {
      case "predict" -> "{\"text\":\"w1\"}";
      case "learn" -> row(3);
      case "feedback" -> feedback("zzzzzzz");
      case "removals" -> "{\"source\":\"local\"}";
      case "merges" -> "{\"name\":\"m3\",\"method\":\"linear\",\"bricks\":[\"a\"]}";
      case "rollback" -> "{\"to\":1}";
      default -> "";
    };
  }

  /** Sends bytes as they are, and notes the status that comes back. */
  private int raw(int port, String way, String request, boolean drip) {
    try (var socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(drip ? 200 : 10_000);
      socket.getOutputStream().write(request.getBytes(UTF_8));
      byte[] head = new byte[12];
      int read = 0;
      long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
      while (read < head.length && System.nanoTime() < end) {
        try {
          InputStream in = socket.getInputStream();
          int more = in.read(head, read, head.length - read);
          if (more < 0) {
            break;
          }
          read += more;
        } catch (SocketTimeoutException e) {
          socket.getOutputStream().write(' ');
        }
      }
      int status = read < head.length ? 0 : Integer.parseInt(new String(head, 9, 3, UTF_8));
      synchronized (given) {
        given.computeIfAbsent(way, key -> new TreeSet<>()).add(status);
      }
      return status;
    } catch (SocketException e) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String line(String way) {
    return way.replace("{model}", "good").replace("{brick}", "mine").replace("{job}", "job-1") + " HTTP/1.1\r\n";
  }

  private void otherHosts(int port) {
    for (String way : ways()) {
      assertEquals(421, raw(port, way, line(way) + "Host: evil.example\r\nConnection: close\r\n\r\n", false), way);
    }
  }

  private void hugeAndSlowBodies(int port) throws Exception {
    try (var clients = Executors.newVirtualThreadPerTaskExecutor()) {
      var slow = new TreeMap<String, Future<Integer>>();
      for (String way : ways()) {
        if (operation(way).has("requestBody")) {
          String type = operation(way).get("requestBody").get("content").fieldNames().next();
          String head = line(way) + "Host: localhost\r\nContent-Type: " + type + "\r\nContent-Length: ";
          assertEquals(413, raw(port, way, head + "999999999\r\n\r\n{", false), way);
          slow.put(way, clients.submit(() -> raw(port, way, head + "5000\r\n\r\n{", true)));
        }
      }
      for (var one : slow.entrySet()) {
        assertEquals(408, one.getValue().get(), one.getKey());
      }
    }
  }

  /** As many streams are open as may be. */
  private void openStreams(Client client, int port) throws IOException {
    var open = new ArrayList<Socket>();
    try {
      for (int i = 0; i < LIMITS.streams(); i++) {
        var socket = new Socket("127.0.0.1", port);
        open.add(socket);
        socket.getOutputStream().write("GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(UTF_8));
        assertEquals('H', socket.getInputStream().read());
      }
      for (String way : both("GET", "/events")) {
        assertEquals(503, ask(client, way, GOOD, "").status());
      }
      for (String way : both("POST", "/predict")) {
        assertEquals(503, ask(client, way, GOOD, "application/x-ndjson", "{\"text\":\"w1\"}\n".getBytes(UTF_8)).status());
      }
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
  }

  /** Holds the writer up while it is shut. */
  private static final class Gate implements ServerListener, AutoCloseable {
    private final Semaphore open = new Semaphore(1);

    @Override
    public void learning(String model, Row row, float[] embedding, String predicted) {
      open.acquireUninterruptibly();
      open.release();
    }

    @Override
    public void close() {
      if (open.availablePermits() == 0) {
        open.release();
      }
    }
  }

  /** A removal waits until the writer has come to it, and all jobs after it wait too. */
  private void waitingJobs(Client client, Gate gate) throws Exception {
    gate.open.acquire();
    try {
      assertEquals(200, client.post("/v1/learn", row(5)).status());
      for (String way : both("POST", "/removals").reversed()) {
        assertEquals(202, ask(client, way, GOOD, "{\"source\":\"local\"}").status());
      }
      int status = 202;
      for (int i = 0; i < 1_000 && status == 202; i++) {
        status = ask(client, "POST /v1/merges", GOOD, valid("/merges")).status();
      }
      assertEquals(503, status);
      assertEquals(503, ask(client, "POST /v1/models/{model}/merges", GOOD, valid("/merges")).status());
    } finally {
      gate.open.release();
    }
  }

  private void tokens() throws IOException {
    Path tokens = Files.writeString(directory.resolve("tokens.txt"),
        "reader read " + READER + "\nwriter learn " + WRITER + "\n");
    try (var server = PerennialServer.start(ServerTest.options(directory.resolve("tokens"), backbone).withTokens(tokens),
        new ServerListener() {}, Clock.systemUTC());
        var nobody = new Client(server.port())) {
      for (String way : ways()) {
        JsonNode security = operation(way).get("security");
        if (!security.isEmpty()) {
          String scope = security.get(0).get("bearer").get(0).asText();
          assertEquals(401, ask(nobody, way, GOOD, "").status(), way);
          assertEquals(403, ask(nobody, way, GOOD, "", new byte[0], "Authorization",
              "Bearer " + (scope.equals("read") ? WRITER : READER)).status(), way);
        }
      }
    }
  }

  private void modelsThatDoNotLearn() throws IOException {
    try (var server = start(ncm, LIMITS, new ServerListener() {}); var client = new Client(server.port())) {
      String id = predict(client, "/v1", GOOD);
      assertEquals(409, ask(client, "POST /v1/learn", GOOD, row(1)).status());
      assertEquals(409, ask(client, "POST /v1/feedback", GOOD, feedback(id)).status());
      assertEquals(409, ask(client, "POST /v1/removals", GOOD, "{\"source\":\"local\"}").status());
      assertEquals(409, ask(client, "POST /v1/snapshots", GOOD, "").status());
    }
    Path store = directory.resolve("beside");
    try (var server = start(store, LIMITS, new ServerListener() {}); var client = new Client(server.port())) {
      copy(ncm, Files.createDirectory(store.resolve("models")).resolve("good"));
      String id = predict(client, "/v1/models/{model}", GOOD);
      assertEquals(409, ask(client, "POST /v1/models/{model}/feedback", GOOD, feedback(id)).status());
    }
  }

  private void modelsThatKnowNothing() throws IOException {
    try (var server = start(directory.resolve("new"), LIMITS, new ServerListener() {});
        var client = new Client(server.port())) {
      assertEquals(409, ask(client, "POST /v1/predict", GOOD, "{\"text\":\"w1\"}").status());
      assertEquals(201, ask(client, "PUT /v1/bricks/{brick}", GOOD, "application/zip", brick).status());
      assertEquals(200, ask(client, "POST /v1/bricks/{brick}/enable", GOOD, "").status());
    }
  }

  private void limits() throws IOException {
    ServerOptions some = ServerTest.options(directory.resolve("limited"), backbone);
    var limited = new ServerOptions(some.directory(), some.host(), some.port(), 1, 0, some.memory(), 1, backbone,
        some.options(), null, null, null, new Limits(100_000, 50, 2_000, 40, 1, 3, 400, 1_000, Duration.ofSeconds(2)),
        some.commitEvery(), some.keepTexts(), some.keepPredictions(), some.drain(), 0);
    try (var server = PerennialServer.start(limited, new ServerListener() {}, Clock.systemUTC());
        var client = new Client(server.port())) {
      assertEquals(201, ask(client, "PUT /v1/models/{model}", GOOD, "").status());
      assertEquals(429, ask(client, "PUT /v1/models/{model}", GOOD.ofModel("one-more"), "").status());
      assertEquals(200, client.post("/v1/learn", rows(2)).status());
      assertEquals(200, client.post("/v1/models/good/learn", rows(2)).status());
      List<String> ids = List.of(
          predict(client, "/v1", GOOD), predict(client, "/v1/models/{model}", GOOD));
      for (String base : List.of("/v1", "/v1/models/{model}")) {
        assertEquals(429, untilRefused(client, "POST " + base + "/learn", rows(10)));
        assertEquals(429, untilRefused(client, "POST " + base + "/predict", "{\"texts\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}"));
        assertEquals(429, untilRefused(client, "POST " + base + "/feedback", feedback(ids.get(base.equals("/v1") ? 0 : 1))));
      }
    }
  }

  private int untilRefused(Client client, String way, String body) throws IOException {
    int status = 200;
    for (int i = 0; i < 40 && status == 200; i++) {
      status = ask(client, way, GOOD, body).status();
    }
    return status;
  }

  /** A writer that has failed, a disk that takes no models, and then a store that is damaged under the server. */
  private void failures() throws IOException {
    var failing = new ServerListener() {
      @Override
      public void learning(String model, Row row, float[] embedding, String predicted) {
        if (row.text().equals(FAILING)) {
          throw new FailureException("the disk has gone");
        }
      }
    };
    Path store = directory.resolve("failing");
    try (var server = start(store, LIMITS, failing); var client = new Client(server.port())) {
      assertEquals(200, client.post("/v1/learn", rows(8)).status());
      assertEquals(201, ask(client, "PUT /v1/bricks/{brick}", GOOD, "application/zip", brick).status());
      assertEquals(201, ask(client, "PUT /v1/models/{model}", GOOD, "").status());
      assertEquals(200, client.post("/v1/models/good/learn", rows(8)).status());
      List<String> ids = List.of(
          predict(client, "/v1", GOOD), predict(client, "/v1/models/{model}", GOOD));
      assertEquals(200, client.post("/v1/learn", "{\"text\":\"" + FAILING + "\",\"label\":\"c0\"}").status());
      long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
      while (ask(client, "GET /ready", GOOD, "").status() == 200) {
        assertTrue(System.nanoTime() < end, "the writer goes on");
      }
      for (String base : List.of("/v1", "/v1/models/{model}")) {
        assertEquals(503, ask(client, "POST " + base + "/learn", GOOD, row(1)).status());
        assertEquals(503,
            ask(client, "POST " + base + "/feedback", GOOD, feedback(ids.get(base.equals("/v1") ? 0 : 1))).status());
        assertEquals(503, ask(client, "POST " + base + "/removals", GOOD, "{\"source\":\"local\"}").status());
        assertEquals(503, ask(client, "POST " + base + "/snapshots", GOOD, "").status());
      }
      assertEquals(503, ask(client, "POST /v1/bricks/{brick}/enable", GOOD, "").status());
      assertEquals(503, ask(client, "DELETE /v1/models/{model}", GOOD, "").status());
      Files.writeString(store.resolve("models").resolve("taken"), "a file where a directory is to be");
      assertEquals(503, ask(client, "PUT /v1/models/{model}", GOOD.ofModel("taken"), "").status());
      damage(store);
      for (String get : List.of("/bricks", "/bricks/{brick}", "/bricks/{brick}/export", "/snapshots", "/lineage", "/ledger")) {
        assertEquals(503, ask(client, "GET /v1" + get, GOOD, "").status(), get);
      }
      assertEquals(503, ask(client, "PUT /v1/bricks/{brick}", GOOD.ofBrick("b"), "application/zip", brick).status());
      assertEquals(503, ask(client, "POST /v1/bricks/{brick}/rollback", GOOD, "{\"to\":1}").status());
    } catch (FailureException e) {
      // The server's last commit fails too, as its writer has.
      assertTrue(String.valueOf(e.getMessage()).contains("good order"), e.getMessage());
    }
  }
}
