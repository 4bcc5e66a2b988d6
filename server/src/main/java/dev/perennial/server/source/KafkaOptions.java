package dev.perennial.server.source;

import dev.perennial.UsageException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A topic of Apache Kafka to learn from.
 *
 * @param servers brokers to ask first: host:port, with commas between them
 * @param topic whose records have a row as their value
 * @param format of a value
 * @param deadLetters topic for the records that cannot be used; null for none
 * @param client more properties of Kafka's clients, such as those of security; they are never printed
 */
public record KafkaOptions(
    String servers, String topic, RowFormat format, @Nullable String deadLetters, Map<String, String> client) {

  private static final Set<String> OURS = Set.of("bootstrap.servers", "group.id", "enable.auto.commit", "auto.offset.reset",
      "isolation.level", "key.deserializer", "value.deserializer", "key.serializer", "value.serializer", "acks",
      "enable.idempotence", "transactional.id");

  /** Copies the map and checks what is given. */
  public KafkaOptions {
    client = Map.copyOf(client);
    for (String name : client.keySet()) {
      if (OURS.contains(name)) {
        throw new UsageException("expected no property " + name + " of a Kafka client, for exactly-once learning rests on"
            + " it: leave it out");
      }
    }
    if (servers.isBlank()) {
      throw new UsageException("expected brokers as host:port, got none: name at least one");
    }
    if (topic.isBlank() || topic.equals(deadLetters)) {
      throw new UsageException("expected a topic, and another one for dead letters, got '" + topic + "' and '"
          + deadLetters + "': name two");
    }
  }

  /** Rows in the default format, and no dead letters. */
  public static KafkaOptions of(String servers, String topic) {
    return new KafkaOptions(servers, topic, RowFormat.DEFAULT, null, Map.of());
  }

  /** The same with a topic for what cannot be used. */
  public KafkaOptions withDeadLetters(String other) {
    return new KafkaOptions(servers, topic, format, other, client);
  }
}
