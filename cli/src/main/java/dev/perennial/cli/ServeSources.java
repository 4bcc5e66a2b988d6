package dev.perennial.cli;

import dev.perennial.UsageException;
import dev.perennial.server.Intake;
import dev.perennial.server.ServerListener;
import dev.perennial.server.source.DirectoryOptions;
import dev.perennial.server.source.DirectorySource;
import dev.perennial.server.source.Feeding;
import dev.perennial.server.source.KafkaOptions;
import dev.perennial.server.source.KafkaSource;
import dev.perennial.server.source.LineSource;
import dev.perennial.server.source.PredictionFeed;
import dev.perennial.server.source.PredictionTopic;
import dev.perennial.server.source.RowFormat;
import dev.perennial.server.tenant.TenantName;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of {@code perennial serve} that name where rows come from, and where predictions go. */
final class ServeSources implements AutoCloseable {

  @Option(names = "--watch", paramLabel = "DIR",
      description = "Learn the rows of files that appear there, named .jsonl or .ndjson, a JSON object with text and label in "
          + "each line; learned files are moved to DIR/learned.")
  private @Nullable Path watched;

  @Option(names = "--stdin", description = "Learn such lines from standard input; serving goes on when it ends.")
  private boolean input;

  @Option(names = "--kafka", paramLabel = "SERVERS", description = "Brokers of Apache Kafka: host:port, with commas between.")
  private @Nullable String servers;

  @Option(names = "--topic", paramLabel = "T", description = "Learn the records of this topic.")
  private @Nullable String topic;

  @Option(names = "--predictions-topic", paramLabel = "P", description = "Write all predictions to this topic, as JSON.")
  private @Nullable String predictions;

  @Option(names = "--dead-letters", paramLabel = "D", description = "Write records that cannot be learned to this topic.")
  private @Nullable String deadLetters;

  private @Nullable PredictionFeed written;
  private final List<Feeding> feedings = new ArrayList<>();

  /**
   * Makes sure that they go together.
   *
   * @throws UsageException if not
   */
  void check() {
    if (servers == null && (topic != null || predictions != null || deadLetters != null)) {
      throw new UsageException("expected --kafka SERVERS with --topic, --predictions-topic or --dead-letters, got none");
    }
    if (servers != null && topic == null && predictions == null) {
      throw new UsageException("expected --topic or --predictions-topic with --kafka, got neither: name what to read or write");
    }
    if (deadLetters != null && topic == null) {
      throw new UsageException("expected --topic with --dead-letters, got none: name the topic that is read");
    }
  }

  /** Who hears of predictions. */
  ServerListener listener(Consumer<String> problems) {
    if (servers == null || predictions == null) {
      return new ServerListener() {};
    }
    var feed = new PredictionFeed(new PredictionTopic(KafkaOptions.of(servers, predictions), problems));
    written = feed;
    return feed;
  }

  /** Begins to read into the default model; rows that cannot be used are told. */
  void start(Intake intake, Consumer<String> problems) {
    String brokers = servers;
    String read = topic;
    if (brokers != null && read != null) {
      KafkaOptions plain = KafkaOptions.of(brokers, read);
      KafkaOptions options = deadLetters == null ? plain : plain.withDeadLetters(deadLetters);
      feedings.add(Feeding.start(intake, TenantName.DEFAULT, "kafka:" + read, at -> new KafkaSource(options, at, problems), problems));
    }
    Path directory = watched;
    if (directory != null) {
      feedings.add(Feeding.start(intake, TenantName.DEFAULT, "directory:" + directory.toAbsolutePath().normalize(),
          at -> new DirectorySource(DirectoryOptions.of(directory), at, Clock.systemUTC(), problems), problems));
    }
    if (input) {
      feedings.add(Feeding.start(intake, TenantName.DEFAULT, "stdin",
          at -> new LineSource("standard input", System.in, RowFormat.DEFAULT, at, problems), problems));
    }
  }

  /** Takes no more rows; what was taken is durable. */
  void stopReading() {
    feedings.forEach(Feeding::close);
  }

  /** Ends, once the last predictions are written. */
  @Override
  public void close() {
    stopReading();
    if (written != null) {
      written.close();
    }
  }
}
