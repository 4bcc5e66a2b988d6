package dev.perennial.bench.serve;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.perennial.FailureException;
import dev.perennial.data.Example;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What two servers say of the same texts, compared. */
final class KillsMeasurementTest {

  private static final Rows ROWS =
      new Rows(IntStream.range(0, 10).mapToObj(i -> Example.of("text \"" + i + "\"", "c" + i)).toList());

  /** A server that names a class by the digit of the text, but for one. */
  private static List<String> labels(int other) throws IOException {
    HttpServer server = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
    server.createContext("/v1/predict", exchange -> {
      String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
      int row = Integer.parseInt(body.replaceAll("\\D", ""));
      // The label holds what ends a label elsewhere, and candidates have labels too.
      String label = "\"says \\\"" + (row == other ? "another" : row) + "\\\", \"";
      byte[] answer = (row == 9 ? "{\"model\":\"default\",\"predictions\":[]}"
          : "{\"model\":\"label\",\"predictions\":[{\"id\":\"a\",\"label\":" + label
          + ",\"score\":0.5,\"candidates\":[{\"label\":\"candidate\",\"score\":1}],\"snapshot\":1,\"through\":3}]}").getBytes(UTF_8);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
      exchange.close();
    });
    server.start();
    try (Wire wire = new Wire(server.getAddress().getPort())) {
      assertThrows(FailureException.class, () -> KillsMeasurement.labels(wire, ROWS, 9, 1));
      return KillsMeasurement.labels(wire, ROWS, 2, 5);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void labels_ofAnswers_areThoseOfTheTextsInOrder_andOneThatDiffersIsCounted() throws Exception {
    List<String> one = labels(-1);
    assertEquals(List.of("\"says \\\"2\\\", \"", "\"says \\\"3\\\", \"", "\"says \\\"4\\\", \"", "\"says \\\"5\\\", \"",
        "\"says \\\"6\\\", \""), one);
    assertEquals(0, KillsMeasurement.differences(one, labels(-1)));
    List<String> other = labels(4);
    assertTrue(other.get(2).contains("another"), other::toString);
    assertEquals(1, KillsMeasurement.differences(one, other));
    assertThrows(IllegalArgumentException.class, () -> KillsMeasurement.differences(one, one.subList(1, 5)));
  }
}
