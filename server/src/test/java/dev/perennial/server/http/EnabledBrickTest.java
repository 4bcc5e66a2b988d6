package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import dev.perennial.engine.Lesson;
import dev.perennial.engine.Predictor;
import dev.perennial.server.Answer;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A brick that was learned in one store, and is let act in models that learn while they are served. */
final class EnabledBrickTest {

  private static final List<String> TEXTS = List.of("w1 w2 w3 w4", "w20 w21 w20", "w7 w30");

  @TempDir
  private static Path shared = Path.of("");

  private static String backbone = "";
  private static Path learned = Path.of("");

  /** A store whose first session has trained an adapter. */
  @BeforeAll
  static void learn() throws Exception {
    backbone = TinyWorld.backbone(shared.resolve("encoder")).toString();
    learned = LearnedStores.learn(shared, backbone, "first-session-analytic", Map.of("features", "64"));
  }

  private static PerennialServer serve() {
    return PerennialServer.start(ServerTest.options(learned, backbone), new ServerListener() {}, Clock.systemUTC());
  }

  private static Client.Reply put(Client client, String path, byte[] zip) throws IOException {
    return client.send("PUT", path, zip.length == 0 ? "" : "application/zip", BodyPublishers.ofByteArray(zip));
  }

  private static Client.Reply enable(Client client, String base, String brick) throws IOException {
    return client.send("POST", base + "/bricks/" + brick + "/enable", "", BodyPublishers.noBody());
  }

  private static float[] embedding(PerennialServer server, String model) {
    return server.predicting().predict(model, TEXTS, 1).getFirst().embedding();
  }

  @Test
  void enable_anImportedBrick_actsInWhatIsLearnedAndPredicted_alsoAfterARestart() throws Exception {
    List<Answer> before;
    try (var server = serve(); var client = new Client(server.port())) {
      byte[] zip = client.get("/v1/bricks/adapter/export").response().body();
      for (String model : List.of("adapted", "plain")) {
        assertEquals(201, put(client, "/v1/models/" + model, new byte[0]).status());
      }
      assertEquals(201, put(client, "/v1/models/adapted/bricks/mine", zip).status());
      Client.Reply enabled = enable(client, "/v1/models/adapted", "mine");
      assertEquals(200, enabled.status(), enabled::text);
      assertEquals("mine@1", enabled.json().get("brick").asText());
      assertEquals("mine@1", client.get("/v1/models/adapted").json().get("brick").asText());
      assertFalse(client.get("/v1/models/plain").json().has("brick"));
      assertEquals(200, enable(client, "/v1/models/adapted", "mine").status(), "once more changes nothing");
      for (String model : List.of("adapted", "plain")) {
        Client.Reply taught =
            client.post("/v1/models/" + model + "/learn", ServerTest.rowsJson(TinyWorld.rows(0, 80, 4)));
        assertEquals(200, taught.status(), taught::text);
      }
      // The store in which it was trained has the same brick under its own head.
      assertArrayEquals(embedding(server, "default"), embedding(server, "adapted"), 1e-5f);
      assertTrue(distance(embedding(server, "plain"), embedding(server, "adapted")) > 1e-3);
      before = server.predicting().predict("adapted", TEXTS, 4);
      List<Answer> plain = server.predicting().predict("plain", TEXTS, 4);
      assertTrue(Math.abs(before.getFirst().candidates().getFirst().score()
          - plain.getFirst().candidates().getFirst().score()) > 1e-4, "the head was solved for other features");
    }
    try (var server = serve(); var client = new Client(server.port())) {
      assertEquals("mine@1", client.get("/v1/models/adapted").json().get("brick").asText());
      List<Answer> after = server.predicting().predict("adapted", TEXTS, 4);
      for (int i = 0; i < TEXTS.size(); i++) {
        assertArrayEquals(before.get(i).embedding(), after.get(i).embedding(), 1e-5f);
        assertEquals(before.get(i).candidates().getFirst().label(), after.get(i).candidates().getFirst().label());
        assertEquals(before.get(i).candidates().getFirst().score(), after.get(i).candidates().getFirst().score(), 1e-4);
      }
      Client.Reply late = enable(client, "/v1/models/adapted", "mine");
      assertEquals(409, late.status());
      assertTrue(late.text().contains("make a new model"), late::text);
    }
    Path store = learned.resolve("models").resolve("adapted");
    for (var refused : List.of(
        assertThrows(UsageException.class, () -> Predictor.open(store, 1).close()),
        assertThrows(UsageException.class, () -> Lesson.teach(store, "c0", List.of("w1"), 1, Clock.systemUTC())))) {
      assertTrue(String.valueOf(refused.getMessage()).contains("mine@1"), refused.getMessage());
    }
  }

  private static double distance(float[] one, float[] other) {
    double sum = 0;
    for (int i = 0; i < one.length; i++) {
      sum += Math.abs(one[i] - other[i]);
    }
    return sum / one.length;
  }

  @Test
  void enable_ofTheDefaultModel_isThereWithoutItsName() throws Exception {
    byte[] zip;
    try (var server = serve(); var client = new Client(server.port())) {
      zip = client.get("/v1/bricks/adapter/export").response().body();
      Client.Reply own = enable(client, "/v1", "adapter");
      assertEquals(409, own.status(), own::text);
    }
    Path directory = shared.resolve("fresh");
    for (int start = 0; start < 2; start++) {
      try (var server = PerennialServer.start(
          ServerTest.options(directory, backbone), new ServerListener() {}, Clock.systemUTC());
          var client = new Client(server.port())) {
        if (start == 0) {
          assertEquals(404, enable(client, "/v1", "mine").status());
          assertEquals(201, put(client, "/v1/bricks/mine", zip).status());
          assertEquals(200, enable(client, "/v1", "mine").status());
          assertEquals(409, client.post("/v1/predict", "{\"text\":\"w1\"}").status());
        } else {
          // Nobody has learned anything in between: what was enabled is in the store.
          assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 8, 2))).status());
        }
        JsonNode model = client.get("/v1/models/default").json();
        assertEquals("mine@1", model.get("brick").asText());
      }
    }
  }
}
