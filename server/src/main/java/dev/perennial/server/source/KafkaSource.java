package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.errors.RetriableException;
import org.jspecify.annotations.Nullable;

/**
 * Rows from a topic of Apache Kafka: the values of its records, one JSON object each.
 *
 * <p>All partitions are read by this one source, from the places that the offset names: no group, and nothing is
 * committed at the broker. While no broker answers there are simply no rows. Records that cannot be used go to the topic
 * of dead letters, if there is one, before the batch is returned; after a crash some may go there twice.
 */
public final class KafkaSource implements Source {

  private static final Duration LONGEST_CALL = Duration.ofSeconds(5);

  private final KafkaOptions options;
  private final Problems problems;
  private final KafkaConsumer<byte[], byte[]> consumer;
  private final SortedMap<Integer, Long> next = new TreeMap<>();
  private final Set<TopicPartition> assigned = new HashSet<>();
  private final Deque<ConsumerRecord<byte[], byte[]>> fetched = new ArrayDeque<>();
  private @Nullable KafkaProducer<byte[], byte[]> producer;
  private boolean away;

  /**
   * Where in the topic it is.
   *
   * @param next by partition, the offset of the record to go on with
   */
  record Position(String topic, SortedMap<Integer, Long> next) {

    /** Copies the map, and checks what may come from a file. */
    Position {
      next = new TreeMap<>((Map<Integer, Long>) next);
      if (topic.isEmpty() || next.values().stream().anyMatch(offset -> offset < 0)) {
        throw new IllegalArgumentException("no place in a topic: " + topic + " " + next);
      }
    }
  }

  /**
   * Begins to read; a broker need not answer yet.
   *
   * @param offset where to go on; null for the beginning
   * @param problems hears of each record that cannot be used, and of what is odd with the topic, in one line
   * @throws dev.perennial.UsageException if Kafka's client does not take the options
   * @throws FailureException if the offset is of another source or topic
   */
  public KafkaSource(KafkaOptions options, @Nullable String offset, Consumer<String> problems) {
    this.options = options;
    this.problems = new Problems(problems);
    if (offset != null) {
      Position position = Offsets.read(offset, Position.class, name());
      if (!position.topic.equals(options.topic())) {
        throw new FailureException("expected to go on with topic " + position.topic + ", which the store learned from, got "
            + options.topic() + ": name that one, or begin a new store");
      }
      next.putAll(position.next);
    }
    this.consumer = KafkaClients.consumer(options);
  }

  @Override
  public Batch poll(int most, Duration patience) {
    var rows = new ArrayList<Row>();
    var letters = new ArrayList<Future<RecordMetadata>>();
    if (fetched.isEmpty()) {
      fetch(patience);
    }
    while (rows.size() < most && !fetched.isEmpty()) {
      ConsumerRecord<byte[], byte[]> record = fetched.remove();
      next.put(record.partition(), record.offset() + 1);
      read(record, rows, letters);
    }
    delivered(letters);
    return new Batch(rows, Offsets.text(new Position(options.topic(), next)));
  }

  private void fetch(Duration patience) {
    Duration wait = patience.compareTo(LONGEST_CALL) < 0 ? patience : LONGEST_CALL;
    try {
      if (!assign(wait)) {
        return;
      }
      for (ConsumerRecord<byte[], byte[]> record : consumer.poll(patience)) {
        fetched.add(record);
      }
      answers(!fetched.isEmpty() || connected());
    } catch (OffsetOutOfRangeException e) {
      e.offsetOutOfRangePartitions().forEach(this::outOfRange);
    } catch (InterruptException e) {
      // Its constructor has told the thread again: there is nothing to wait for any more.
      return;
    } catch (RetriableException e) {
      answers(false);
    } catch (KafkaException e) {
      throw KafkaClients.failed(options, e);
    }
  }

