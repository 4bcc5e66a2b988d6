package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page and what it is fed with, as clients without a browser see them. */
final class PageCallsTest {

  private static final String READER = "reader-0123456789abcdef";
  private static final String TEACHER = "teacher-0123456789abcdef";

  @TempDir
  private static Path directory = Path.of("");

  private static PerennialServer server;
  private static Client reader;
  private static Client teacher;

  @BeforeAll
  static void start() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    Path tokens = Files.writeString(directory.resolve("tokens"),
        "reader read " + READER + "\nteacher read,learn,admin " + TEACHER + "\n");
    server = PerennialServer.start(ServerTest.options(directory.resolve("store"), backbone).withTokens(tokens),
        new ServerListener() {}, Clock.systemUTC());
    reader = new Client(server.port(), "Authorization", "Bearer " + READER);
    teacher = new Client(server.port(), "Authorization", "Bearer " + TEACHER);
  }

  @AfterAll
  static void stop() {
    reader.close();
    teacher.close();
    server.close();
  }

  private static JsonNode live(Client client, String model) throws IOException {
    Client.Reply reply = client.get("/v1/models/" + model + "/events?most=1");
    assertEquals(200, reply.status(), reply::text);
    assertEquals("text/event-stream", reply.type());
    assertTrue(reply.text().startsWith("id: 1\nevent: state\ndata: {"), reply::text);
    assertTrue(reply.text().endsWith("\n\n"));
    return Client.JSON.readTree(reply.text().lines().filter(line -> line.startsWith("data: ")).findFirst().orElseThrow().substring(6));
  }

  private static void make(String model) throws IOException {
    assertEquals(201, teacher.send("PUT", "/v1/models/" + model, "", BodyPublishers.noBody()).status());
  }

  private static void teach(String model, List<Row> rows) throws IOException {
    assertEquals(200, teacher.post("/v1/models/" + model + "/learn", ServerTest.rowsJson(rows)).status());
  }

  @Test
  void page_needsNoToken_andItsPolicyAllowsNothingFromElsewhere() throws Exception {
    try (Client nobody = new Client(server.port())) {
      Client.Reply page = nobody.get("/");
      assertEquals(200, page.status());
      assertEquals("text/html; charset=utf-8", page.type());
      String policy = page.response().headers().firstValue("content-security-policy").orElse("");
      assertTrue(policy.contains("default-src 'none'") && policy.contains("connect-src 'self'"), policy);
      assertFalse(policy.contains("unsafe") || policy.contains("http"), policy);
      assertFalse(page.text().contains("src=\"http") || page.text().contains("href=\"http"));
      assertEquals(401, nobody.get("/v1/events").status());
      assertEquals(401, nobody.get("/v1/lineage").status());
      assertEquals(401, nobody.get("/v1/ledger").status());
    }
  }

  @Test
  void events_countRowsAsTheyWereForeseen_andAreAsDescribed() throws Exception {
    make("counted");
    assertEquals(0, live(teacher, "counted").at("/state/accuracy/rows").asInt());
    teach("counted", TinyWorld.rows(0, 40, 4));
    teach("counted", TinyWorld.rows(40, 140, 4));
    JsonNode live = live(teacher, "counted");
    assertEquals(140, live.at("/state/accuracy/rows").asInt());
    double present = live.at("/state/accuracy/present").asDouble();
    assertTrue(present > 0.4 && present < 1, "the first 40 rows were not foreseen: " + present);
    int rows = 0;
    int right = 0;
    JsonNode counts = live.at("/state/matrix/counts");
    for (int i = 0; i < counts.size(); i++) {
      for (int j = 0; j < counts.size(); j++) {
        rows += counts.get(i).get(j).asInt();
        right += i == j && !live.at("/state/matrix/labels/" + i).asText().isEmpty() ? counts.get(i).get(j).asInt() : 0;
      }
    }
    assertEquals(140, rows);
    assertEquals(present, right / 140.0, 1e-9);
    assertEquals(3, live.at("/state/signals").size());
    assertTrue(live.at("/state/learning/median").asDouble() > 0, "what was durable has been seen by predictions");
    assertEquals(4, live.get("classes").size());
    JsonNode document = teacher.get("/openapi.json").json();
    new Schemas(document).check("Live", JsonNodeFactory.instance.objectNode().put("$ref", "#/components/schemas/Live"), live);
  }

  @Test
  void events_tellTextsThatWaitToThoseWhoMayTeachAlone_untilTheyAreLearned() throws Exception {
    make("asked");
    teach("asked", TinyWorld.rows(0, 60, 3));
    String id = teacher.post("/v1/models/asked/predict", "{\"text\":\"w57 w58\"}").json().at("/predictions/0/id").asText();
    JsonNode waiting = live(teacher, "asked").at("/state/waiting");
    assertEquals("w57 w58", waiting.at("/0/text").asText());
    assertEquals(id, waiting.at("/0/prediction").asText());
    JsonNode hidden = live(reader, "asked");
    assertEquals(0, hidden.at("/state/waiting").size());
    assertFalse(hidden.get("teaches").asBoolean());
    assertEquals(200, teacher.post("/v1/models/asked/feedback",
        "{\"prediction\":\"" + id + "\",\"label\":\"new\",\"until\":\"visible\"}").status());
    assertEquals(0, live(teacher, "asked").at("/state/waiting").size());
  }

  @Test
  void lineageAndLedger_areThoseOfTheNewestCommit() throws Exception {
    make("drawn");
    teach("drawn", TinyWorld.rows(0, 20, 2));
    assertEquals(200, teacher.send("POST", "/v1/models/drawn/snapshots", "", BodyPublishers.noBody()).status());
    Client.Reply picture = reader.get("/v1/models/drawn/lineage");
    assertTrue(picture.text().contains("analytic-head") && picture.text().contains("<svg"), picture::text);
    assertTrue(reader.get("/v1/models/drawn/ledger").json().get("budgets").isArray());
    assertTrue(live(reader, "drawn").at("/state/events").findValuesAsText("kind").contains("commit"));
    assertEquals(404, reader.get("/v1/models/nobody/events").status());
    assertEquals(422, reader.get("/v1/models/drawn/events?most=x").status());
  }
}
