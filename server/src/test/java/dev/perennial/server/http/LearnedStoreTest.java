package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Predictor;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stores that a run has learned, and that are served afterwards. */
final class LearnedStoreTest {

  @TempDir
  private static Path shared = Path.of("");

  private static String backbone = "";
  private static Path data = Path.of("");

  @TempDir
  private Path directory = Path.of("");

  @BeforeAll
  static void write() throws Exception {
    backbone = TinyWorld.backbone(shared.resolve("encoder")).toString();
    var lines = new StringBuilder("text,label\n");
    TinyWorld.rows(0, 160, 4).forEach(row -> lines.append(row.text()).append(',').append(row.label()).append('\n'));
    data = Files.writeString(shared.resolve("data.csv"), lines, UTF_8);
  }

  private Path learned(String technique, Map<String, String> options) {
    RunSpec defaults = RunSpec.of(DataSpec.table(data.toString(), "text", "label", null), 2);
    var spec = new RunSpec(defaults.data(), defaults.scenario(), 2, technique, new TreeMap<>(options), backbone,
        defaults.device(), defaults.budget(), 3, 1);
    Path store = directory.resolve(technique);
    try (Run run = Run.create(spec, store, new SnapshotOptions(Durability.SYNC, 0, 1, Double.POSITIVE_INFINITY),
        Clock.systemUTC(), new RunListener() {})) {
      run.execute();
    }
    return store;
  }

  private static PerennialServer serve(Path store) {
    return PerennialServer.start(ServerTest.options(store, backbone), new ServerListener() {}, Clock.systemUTC());
  }

  private static void assertServedAsStored(Path store, Client client) throws IOException {
    List<Row> rows = TinyWorld.rows(900, 915, 4);
    try (Predictor predictor = Predictor.open(store, 1)) {
      var expected = predictor.predict(rows.stream().map(Row::text).toList(), 1);
      for (int i = 0; i < rows.size(); i++) {
        JsonNode served = client.post("/v1/predict", "{\"text\":\"" + rows.get(i).text() + "\"}").json().get("predictions").get(0);
        var best = expected.get(i).candidates().getFirst();
        assertEquals(best.score(), served.get("score").asDouble(), 1e-3);
      }
    }
  }

  @Test
  void firstSessionAnalytic_isServedAsItWasLearned_andGoesOnLearning() throws Exception {
    Path store = learned("first-session-analytic", Map.of("features", "64"));
    try (var server = serve(store); var client = new Client(server.port())) {
      assertServedAsStored(store, client);
      Client.Reply taught = client.post("/v1/learn", ServerTest.rowsJson(List.of(
          new Row("w50 w51 w52", "later"), new Row("w51 w50", "later"), new Row("w52 w50 w51", "later"))));
      assertEquals(200, taught.status(), taught::text);
      assertEquals(5, client.get("/v1/models/default").json().get("classes").asInt());
      assertEquals("later", client.post("/v1/predict", "{\"text\":\"w50 w51 w52\"}").json().get("predictions").get(0)
          .get("label").asText());
      JsonNode bricks = client.get("/v1/bricks").json().get("bricks");
      assertEquals("adapter", bricks.get(0).get("name").asText());
    }
    try (var server = serve(store); var client = new Client(server.port())) {
      assertTrue(client.get("/v1/classes").text().contains("later"));
      assertServedAsStored(store, client);
    }
  }

  @Test
  void brick_exportedImportedMergedAndRolledBack_isWhatItWas() throws Exception {
    Path store = learned("first-session-analytic", Map.of("features", "64"));
    try (var server = serve(store); var client = new Client(server.port())) {
      Client.Reply zip = client.get("/v1/bricks/adapter/export");
      assertEquals(200, zip.status(), zip::text);
      assertEquals("application/zip", zip.type());
      Client.Reply added = client.send("PUT", "/v1/bricks/again", "application/zip",
          BodyPublishers.ofByteArray(zip.response().body()));
      assertEquals(201, added.status(), added::text);
      assertEquals(client.get("/v1/bricks/adapter").json().get("parameters"),
          client.get("/v1/bricks/again").json().get("parameters"));
      assertEquals(422, client.send("PUT", "/v1/bricks/again", "application/zip",
          BodyPublishers.ofByteArray(zip.response().body())).status());
      String job = client.post("/v1/merges", "{\"name\":\"both\",\"method\":\"linear\",\"bricks\":[\"adapter\",\"again\"]}").json()
          .get("id").asText();
      String state = "";
      for (long end = System.nanoTime() + 30_000_000_000L; System.nanoTime() < end && !state.equals("done");) {
        JsonNode told = client.get("/v1/jobs/" + job).json();
        state = told.get("state").asText();
        assertTrue(!state.equals("failed"), told::toString);
      }
      assertEquals("library", client.get("/v1/bricks/both").json().get("place").asText());
      assertEquals(422, client.post("/v1/bricks/both/rollback", "{\"to\":7}").status());
    }
  }

  @Test
  void ncm_isServedForPredictionsAlone_andSaysWhyItDoesNotLearn() throws Exception {
    Path store = learned("ncm", Map.of());
    try (var server = serve(store); var client = new Client(server.port())) {
      assertServedAsStored(store, client);
      Client.Reply refused = client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\"}");
      assertEquals(409, refused.status());
      assertTrue(refused.text().contains("ncm") && refused.text().contains("perennial learn"), refused::text);
      assertEquals("ready", client.get("/ready").json().get("status").asText());
    }
  }
}
