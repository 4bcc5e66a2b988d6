package dev.perennial.server.source;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.metadata.storage.Formatter;

/** A real Kafka broker, and its own controller, in this process: it can go away and come back with what it has. */
final class Broker implements AutoCloseable {

  private final Properties properties = new Properties();
  private final int port;
  private KafkaRaftServer server;

  /** Starts one whose data lies in a directory that is empty. */
  Broker(Path directory) throws Exception {
    this.port = freePort();
    int controller = freePort();
    properties.putAll(Map.ofEntries(
        Map.entry("process.roles", "broker,controller"),
        Map.entry("node.id", "1"),
        Map.entry("controller.quorum.voters", "1@localhost:" + controller),
        Map.entry("listeners", "PLAINTEXT://localhost:" + port + ",CONTROLLER://localhost:" + controller),
        Map.entry("advertised.listeners", "PLAINTEXT://localhost:" + port),
        Map.entry("controller.listener.names", "CONTROLLER"),
        Map.entry("listener.security.protocol.map", "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
        Map.entry("inter.broker.listener.name", "PLAINTEXT"),
        Map.entry("log.dirs", directory.toString()),
        Map.entry("auto.create.topics.enable", "false"),
        Map.entry("offsets.topic.replication.factor", "1"),
        Map.entry("transaction.state.log.replication.factor", "1"),
        Map.entry("transaction.state.log.min.isr", "1"),
        Map.entry("log.cleaner.enable", "false"),
        Map.entry("num.io.threads", "2"),
        Map.entry("num.network.threads", "1"),
        Map.entry("background.threads", "1"),
        Map.entry("metric.reporters", "")));
    new Formatter()
        .setPrintStream(new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8))
        .setClusterId(Uuid.randomUuid().toString())
        .setNodeId(1)
        .setControllerListenerName("CONTROLLER")
        .setMetadataLogDirectory(directory.toString())
        .addDirectory(directory.toString())
        .run();
    server = started();
  }

  private KafkaRaftServer started() {
    var fresh = new KafkaRaftServer(KafkaConfig.fromProps(properties, false), Time.SYSTEM);
    fresh.startup();
    return fresh;
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  String servers() {
    return "localhost:" + port;
  }

  Admin admin() {
    return Admin.create(Map.<String, Object>of("bootstrap.servers", servers(), "metric.reporters", ""));
  }

  void topic(String name, int partitions) throws ExecutionException, InterruptedException {
    try (Admin admin = admin()) {
      admin.createTopics(List.of(new NewTopic(name, partitions, (short) 1))).all().get();
    }
  }

  void goAway() {
    server.shutdown();
    server.awaitShutdown();
  }

  void comeBack() {
    server = started();
  }

  @Override
  public void close() {
    goAway();
  }
}
