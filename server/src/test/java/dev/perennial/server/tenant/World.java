package dev.perennial.server.tenant;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Intake;
import dev.perennial.server.Intake.Row;
import dev.perennial.server.ServerListener;
import dev.perennial.server.batch.BatchOptions;
import dev.perennial.server.batch.BatchQueue;
import dev.perennial.server.journal.Journal;
import dev.perennial.server.journal.JournalOptions;
import dev.perennial.server.model.Encoders;
import dev.perennial.server.model.Latencies;
import dev.perennial.server.model.Pace;
import dev.perennial.server.model.Writer;
import dev.perennial.server.model.WriterOptions;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** A whole server but for HTTP, over a tiny encoder. */
final class World implements AutoCloseable {

  final Workers workers = new Workers(1);
  final Encoders encoders = new Encoders(workers, Device.CPU);
  final Latencies latencies = new Latencies(System::nanoTime);
  final BatchQueue queue = new BatchQueue(new BatchOptions(2, 128, 4096, 0));
  final Journal journal;
  final Tenants tenants;
  final Writer writer;
  final Teaching teaching;
  final Asking asking;
  private final Path directory;

  World(Path directory, String backbone, ServerListener listener) {
    this(directory, backbone, listener, 1L << 30, WriterOptions.DEFAULT);
  }

  World(Path directory, String backbone, ServerListener listener, long memory, WriterOptions options) {
    this.directory = directory;
    Clock clock = Clock.systemUTC();
    assertTrue(directory.toFile().isDirectory() || directory.toFile().mkdirs());
    journal = Journal.open(directory.resolve("journal.db"), JournalOptions.DEFAULT, clock);
    tenants = new Tenants(directory, encoders,
        new TenantOptions(memory, 100, backbone, new TreeMap<>(Map.of("features", "64")), 1, 1), journal::last, clock);
    tenants.create(TenantName.DEFAULT);
    writer = new Writer(journal, tenants, new Pace(0, latencies), options, listener, clock);
    writer.start();
    teaching = new Teaching(journal, writer, tenants, 1_000_000);
    asking = new Asking(tenants, queue, latencies, listener);
  }

  Intake.Receipt teach(String model, String source, List<Row> rows) {
    var receipt = teaching.learn(new Intake.Lesson(model, source, rows, null, null));
    teaching.awaitVisible(receipt, Duration.ofSeconds(30));
    return receipt;
  }

  /** What the model says of rows: its scores of all classes, by label. */
  List<Map<String, Double>> scores(String model, List<Row> rows) {
    return asking.predict(model, rows.stream().map(Row::text).toList(), 100).stream().map(answer -> {
      Map<String, Double> byLabel = new TreeMap<>();
      answer.candidates().forEach(candidate -> byLabel.put(candidate.label(), candidate.score()));
      return byLabel;
    }).toList();
  }

  double accuracy(String model, List<Row> rows) {
    var answers = asking.predict(model, rows.stream().map(Row::text).toList(), 1);
    int right = 0;
    for (int i = 0; i < rows.size(); i++) {
      right += answers.get(i).candidates().getFirst().label().equals(rows.get(i).label()) ? 1 : 0;
    }
    return (double) right / rows.size();
  }

  /**
   * As a process that is killed: what is in the journal is there, what was learned since the last commit is not. The files
   * as they are at this moment are what the next one finds.
   */
  void abandon() {
    try {
      Path left = Files.createTempDirectory("perennial-killed");
      copy(directory, left);
      close();
      delete(directory);
      copy(left, directory);
      delete(left);
      Files.delete(left);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.filter(file -> !file.equals(from) && !file.toString().endsWith("-shm")).toList()) {
        Files.copy(file, to.resolve(from.relativize(file)));
      }
    }
  }

  /** All that is in a directory. */
  private static void delete(Path directory) throws IOException {
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.filter(file -> !file.equals(directory)).sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }

  private void closeRest() {
    queue.close();
    journal.close();
    tenants.close();
    encoders.close();
    workers.close();
  }

  @Override
  public void close() {
    writer.stop(Duration.ofSeconds(30));
    closeRest();
  }
}
