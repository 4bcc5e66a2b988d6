package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.ServerListener;
import dev.perennial.server.TinyWorld;
import dev.perennial.server.http.PerennialServer;
import dev.perennial.server.http.ServerOptions;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a topic through a server to a topic, on a real broker. */
final class KafkaServedTest {

  @TempDir
  private Path directory = Path.of("");

  private static void write(KafkaOptions options, int from, int to) {
    try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(options)) {
      for (var row : TinyWorld.rows(from, to, 3)) {
        producer.send(new ProducerRecord<>(options.topic(),
            ("{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}").getBytes(UTF_8)));
      }
      producer.flush();
    }
  }

  private static String get(PerennialServer server, String path) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path)).build(),
          BodyHandlers.ofString()).body();
    }
  }

  private static void awaitRows(PerennialServer server, int rows) throws Exception {
    long end = System.nanoTime() + Duration.ofMinutes(1).toNanos();
    while (!get(server, "/v1/models/default").contains("\"rows\":" + rows + ",")) {
      assertTrue(System.nanoTime() < end, get(server, "/v1/models/default"));
    }
  }

  @Test
  void topic_isLearnedOnceOverARestart_andPredictionsAreWritten() throws Exception {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    ServerOptions options = ServerOptions.of(directory.resolve("store")).at("127.0.0.1", 0)
        .withModels(backbone, new TreeMap<>(Map.of("features", "64")));
    try (var broker = new Broker(Files.createDirectories(directory.resolve("broker")))) {
      broker.topic("taught", 2);
      broker.topic("answers", 1);
      KafkaOptions taught = KafkaOptions.of(broker.servers(), "taught");
      var told = new ArrayList<String>();
      write(taught, 0, 150);
      try (var server = PerennialServer.start(options, new ServerListener() {}, Clock.systemUTC());
          var feeding = Feeding.start(server.intake(), "default", "kafka:taught", at -> new KafkaSource(taught, at, told::add), told::add)) {
        awaitRows(server, 150);
        assertEquals(150, feeding.rows());
      }
      write(taught, 150, 200);
      var topic = new PredictionTopic(KafkaOptions.of(broker.servers(), "answers"), told::add);
      try (var feed = new PredictionFeed(topic);
          var server = PerennialServer.start(options, feed, Clock.systemUTC());
          var feeding = Feeding.start(server.intake(), "default", "kafka:taught", at -> new KafkaSource(taught, at, told::add), told::add)) {
        awaitRows(server, 200);
        assertEquals(50, feeding.rows());
        try (HttpClient client = HttpClient.newHttpClient()) {
          var reply = client.send(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/predict"))
              .header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofString("{\"texts\":[\"w1\",\"w7\"]}"))
              .build(), BodyHandlers.ofString());
          assertEquals(200, reply.statusCode(), reply.body());
        }
        assertEquals(0, feed.dropped());
      }
      assertEquals(List.of("w1", "w7"), texts(KafkaOptions.of(broker.servers(), "answers")));
      assertEquals(List.of(), told);
    }
  }

  private static List<String> texts(KafkaOptions options) {
    var found = new ArrayList<String>();
    try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(options)) {
      var all = List.of(new TopicPartition(options.topic(), 0));
      consumer.assign(all);
      consumer.seekToBeginning(all);
      for (int polls = 0; polls < 40 && found.size() < 2; polls++) {
        consumer.poll(Duration.ofMillis(500)).forEach(record ->
            found.add(new String(record.value(), UTF_8).replaceFirst(".*\"text\":\"([^\"]*)\".*", "$1")));
      }
    }
    return found;
  }
}
