package dev.perennial.server.source;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Kafka's clients, set up so that nothing but the model's own commit says what was learned. */
final class KafkaClients {

  private static final int TIMEOUT_MILLIS = 5_000;
  private static final int DELIVERY_MILLIS = 10_000;
  private static final int METADATA_MILLIS = 30_000;

  private KafkaClients() {}

  /** No group, no commits at the broker, no place to go on from but the one it is told. */
  static KafkaConsumer<byte[], byte[]> consumer(KafkaOptions options) {
    Map<String, Object> properties = common(options);
    properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, false);
    properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "none");
    properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
    properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, false);
    properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(ConsumerConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    return created(options,
        p -> new KafkaConsumer<>(p, new ByteArrayDeserializer(), new ByteArrayDeserializer()), properties);
  }

  /** Retried sends are written once. */
  static KafkaProducer<byte[], byte[]> producer(KafkaOptions options) {
    Map<String, Object> properties = common(options);
    properties.put(ProducerConfig.ACKS_CONFIG, "all");
    properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, true);
    properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, TIMEOUT_MILLIS);
    properties.put(ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, DELIVERY_MILLIS);
    return created(options,
        p -> new KafkaProducer<>(p, new ByteArraySerializer(), new ByteArraySerializer()), properties);
  }

  private static Map<String, Object> common(KafkaOptions options) {
    var properties = new HashMap<String, Object>();
    properties.put("metric.reporters", "");
    properties.put("enable.metrics.push", false);
    properties.put("reconnect.backoff.max.ms", 1_000);
    properties.put("metadata.max.age.ms", METADATA_MILLIS);
    properties.putAll(options.client());
    properties.put("bootstrap.servers", options.servers());
    return properties;
  }

  private static <C> C created(
      KafkaOptions options, Function<Map<String, Object>, C> client, Map<String, Object> properties) {
    try {
      return client.apply(properties);
    } catch (KafkaException e) {
      throw new UsageException("Kafka's client does not take the brokers " + options.servers()
          + ", or a property that it was given (" + reason(e) + "): check them", e);
    }
  }

  /** A problem that trying again does not solve. */
  static FailureException failed(KafkaOptions options, KafkaException e) {
    return new FailureException("could not go on with topic " + options.topic() + " at " + options.servers() + " ("
        + reason(e) + "): check the topic, the rights and the brokers, and start again; nothing that was committed is lost", e);
  }

  /** The innermost message, in one line. */
  static String reason(Throwable e) {
    Throwable inner = e;
    while (inner.getCause() != null && inner.getCause() != inner) {
      inner = inner.getCause();
    }
    String message = inner.getMessage() == null ? "" : ": " + inner.getMessage().lines().findFirst().orElse("");
    return inner.getClass().getSimpleName() + message;
  }
}