  /** Makes sure that every partition is read, those that were added later included; whether there are any. */
  private boolean assign(Duration wait) {
    List<PartitionInfo> known = consumer.partitionsFor(options.topic(), wait);
    if (known == null || known.isEmpty()) {
      if (!away) {
        problems.tell("there is no topic " + options.topic() + " at " + options.servers() + " yet: waiting for it");
      }
      away = true;
      return false;
    }
    var fresh = new ArrayList<TopicPartition>();
    for (PartitionInfo partition : known) {
      var one = new TopicPartition(options.topic(), partition.partition());
      if (!assigned.contains(one)) {
        fresh.add(one);
      }
    }
    if (!fresh.isEmpty()) {
      Map<TopicPartition, Long> beginnings = consumer.beginningOffsets(fresh, wait);
      fresh.forEach(one -> next.putIfAbsent(one.partition(), beginnings.getOrDefault(one, 0L)));
      assigned.addAll(fresh);
      consumer.assign(assigned);
      assigned.forEach(one -> consumer.seek(one, next.getOrDefault(one.partition(), 0L)));
    }
    return true;
  }

  /** Records were deleted before they were learned, or the topic is not the one that it was. */
  private void outOfRange(TopicPartition partition, long offset) {
    long beginning;
    try {
      beginning = consumer.beginningOffsets(List.of(partition), LONGEST_CALL).getOrDefault(partition, 0L);
    } catch (RetriableException e) {
      answers(false);
      return;
    }
    if (beginning < offset) {
      throw new FailureException("expected partition " + partition.partition() + " of topic " + partition.topic()
          + " to have a record " + offset + ", which comes after what was learned, found that it ends before: the topic was"
          + " deleted and made anew; learn from a topic of another name, or begin a new store");
    }
    problems.tell("records " + offset + " to " + (beginning - 1) + " of partition " + partition.partition() + " of topic "
        + partition.topic() + " were deleted before they were learned: going on at " + beginning
        + "; let the topic keep records for longer");
    next.put(partition.partition(), beginning);
    consumer.seek(partition, beginning);
  }

  private boolean connected() {
    return consumer.metrics().entrySet().stream()
        .filter(metric -> metric.getKey().name().equals("connection-count"))
        .anyMatch(metric -> metric.getValue().metricValue() instanceof Number count && count.doubleValue() > 0);
  }

  /** Tells once when brokers go away, and once when they come back. */
  private void answers(boolean now) {
    if (now && away) {
      problems.tell("topic " + options.topic() + " answers at " + options.servers());
    }
    if (!now && !away) {
      problems.tell("no broker answers at " + options.servers() + ": waiting for it, nothing is lost");
    }
    away = !now;
  }

  private void read(
      ConsumerRecord<byte[], byte[]> record, List<Row> rows, List<Future<RecordMetadata>> letters) {
    byte @Nullable [] value = record.value();
    try {
      if (value == null) {
        throw new RowFormat.MalformedException("it has no value");
      }
      rows.add(options.format().read(value));
    } catch (RowFormat.MalformedException e) {
      String where = "record " + record.offset() + " of partition " + record.partition() + " of topic " + record.topic();
      problems.malformed(where, e.reason());
      if (options.deadLetters() != null) {
        bury(record, options.deadLetters(), where + ": " + e.reason(), letters);
      }
    }
  }

  private void bury(ConsumerRecord<byte[], byte[]> record, String topic, String why, List<Future<RecordMetadata>> letters) {
    var letter = new ProducerRecord<byte[], byte[]>(topic, record.key(), record.value());
    letter.headers().add("why", why.getBytes(UTF_8));
    KafkaProducer<byte[], byte[]> open = producer == null ? KafkaClients.producer(options) : producer;
    producer = open;
    try {
      letters.add(open.send(letter));
    } catch (KafkaException e) {
      lost(e);
    }
  }

  private void delivered(List<Future<RecordMetadata>> letters) {
    for (Future<RecordMetadata> letter : letters) {
      try {
        letter.get();
      } catch (ExecutionException e) {
        lost(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void lost(Exception e) {
    problems.tell("a record that cannot be learned could not be written to topic " + options.deadLetters() + " ("
        + KafkaClients.reason(e) + "): it stays in topic " + options.topic() + " alone");
  }

  @Override
  public void committed(String offset) {
    // The model's commit is all that counts: nothing is told to the broker.
    Offsets.read(offset, Position.class, name());
  }

  @Override
  public boolean ended() {
    return false;
  }

  @Override
  public long malformed() {
    return problems.count();
  }

  @Override
  public String name() {
    return "topic " + options.topic();
  }

  @Override
  public void close() {
    consumer.close(CloseOptions.timeout(LONGEST_CALL));
    if (producer != null) {
      producer.close(LONGEST_CALL);
    }
  }
}
