package dev.perennial.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.budget.Budget;
import dev.perennial.budget.Ledger;
import dev.perennial.budget.Placement;
import dev.perennial.engine.DataSpec;
import dev.perennial.engine.Documents;
import dev.perennial.engine.Predictor;
import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.engine.RunSpec;
import dev.perennial.learn.auto.InCharge;
import dev.perennial.open.OpenOptions;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.store.Access;
import dev.perennial.store.Commit;
import dev.perennial.store.Store;
import dev.perennial.store.StoredParts;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

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
    return learned(technique, options, RunListener.SILENT);
  }

  private Path learned(String technique, Map<String, String> options, RunListener listener) {
    RunSpec defaults = RunSpec.of(DataSpec.table(data.toString(), "text", "label", null), 2);
    var spec = new RunSpec(defaults.data(), defaults.scenario(), 2, technique, new TreeMap<>(options), backbone,
        defaults.device(), defaults.budget(), 3, 1);
    Path store = directory.resolve(technique);
    try (Run run = Run.create(spec, store, new SnapshotOptions(Durability.SYNC, 0, 1, Double.POSITIVE_INFINITY),
        Clock.systemUTC(), listener)) {
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

  @ParameterizedTest
  @ValueSource(strings = {"first-session-analytic", "latent-replay"})
  void adapted_isServedAsItWasLearned_andGoesOnLearning(String technique) throws Exception {
    Path store = learned(technique, Map.of("features", "64"));
    try (var server = serve(store); var client = new Client(server.port())) {
      assertServedAsStored(store, client);
      Client.Reply taught = client.post("/v1/learn", ServerTest.rowsJson(later()));
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

  /** All that is predicted: the best class of each text and its score. */
  private static List<String> answers(Client client) throws IOException {
    var answers = new ArrayList<String>();
    for (Row row : TinyWorld.rows(900, 930, 4)) {
      JsonNode best = client.post("/v1/predict", "{\"text\":\"" + row.text() + "\"}").json().get("predictions").get(0);
      answers.add(best.get("label").asText() + " " + Math.round(1000 * best.get("score").asDouble()));
    }
    return answers;
  }

  /** Enough rows of a new class for a brick that was trained to tell the other ones apart. */
  private static List<Row> later() {
    var three = List.of(new Row("w50 w51 w52", "later"), new Row("w51 w50", "later"), new Row("w52 w50 w51", "later"));
    return Collections.nCopies(10, three).stream().flatMap(List::stream).toList();
  }

  private static InCharge inCharge(Path store) {
    try (StoredParts parts = StoredParts.newest(store, InCharge.PART::equals)) {
      return InCharge.of(parts.part(InCharge.PART));
    }
  }

  /** As if held-back rows had spoken for the other candidate. */
  private static void putOtherInCharge(Path store) {
    try (Store written = Store.open(store, Access.WRITE); StoredParts parts = written.openHead().orElseThrow()) {
      var state = new ArrayList<StatePart>();
      for (StatePart part : parts.parts().values()) {
        if (part.name().equals(InCharge.PART)) {
          long[] counters = part.tensor("counters").longs();
          counters[0] = 1 - counters[0];
          var tensors = new TreeMap<String, TensorData>(part.tensors());
          tensors.put("counters", TensorData.of(counters, counters.length));
          state.add(StatePart.of(part.name(), part.combine(), tensors));
        } else {
          state.add(part);
        }
      }
      Commit head = parts.commit();
      written.commit(head.position(), state, head.documents(), Clock.systemUTC().instant());
    }
  }

  @ParameterizedTest
  @CsvSource({"false, g-acil", "true, latent-replay"})
  void auto_withTwoCandidates_servesTheOneInCharge_andSettlesItWithTheFirstRowTaught(boolean other, String expected)
      throws Exception {
    Path store = learned("auto", Map.of("features", "64", "leastGain", "1", "deviations", "1000"));
    if (other) {
      putOtherInCharge(store);
    }
    InCharge before = inCharge(store);
    assertEquals(expected, before.name());
    assertEquals(1, before.others().size());
    List<String> taught;
    try (var server = serve(store); var client = new Client(server.port())) {
      assertServedAsStored(store, client);
      assertEquals(before.others(), inCharge(store).others());
      Client.Reply reply = client.post("/v1/learn", ServerTest.rowsJson(later()));
      assertEquals(200, reply.status(), reply::text);
      assertEquals("later", client.post("/v1/predict", "{\"text\":\"w50 w51 w52\"}").json().get("predictions").get(0)
          .get("label").asText());
      taught = answers(client);
    }
    InCharge after = inCharge(store);
    assertEquals(expected, after.name());
    assertEquals(List.of(), after.others());
    try (Store read = Store.open(store, Access.READ)) {
      assertEquals(List.of(), read.verify());
      Commit head = read.head().orElseThrow();
      assertTrue(head.parts().stream().noneMatch(part -> part.name().startsWith(before.others().getFirst() + "/")),
          head::toString);
      Placement decision = Ledger.fromJson(head.documents().getOrDefault(Documents.LEDGER, ""), Budget.UNLIMITED)
          .placements().getLast();
      assertEquals("technique " + before.others().getFirst(), decision.site());
      assertTrue(decision.why().contains(expected + " is in charge"), decision::why);
    }
    try (var server = serve(store); var client = new Client(server.port())) {
      assertEquals(taught, answers(client));
      assertServedAsStored(store, client);
      assertEquals(5, client.get("/v1/models/default").json().get("classes").asInt());
    }
  }

  /** What a server has learned between two experiences stays, and the run ends with it. */
  @ParameterizedTest
  @ValueSource(strings = {"g-acil", "first-session-analytic", "latent-replay", "auto"})
  void stream_thatIsNotFinished_isServedAndTaught_thenGoesOn(String technique) throws Exception {
    var stop = new IllegalStateException("stopped by the test");
    var stopping = new RunListener() {
      @Override
      public void began(Experience experience, long firstStep, long steps) {
        if (experience.index() == 1) {
          throw stop;
        }
      }
    };
    assertSame(stop, assertThrows(IllegalStateException.class,
        () -> learned(technique, Map.of("features", "64"), stopping)));
    Path store = directory.resolve(technique);
    try (var server = serve(store); var client = new Client(server.port())) {
      assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(later())).status());
    }
    try (Run run = Run.resume(store, null, Clock.systemUTC(), RunListener.SILENT)) {
      assertEquals(5, run.execute().classes());
    }
    try (Predictor predictor = Predictor.open(store, 1)) {
      assertEquals("later", predictor.predict(List.of("w50 w51 w52"), 1).getFirst().candidates().getFirst().label());
    }
  }

  @Test
  void openWorld_isServedForPredictionsAlone() throws Exception {
    RunSpec defaults = RunSpec.of(DataSpec.table(data.toString(), "text", "label", null), 2);
    var spec = new RunSpec(defaults.data(), defaults.scenario(), 2, "auto", new TreeMap<>(Map.of("features", "64")), backbone,
        defaults.device(), defaults.budget(), 3, 1).withOpen(OpenOptions.DEFAULT);
    Path store = directory.resolve("open");
    try (Run run = Run.create(spec, store, Clock.systemUTC(), RunListener.SILENT)) {
      run.execute();
    }
    try (var server = serve(store); var client = new Client(server.port())) {
      assertServedAsStored(store, client);
      assertEquals(409, client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\"}").status());
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
