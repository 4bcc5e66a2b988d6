package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the interface does when it is used as described. */
final class ServerTest {

  @TempDir
  private static Path directory = Path.of("");

  private static PerennialServer server;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    server = PerennialServer.start(options(directory.resolve("store"), backbone), new ServerListener() {},
        Clock.systemUTC());
    client = new Client(server.port());
    teach("/v1", TinyWorld.rows(0, 100, 4));
  }

  static ServerOptions options(Path store, String backbone) {
    return ServerOptions.of(store).at("127.0.0.1", 0).withModels(backbone, new TreeMap<>(Map.of("features", "64")));
  }

  @AfterAll
  static void stop() {
    client.close();
    server.close();
  }

  static String rowsJson(List<Row> rows) {
    return rows.stream().map(row -> "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}")
        .collect(Collectors.joining(",", "{\"until\":\"visible\",\"rows\":[", "]}"));
  }

  private static JsonNode teach(String base, List<Row> rows) throws IOException {
    Client.Reply reply = client.post(base + "/learn", rowsJson(rows));
    assertEquals(200, reply.status(), reply::text);
    return reply.json();
  }

  @Test
  void predict_oneAndMany_areRightAndTheSame() throws Exception {
    List<Row> rows = TinyWorld.rows(1000, 1020, 4);
    int right = 0;
    var texts = new StringBuilder();
    var single = new ArrayList<String>();
    for (Row row : rows) {
      JsonNode one = client.post("/v1/predict", "{\"text\":\"" + row.text() + "\",\"top\":3}").json().get("predictions").get(0);
      assertEquals(3, one.get("candidates").size());
      assertTrue(one.get("candidates").get(0).get("score").asDouble() >= one.get("candidates").get(1).get("score").asDouble());
      right += one.get("label").asText().equals(row.label()) ? 1 : 0;
      single.add(one.get("label").asText());
      texts.append(texts.isEmpty() ? "" : ",").append('"').append(row.text()).append('"');
    }
    assertTrue(right >= 15, right + " of 20");
    JsonNode many = client.post("/v1/predict", "{\"texts\":[" + texts + "]}").json().get("predictions");
    for (int i = 0; i < rows.size(); i++) {
      assertEquals(single.get(i), many.get(i).get("label").asText());
    }
  }

  @Test
  void predict_lines_areAnsweredInOrder_andAWrongOneDoesNotStopTheNext() throws Exception {
    var lines = new StringBuilder();
    for (int i = 0; i < 70; i++) {
      lines.append(i == 40 ? "{\"txt\":1}\n\n" : "{\"text\":\"" + TinyWorld.row(i, 4).text() + "\"}\n");
    }
    Client.Reply reply = client.lines("/v1/predict", lines.toString());
    assertEquals(200, reply.status(), reply::text);
    String[] answers = reply.text().split("\n");
    assertEquals(70, answers.length);
    for (int i = 0; i < 70; i++) {
      JsonNode answer = Client.JSON.readTree(answers[i]);
      assertEquals(i == 40, answer.has("problem"));
      assertEquals(i <= 40 ? i + 1 : i + 2, answer.get("line").asInt());
    }
  }

  @Test
  void learn_untilVisible_isSeenByTheNextPrediction() throws Exception {
    JsonNode learned = teach("/v1", List.of(new Row("w58 w59 w58", "brand new")));
    assertTrue(learned.get("visible").asBoolean());
    JsonNode prediction = client.post("/v1/predict", "{\"text\":\"w58 w59 w58\"}").json().get("predictions").get(0);
    assertTrue(prediction.get("through").asLong() >= learned.get("last").asLong());
    assertTrue(client.get("/v1/classes").text().contains("brand new"));
  }

  @Test
  void learn_repeatedWithItsKey_isLearnedOnce_andWithOtherRowsRefused() throws Exception {
    Client.Reply first = client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\"}", "Idempotency-Key", "k-1");
    Client.Reply again = client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\"}", "Idempotency-Key", "k-1");
    assertFalse(first.json().get("repeated").asBoolean());
    assertTrue(again.json().get("repeated").asBoolean());
    assertEquals(first.json().get("last"), again.json().get("last"));
    Client.Reply other = client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c1\"}", "Idempotency-Key", "k-1");
    assertEquals(422, other.status());
    assertEquals("application/problem+json", other.type());
    assertEquals(400, client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c1\"}", "Idempotency-Key", "with space").status());
  }

  @Test
  void learn_lines_repeatedWithTheirKey_areLearnedOnce() throws Exception {
    String lines = TinyWorld.rows(0, 600, 4).stream()
        .map(row -> "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}\n").collect(Collectors.joining());
    JsonNode first = client.lines("/v1/learn?until=visible", lines, "Idempotency-Key", "stream-1").json();
    assertEquals(600, first.get("rows").asInt());
    JsonNode again = client.lines("/v1/learn", lines, "Idempotency-Key", "stream-1").json();
    assertTrue(again.get("repeated").asBoolean());
    assertEquals(first.get("last"), again.get("last"));
  }

  @Test
  void learn_linesOfWhichOneIsWrong_learnsThoseBeforeItAndSaysSo() throws Exception {
    client.send("PUT", "/v1/models/lines", "", BodyPublishers.noBody());
    Client.Reply reply = client.lines("/v1/models/lines/learn",
        "{\"text\":\"w1\",\"label\":\"a\"}\n{\"text\":\"w2\",\"label\":\"b\"}\n{\"text\":\"w3\"}\n");
    assertEquals(400, reply.status());
    assertTrue(reply.text().contains("line 3") && reply.text().contains("2 rows before"), reply::text);
    teach("/v1/models/lines", List.of(new Row("w9", "c")));
    assertEquals(3, client.get("/v1/models/lines").json().get("rows").asInt());
  }

  @Test
  void feedback_ofAnEarlierPrediction_isLearned() throws Exception {
    client.send("PUT", "/v1/models/asked", "", BodyPublishers.noBody());
    teach("/v1/models/asked", TinyWorld.rows(0, 12, 4));
    JsonNode before = client.post("/v1/models/asked/predict", "{\"text\":\"w44 w44 w45\"}").json().get("predictions").get(0);
    Client.Reply reply = client.post("/v1/models/asked/feedback",
        "{\"prediction\":\"" + before.get("id").asText() + "\",\"label\":\"by feedback\",\"until\":\"visible\"}");
    assertEquals(200, reply.status(), reply::text);
    JsonNode after =
        client.post("/v1/models/asked/predict", "{\"text\":\"w44 w44 w45\"}").json().get("predictions").get(0);
    assertEquals("by feedback", after.get("label").asText());
    assertEquals(404, client.post("/v1/models/asked/feedback", "{\"prediction\":\"zzzzzzz\",\"label\":\"x\"}").status());
    client.send("PUT", "/v1/models/other", "", BodyPublishers.noBody());
    assertEquals(404, client.post("/v1/models/other/feedback",
        "{\"prediction\":\"" + before.get("id").asText() + "\",\"label\":\"x\"}").status());
  }

  @Test
  void models_areMadeTaughtApartAndDeleted() throws Exception {
    assertEquals(201, client.send("PUT", "/v1/models/shop-1", "", BodyPublishers.noBody()).status());
    assertEquals(200, client.send("PUT", "/v1/models/shop-1", "", BodyPublishers.noBody()).status());
    assertEquals(409, client.post("/v1/models/shop-1/predict", "{\"text\":\"w1\"}").status());
    teach("/v1/models/shop-1", List.of(new Row("w1 w2", "only here")));
    assertEquals("only here", client.post("/v1/models/shop-1/predict", "{\"text\":\"w1\"}").json()
        .get("predictions").get(0).get("label").asText());
    assertFalse(client.get("/v1/classes").text().contains("only here"));
    assertTrue(client.get("/v1/models").text().contains("shop-1"));
    assertEquals("g-acil", client.get("/v1/models/shop-1").json().get("technique").asText());
    assertEquals(200, client.send("DELETE", "/v1/models/shop-1", "", BodyPublishers.noBody()).status());
    assertEquals(404, client.get("/v1/models/shop-1").status());
    assertEquals(404, client.post("/v1/models/shop-1/learn", "{\"text\":\"w1\",\"label\":\"a\"}").status());
    assertEquals(409, client.send("DELETE", "/v1/models/default", "", BodyPublishers.noBody()).status());
  }

  @Test
  void removal_ofASource_isDoneByAJob() throws Exception {
    client.send("PUT", "/v1/models/cleaned", "", BodyPublishers.noBody());
    teach("/v1/models/cleaned", TinyWorld.rows(0, 20, 2));
    JsonNode source = client.get("/v1/models/cleaned/sources").json().get("sources").get(0);
    assertEquals(20, source.get("rows").asInt());
    Client.Reply accepted = client.post("/v1/models/cleaned/removals", "{\"source\":\"local\"}");
    assertEquals(202, accepted.status(), accepted::text);
    JsonNode job = awaitJob(accepted.json().get("id").asText());
    assertEquals("done", job.get("state").asText());
    assertEquals("subtracted", job.get("result").get("method").asText());
    assertEquals(0, client.get("/v1/models/cleaned").json().get("rows").asInt());
    assertEquals(404, client.post("/v1/models/cleaned/removals", "{\"source\":\"nobody\"}").status());
  }

  private static JsonNode awaitJob(String id) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (System.nanoTime() < end) {
      JsonNode job = client.get("/v1/jobs/" + id).json();
      if (Set.of("done", "failed").contains(job.get("state").asText())) {
        return job;
      }
      Thread.onSpinWait();
    }
    throw new AssertionError("the job did not end");
  }

  @Test
  void snapshots_areListedAndMade() throws Exception {
    assertEquals(200, client.send("POST", "/v1/snapshots", "", BodyPublishers.noBody()).status());
    JsonNode newest = client.get("/v1/snapshots").json().get("snapshots").get(0);
    assertTrue(newest.get("whole").asBoolean());
  }

  @Test
  void bricks_areListedShownAndUnknownOnesRefused() throws Exception {
    client.send("POST", "/v1/snapshots", "", BodyPublishers.noBody());
    JsonNode bricks = client.get("/v1/bricks").json().get("bricks");
    assertEquals("head", bricks.get(0).get("name").asText());
    assertEquals("analytic-head", client.get("/v1/bricks/head").json().get("kind").asText());
    assertEquals(404, client.get("/v1/bricks/none").status());
    assertEquals(422, client.get("/v1/bricks/head/export").status());
    assertEquals(400, client.send("PUT", "/v1/bricks/new", "application/zip", BodyPublishers.ofString("no zip")).status());
    JsonNode merge = client.post("/v1/merges", "{\"name\":\"m\",\"method\":\"linear\",\"bricks\":[\"none\"]}").json();
    assertEquals("failed", awaitJob(merge.get("id").asText()).get("state").asText());
  }

  @Test
  void metrics_tellWhatWasDone() throws Exception {
    client.post("/v1/predict", "{\"text\":\"w1\"}");
    String metrics = client.get("/metrics").text();
    for (String name : List.of("perennial_rows_learned_total", "perennial_learning_share", "perennial_predict_p99_seconds",
        "perennial_requests_seconds_bucket", "perennial_journal_syncs_total")) {
      assertTrue(metrics.contains(name), name + " in " + metrics);
    }
    assertEquals("ready", client.get("/ready").json().get("status").asText());
    assertEquals("up", client.get("/health").json().get("status").asText());
  }

  @Test
  void unknownPathsAndMethods_areTold() throws Exception {
    assertEquals(404, client.get("/v2/predict").status());
    Client.Reply wrong = client.get("/v1/predict");
    assertEquals(405, wrong.status());
    assertEquals("POST", wrong.response().headers().firstValue("allow").orElse(""));
    assertEquals("application/problem+json", wrong.type());
  }

  @Test
  void openApi_hasEveryWayAndNoOther_andAllReferencesLeadSomewhere() throws Exception {
    JsonNode document = client.get("/openapi.json").json();
    assertEquals("3.1.0", document.get("openapi").asText());
    var described = new TreeSet<String>();
    document.get("paths").properties().forEach(path -> path.getValue().properties().forEach(
        operation -> described.add(operation.getKey().toUpperCase(Locale.ROOT) + " " + path.getKey())));
    assertEquals(new TreeSet<>(server.ways()), described);
    var names = new HashSet<String>();
    for (JsonNode reference : document.findValues("$ref")) {
      assertFalse(document.at(reference.asText().substring(1)).isMissingNode(), reference.asText());
      names.add(reference.asText());
    }
    for (JsonNode id : document.findValues("operationId")) {
      assertTrue(names.add(id.asText()), "twice: " + id);
    }
  }

  @Test
  void openApi_everyWay_answersAsItIsDescribed() throws Exception {
    JsonNode document = client.get("/openapi.json").json();
    client.send("PUT", "/v1/models/walked", "", BodyPublishers.noBody());
    teach("/v1/models/walked", TinyWorld.rows(0, 8, 2));
    String id = client.post("/v1/models/walked/predict", "{\"text\":\"w1\"}").json().get("predictions").get(0).get("id").asText();
    String id0 = client.post("/v1/predict", "{\"text\":\"w1\"}").json().get("predictions").get(0).get("id").asText();
    var schemas = new Schemas(document);
    var last = new TreeMap<String, JsonNode>();
    document.get("paths").properties().forEach(path -> path.getValue().properties().forEach(operation ->
        last.put((operation.getKey().equals("delete") ? "2 " : "1 ") + operation.getKey() + " " + path.getKey(),
            operation.getValue())));
    for (var way : last.entrySet()) {
      String[] words = way.getKey().split(" ");
      String path = words[2].replace("{model}", "walked").replace("{brick}", "head").replace("{job}", "job-1")
          .replaceFirst("/events$", "/events?most=1");
      String body = body(words[2], words[2].contains("{model}") ? id : id0);
      String type = way.getValue().has("requestBody")
          ? way.getValue().get("requestBody").get("content").fieldNames().next() : "";
      Client.Reply good = client.send(words[1].toUpperCase(Locale.ROOT), path, type,
          type.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
      schemas.check(way.getKey(), way.getValue(), good);
      if (!type.isEmpty()) {
        Client.Reply bad = client.send(words[1].toUpperCase(Locale.ROOT), path, type, BodyPublishers.ofString("{"));
        assertTrue(bad.status() >= 400 && bad.status() < 500, way.getKey());
        schemas.check(way.getKey(), way.getValue(), bad);
        Client.Reply odd = client.send(words[1].toUpperCase(Locale.ROOT), path, "text/plain", BodyPublishers.ofString("x"));
        assertEquals(415, odd.status(), way.getKey());
        schemas.check(way.getKey(), way.getValue(), odd);
      }
    }
  }

  private static String body(String path, String prediction) {
    return switch (path.substring(path.lastIndexOf('/') + 1)) {
      case "predict" -> "{\"text\":\"w1\"}";
      case "learn" -> "{\"text\":\"w1\",\"label\":\"c0\"}";
      case "feedback" -> "{\"prediction\":\"" + prediction + "\",\"label\":\"c0\"}";
      case "removals" -> "{\"source\":\"nobody\"}";
      case "merges" -> "{\"name\":\"m2\",\"method\":\"linear\",\"bricks\":[\"head\"]}";
      default -> "{}";
    };
  }
}
