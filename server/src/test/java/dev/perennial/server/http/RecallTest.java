package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import dev.perennial.server.Answer;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An error memory in the way of predictions, while the writer is held up. */
final class RecallTest {

  @TempDir
  private Path directory = Path.of("");

  private final Gate gate = new Gate();
  private PerennialServer server;
  private Client client;
  private Schemas schemas;
  private JsonNode operation;

  /** Holds the writer up in front of a row, while it is shut. */
  private static final class Gate implements ServerListener {
    private final Semaphore open = new Semaphore(1);
    private final ConcurrentLinkedQueue<Answer> heard = new ConcurrentLinkedQueue<>();

    @Override
    public void learning(String model, Row row, float[] embedding, String predicted) {
      open.acquireUninterruptibly();
      open.release();
    }

    @Override
    public void predicted(String model, List<Answer> answers) {
      heard.addAll(answers);
    }
  }

  @BeforeEach
  void start() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    server = PerennialServer.start(
        ServerTest.options(directory.resolve("store"), backbone).withRecall(50), gate, Clock.systemUTC());
    client = new Client(server.port());
    JsonNode document = client.get("/openapi.json").json();
    schemas = new Schemas(document);
    operation = document.at("/paths/~1v1~1predict/post");
    teach(ServerTest.rowsJson(TinyWorld.rows(0, 100, 4)));
  }

  @AfterEach
  void stop() {
    if (gate.open.availablePermits() == 0) {
      gate.open.release();
    }
    client.close();
    server.close();
  }

  private JsonNode teach(String body) throws IOException {
    Client.Reply reply = client.post("/v1/learn", body);
    assertEquals(200, reply.status(), reply::text);
    return reply.json();
  }

  private JsonNode predict(String text) throws IOException {
    Client.Reply reply = client.post("/v1/predict", "{\"text\":\"" + text + "\",\"top\":2}");
    assertEquals(200, reply.status(), reply::text);
    schemas.check("predict", operation, reply);
    return reply.json().get("predictions").get(0);
  }

  private double metric(String name) throws IOException {
    return client.get("/metrics").text().lines().filter(line -> line.startsWith(name + " ")).findFirst()
        .map(line -> Double.parseDouble(line.substring(name.length() + 1))).orElseThrow();
  }

  /** Lets the writer go on, and waits until it has learned a row. */
  private void learned(long row) throws IOException {
    gate.open.release();
    long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (client.get("/v1/models/default").json().get("through").asLong() < row) {
      assertTrue(System.nanoTime() < end, "row " + row + " is not learned");
    }
  }

  @Test
  void predict_aTaughtTextOfANewClass_isCorrectedAtOnce_andByItselfOnceItIsLearned() throws Exception {
    JsonNode before = predict("w58 w59 w58");
    gate.open.acquire();
    teach("{\"text\":\"w58 w59 w58\",\"label\":\"brand new\"}");
    assertFalse(client.get("/v1/classes").text().contains("brand new"));
    JsonNode corrected = predict("w58 w59 w58");
    assertEquals("brand new", corrected.get("label").asText());
    assertTrue(corrected.get("recalled").asBoolean());
    assertEquals(2, corrected.get("candidates").size());
    assertEquals(before.get("label"), corrected.get("candidates").get(1).get("label"));
    assertTrue(corrected.get("candidates").get(0).get("score").asDouble()
        > corrected.get("candidates").get(1).get("score").asDouble());
    assertEquals(List.of("brand new"), gate.heard.stream().filter(Answer::recalled)
        .map(answer -> answer.candidates().getFirst().label()).toList());
    assertEquals(1, metric("perennial_recall_errors"));
    assertEquals(1, metric("perennial_recall_changed_total"));

    // One row of a hundred is not enough for the model itself.
    String row = "{\"text\":\"w58 w59 w58\",\"label\":\"brand new\"}";
    long last = teach("{\"rows\":[" + (row + ",").repeat(19) + row + "]}").get("last").asLong();
    assertTrue(predict("w58 w59 w58").get("through").asLong() < last);
    learned(last);
    // The memory is empty once the next row is visible: snapshots are told of one after the other.
    teach("{\"text\":\"w1\",\"label\":\"c0\",\"until\":\"visible\"}");
    JsonNode after = predict("w58 w59 w58");
    assertEquals("brand new", after.get("label").asText());
    assertFalse(after.has("recalled"));
    assertTrue(after.get("through").asLong() >= last);
    assertEquals(0, metric("perennial_recall_errors"));
    assertEquals(2, metric("perennial_recall_changed_total"));
  }

  @Test
  void feedback_onAWrongPrediction_correctsIt_andTextsUnlikeItStayAsTheyWere() throws Exception {
    List<Row> others = TinyWorld.rows(1000, 1030, 4);
    var before = others.stream().map(row -> asked(row.text())).toList();
    JsonNode wrong = predict("w44 w44 w45");
    gate.open.acquire();
    Client.Reply reply = client.post("/v1/feedback",
        "{\"prediction\":\"" + wrong.get("id").asText() + "\",\"label\":\"by feedback\"}");
    assertEquals(200, reply.status(), reply::text);
    assertEquals("by feedback", predict("w44 w44 w45").get("label").asText());
    int changed = 0;
    for (int i = 0; i < others.size(); i++) {
      JsonNode now = asked(others.get(i).text());
      if (now.has("recalled")) {
        changed++;
      } else {
        assertEquals(before.get(i).get("candidates"), now.get("candidates"));
      }
    }
    // The tiny encoder's embeddings are all alike, and yet some are told apart.
    assertTrue(changed < others.size(), "texts of other words are all changed");
  }

  private JsonNode asked(String text) {
    try {
      return predict(text);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void predict_whileAClassHasANewName_isRightMoreOftenThanTheModel() throws Exception {
    gate.open.acquire();
    for (Row row : TinyWorld.rows(2000, 2080, 4)) {
      teach("{\"text\":\"" + row.text() + "\",\"label\":\"" + renamed(row.label()) + "\"}");
    }
    assertEquals(50, metric("perennial_recall_errors"));
    int right = 0;
    int byItself = 0;
    for (Row row : TinyWorld.rows(3000, 3040, 4)) {
      JsonNode answer = predict(row.text());
      right += answer.get("label").asText().equals(renamed(row.label())) ? 1 : 0;
      byItself += !answer.has("recalled") && answer.get("label").asText().equals(renamed(row.label())) ? 1 : 0;
    }
    assertTrue(byItself <= 30, byItself + " of 40: a model that knows nothing of the new name");
    assertTrue(right >= 32, right + " of 40");
  }

  private static String renamed(String label) {
    return label.equals("c0") ? "new name" : label;
  }

  @Test
  void options_outOfRange_areRefused() {
    assertThrows(UsageException.class, () -> ServerOptions.of(directory).withRecall(-1));
    assertThrows(UsageException.class, () -> ServerOptions.of(directory).withRecall(10_001));
  }
}
