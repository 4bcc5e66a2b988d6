package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("heavy")
final class KafkaSourceTest {

  private static final Duration PATIENCE = Duration.ofSeconds(1);

  @TempDir
  private static Path directory = Path.of("");

  private static @Nullable Broker started;

  private final List<String> told = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    started = new Broker(directory);
  }

  @AfterAll
  static void stop() {
    broker().close();
  }

  private static Broker broker() {
    return Objects.requireNonNull(started);
  }

  private static KafkaOptions options(String topic) {
    return KafkaOptions.of(broker().servers(), topic);
  }

  private static String row(int row, int partition) {
    return "{\"text\": \"" + row + "\", \"label\": \"partition " + partition + "\"}";
  }

  /** Rows from one number to another, by turns in each partition. */
  private static void write(String topic, int from, int to, int partitions) {
    try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(options(topic))) {
      for (int row = from; row < to; row++) {
        producer.send(new ProducerRecord<>(topic, row % partitions, null, row(row, row % partitions).getBytes(UTF_8)));
      }
      producer.flush();
    }
  }

  private static void writeRaw(String topic, byte @Nullable [] value) {
    try (KafkaProducer<byte[], byte[]> producer = KafkaClients.producer(options(topic))) {
      producer.send(new ProducerRecord<>(topic, 0, new byte[] {7}, value));
      producer.flush();
    }
  }

  private static List<ConsumerRecord<byte[], byte[]>> read(String topic, int records) {
    var found = new ArrayList<ConsumerRecord<byte[], byte[]>>();
    try (KafkaConsumer<byte[], byte[]> consumer = KafkaClients.consumer(options(topic))) {
      var all = List.of(new TopicPartition(topic, 0));
      consumer.assign(all);
      consumer.seekToBeginning(all);
      for (int polls = 0; polls < 20 && found.size() < records; polls++) {
        consumer.poll(PATIENCE).forEach(found::add);
      }
    }
    return found;
  }

  private static void assertEachOnceInOrder(List<Row> learned, int rows) {
    assertEquals(rows, learned.size());
    assertEquals(rows, new HashSet<>(learned).size());
    for (int partition = 0; partition < 3; partition++) {
      String label = "partition " + partition;
      List<Integer> own =
          learned.stream().filter(row -> row.label().equals(label)).map(row -> Integer.valueOf(row.text())).toList();
      assertEquals(own.stream().sorted().toList(), own);
    }
  }

  @Test
  void poll_killedAnywhereAndTheBrokerToo_learnsEachRowOnce() throws Exception {
    broker().topic("examples", 3);
    write("examples", 0, 60, 3);
    var teaching = new Teaching(offset -> new KafkaSource(options("examples"), offset, told::add), 4);
    var outage = new boolean[1];
    List<Row> learned = teaching.learn(120, 8, batch -> {
      if (batch == 12) {
        broker().goAway();
        outage[0] = true;
      }
      if (batch == 22) {
        broker().comeBack();
        write("examples", 60, 120, 3);
      }
    });
    assertEachOnceInOrder(learned, 120);
    assertTrue(teaching.kills() > 1 && outage[0], "kills: " + teaching.kills());
    assertTrue(told.stream().anyMatch(line -> line.startsWith("no broker answers at localhost")), told::toString);
  }

  @Test
  void poll_recordsThatAreNoRows_areCountedToldAndBuried() throws Exception {
    broker().topic("mixed", 1);
    broker().topic("mixed-dead", 1);
    write("mixed", 0, 2, 1);
    writeRaw("mixed", "nonsense".getBytes(UTF_8));
    writeRaw("mixed", null);
    write("mixed", 2, 4, 1);
    String offset = null;
    var texts = new ArrayList<String>();
    try (var source = new KafkaSource(options("mixed").withDeadLetters("mixed-dead"), null, told::add)) {
      for (int polls = 0; polls < 20 && texts.size() < 4; polls++) {
        Batch batch = source.poll(3, PATIENCE);
        batch.rows().forEach(row -> texts.add(row.text()));
        offset = batch.offset();
      }
      assertEquals(2, source.malformed());
    }
    assertEquals(List.of("0", "1", "2", "3"), texts);
    assertEquals("{\"topic\":\"mixed\",\"next\":{\"0\":6}}", offset);
    assertEquals(2, told.size());
    assertTrue(told.getFirst().startsWith("record 2 of partition 0 of topic mixed cannot be learned"), told::toString);
    List<ConsumerRecord<byte[], byte[]>> buried = read("mixed-dead", 2);
    assertEquals(2, buried.size());
    assertEquals("nonsense", new String(buried.getFirst().value(), UTF_8));
    assertEquals(7, buried.getFirst().key()[0]);
    String why = new String(buried.getFirst().headers().lastHeader("why").value(), UTF_8);
    assertTrue(why.startsWith("record 2 of partition 0 of topic mixed: it is not JSON"), why);
  }

  @Test
  void poll_recordsDeletedOrATopicMadeAnew_isToldOrRefused() throws Exception {
    broker().topic("short", 1);
    write("short", 0, 6, 1);
    try (Admin admin = broker().admin()) {
      admin.deleteRecords(Map.of(new TopicPartition("short", 0), RecordsToDelete.beforeOffset(4))).all().get();
    }
    var texts = new ArrayList<String>();
    try (var source = new KafkaSource(options("short"), "{\"topic\":\"short\",\"next\":{\"0\":1}}", told::add)) {
      for (int polls = 0; polls < 20 && texts.size() < 2; polls++) {
        source.poll(9, PATIENCE).rows().forEach(row -> texts.add(row.text()));
      }
    }
    assertEquals(List.of("4", "5"), texts);
    assertTrue(told.getFirst().startsWith("records 1 to 3 of partition 0 of topic short were deleted"), told::toString);
    try (var source = new KafkaSource(options("short"), "{\"topic\":\"short\",\"next\":{\"0\":99}}", told::add)) {
      var refusal = assertThrows(FailureException.class, () -> {
        for (int polls = 0; polls < 20; polls++) {
          source.poll(9, PATIENCE);
        }
      });
      assertTrue(String.valueOf(refusal.getMessage()).contains("made anew"), refusal::toString);
    }
  }

  @Test
  void poll_aTopicThatIsNotThereYet_waitsForItAndItsLaterPartitions() throws Exception {
    var options = new KafkaOptions(
        broker().servers(), "late", RowFormat.DEFAULT, null, Map.of("metadata.max.age.ms", "200"));
    var texts = new ArrayList<String>();
    try (var source = new KafkaSource(options, null, told::add)) {
      assertEquals(List.of(), source.poll(9, PATIENCE).rows());
      assertEquals("there is no topic late at " + broker().servers() + " yet: waiting for it", told.getFirst());
      broker().topic("late", 1);
      write("late", 0, 2, 1);
      for (int polls = 0; polls < 20 && texts.size() < 2; polls++) {
        source.poll(9, PATIENCE).rows().forEach(row -> texts.add(row.text()));
      }
      try (Admin admin = broker().admin()) {
        admin.createPartitions(Map.of("late", NewPartitions.increaseTo(2))).all().get();
      }
      write("late", 2, 4, 2);
      for (int polls = 0; polls < 40 && texts.size() < 4; polls++) {
        source.poll(9, Duration.ofMillis(250)).rows().forEach(row -> texts.add(row.text()));
      }
    }
    assertEquals(List.of("0", "1", "2", "3"), texts.stream().sorted().toList());
  }

  @Test
  void predictionTopic_writesEachPredictionOnceAndCountsThem() throws Exception {
    broker().topic("predictions", 1);
    try (var predictions = new PredictionTopic(options("predictions"), told::add)) {
      for (int i = 0; i < 50; i++) {
        predictions.write("id " + i, "{\"label\": \"" + i + "\"}");
      }
      predictions.flush();
      assertEquals(50, predictions.written());
      assertEquals(0, predictions.lost());
    }
    List<ConsumerRecord<byte[], byte[]>> found = read("predictions", 50);
    assertEquals(50, found.size());
    assertEquals("id 7", new String(found.get(7).key(), UTF_8));
    assertEquals("{\"label\": \"7\"}", new String(found.get(7).value(), UTF_8));
    assertEquals(List.of(), told);
  }

  @Test
  void options_thatDoNotFit_areRefused() {
    assertThrows(UsageException.class, () -> KafkaOptions.of("", "a"));
    assertThrows(UsageException.class, () -> KafkaOptions.of("localhost:1", " "));
    assertThrows(UsageException.class, () -> KafkaOptions.of("localhost:1", "a").withDeadLetters("a"));
    assertThrows(UsageException.class,
        () -> new KafkaOptions("localhost:1", "a", RowFormat.DEFAULT, null, Map.of("group.id", "a")));
    assertThrows(UsageException.class, () -> new KafkaSource(KafkaOptions.of("no port", "a"), null, told::add));
    for (String foreign : List.of("", "{}", "{\"topic\":\"other\",\"next\":{}}", "{\"topic\":\"a\",\"next\":{\"0\":-1}}")) {
      assertThrows(FailureException.class, () -> new KafkaSource(options("a"), foreign, told::add));
    }
  }
}
