package dev.perennial.server.source;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;

/**
 * A topic that predictions are written to: each once, in the order of their keys' sends, as long as a broker answers
 * within ten seconds. Those that could not be written are counted, and told in one line. Safe for use by many threads.
 */
public final class PredictionTopic implements AutoCloseable {

  private static final Duration LONGEST_CLOSE = Duration.ofSeconds(10);

  private final KafkaOptions options;
  private final Consumer<String> problems;
  private final KafkaProducer<byte[], byte[]> producer;
  private final AtomicLong written = new AtomicLong();
  private final AtomicLong lost = new AtomicLong();

  /**
   * Begins to write; a broker need not answer yet.
   *
   * @param options whose topic is written to
   * @param problems hears of each prediction that could not be written, in one line, on any thread
   * @throws dev.perennial.UsageException if Kafka's client does not take the options
   */
  public PredictionTopic(KafkaOptions options, Consumer<String> problems) {
    this.options = options;
    this.problems = problems;
    this.producer = KafkaClients.producer(options);
  }

  /**
   * Writes a prediction, without waiting for it to arrive. Waits for at most five seconds where no broker answers.
   *
   * @param key of the record, such as the prediction's id: records of a key keep their order
   * @param prediction as JSON
   */
  public void write(String key, String prediction) {
    var record = new ProducerRecord<byte[], byte[]>(options.topic(), key.getBytes(UTF_8), prediction.getBytes(UTF_8));
    try {
      producer.send(record, (place, problem) -> {
        if (problem == null) {
          written.incrementAndGet();
        } else {
          lost(key, problem);
        }
      });
    } catch (KafkaException e) {
      lost(key, e);
    }
  }

  private void lost(String key, Exception problem) {
    lost.incrementAndGet();
    problems.accept("prediction " + key + " could not be written to topic " + options.topic() + " ("
        + KafkaClients.reason(problem) + "): check the brokers at " + options.servers());
  }

  /** Waits until everything is written, or counted as lost. */
  public void flush() {
    producer.flush();
  }

  /** Predictions that a broker has. */
  public long written() {
    return written.get();
  }

  /** Predictions that could not be written. */
  public long lost() {
    return lost.get();
  }

  /** Writes what is left, for at most ten seconds. */
  @Override
  public void close() {
    producer.close(LONGEST_CLOSE);
  }
}
