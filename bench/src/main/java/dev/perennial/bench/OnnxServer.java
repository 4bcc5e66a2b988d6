package dev.perennial.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.data.Input;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.WebServer;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * The peer of {@code perennial serve}: embeddings of ONNX Runtime within the process, one text a request, as langchain4j's
 * embedding models compute them, behind the same HTTP server. It learns nothing and names no class.
 */
public final class OnnxServer {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Logger WEB = Logger.getLogger("io.helidon");

  private OnnxServer() {}

  /** The body of a request. */
  record Asked(String text) {}

  /**
   * Serves until it is killed, and says where.
   *
   * @param arguments threads of ONNX Runtime
   */
  public static void main(String... arguments) throws InterruptedException {
    WEB.setLevel(Level.OFF);
    try (Backbone tokens = Backbones.load("minilm"); var encoder = new OnnxEncoder(Integer.parseInt(arguments[0]))) {
      WebServer server = WebServer.builder().host("127.0.0.1").port(0)
          .connectionOptions(socket -> socket.tcpNoDelay(true))
          .routing(routing -> routing.post("/v1/predict", (request, response) -> {
            Asked asked = JSON.readValue(request.content().inputStream(), Asked.class);
            float[] embedding = encoder.encode(tokens.prepare(List.of(new Input.Text(asked.text))))[0];
            response.header(HeaderNames.CONTENT_TYPE, "application/json");
            response.send(JSON.writeValueAsBytes(embedding));
          })).build().start();
      System.out.println(String.format(Locale.ROOT, "serving embeddings on http://127.0.0.1:%d", server.port()));
      System.out.flush();
      new CountDownLatch(1).await();
    }
  }
}
