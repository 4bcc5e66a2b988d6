package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.server.Intake.Row;
import dev.perennial.server.TinyWorld;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that are killed and stopped, and those that take over. */
@Tag("heavy")
final class ServerProcessTest {

  private static final Duration MOST = Duration.ofMinutes(4);

  @TempDir
  private Path directory = Path.of("");

  /** A server's process and its port. */
  private record Running(Process process, int port) {}

  private Running start() throws IOException {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    var builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
        "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow",
        ServerMain.class.getName(), directory.resolve("store").toString(), backbone);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectError(ProcessBuilder.Redirect.to(new File("/dev/null"))).start();
    BufferedReader out = process.inputReader();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("port ")) {
        return new Running(process, Integer.parseInt(line.substring(5)));
      }
    }
    throw new IOException("the server did not start");
  }

  /** Sends a row until it is acknowledged, to whichever server there is, always with its key. */
  private static void teach(AtomicReference<Running> current, int number, long end) {
    Row row = TinyWorld.row(number, 5);
    while (System.nanoTime() < end) {
      try (Client client = new Client(current.get().port())) {
        Client.Reply reply = client.post("/v1/learn",
            "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}", "Idempotency-Key", "row-" + number);
        if (reply.status() == 200) {
          return;
        }
      } catch (IOException e) {
        // Killed: the next one has to take it, once.
        Thread.onSpinWait();
      }
    }
    throw new AssertionError("row " + number + " was never acknowledged");
  }

  @Test
  void kill_atRandomMoments_losesAndDoublesNothingAcknowledged() throws Exception {
    int rows = 1500;
    long end = System.nanoTime() + MOST.toNanos();
    var current = new AtomicReference<>(start());
    var done = new AtomicInteger();
    try (var clients = Executors.newFixedThreadPool(4)) {
      List<Callable<Integer>> tasks = IntStream.range(0, 4).mapToObj(client -> (Callable<Integer>) () -> {
        for (int row = client; row < rows; row += 4) {
          teach(current, row, end);
          done.incrementAndGet();
        }
        return client;
      }).toList();
      var futures = tasks.stream().map(clients::submit).toList();
      int kills = 0;
      while (kills < 5 && done.get() < rows) {
        int before = done.get();
        while (done.get() < Math.min(rows, before + 150) && System.nanoTime() < end) {
          Thread.onSpinWait();
        }
        current.get().process().destroyForcibly().waitFor();
        kills++;
        current.set(start());
      }
      for (var future : futures) {
        future.get(MOST.toSeconds(), TimeUnit.SECONDS);
      }
      assertTrue(kills >= 3, kills + " kills");
    }
    check(current.get(), rows);
    current.get().process().destroyForcibly().waitFor();
    Running last = start();
    check(last, rows);
    last.process().destroyForcibly().waitFor();
  }

  private static void check(Running server, int rows) throws IOException {
    try (Client client = new Client(server.port())) {
      assertEquals(200, client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\",\"until\":\"visible\"}",
          "Idempotency-Key", "last").status());
      assertEquals(rows + 1, client.get("/v1/models/default").json().get("rows").asInt());
      assertEquals(rows + 1, client.get("/v1/sources").json().get("sources").get(0).get("rows").asInt());
      int right = 0;
      for (int i = 0; i < 40; i++) {
        Row row = TinyWorld.row(10_000 + i, 5);
        right += client.post("/v1/predict", "{\"text\":\"" + row.text() + "\"}").json().get("predictions").get(0)
            .get("label").asText().equals(row.label()) ? 1 : 0;
      }
      assertTrue(right > 28, right + " of 40");
    }
  }

  @Test
  void idleConnections_tenThousand_leaveOthersServed() throws Exception {
    Running server = start();
    var idle = new ArrayList<Socket>();
    try (Client client = new Client(server.port())) {
      assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(0, 20, 2))).status());
      for (int i = 0; i < 10_000; i++) {
        idle.add(new Socket("127.0.0.1", server.port()));
      }
      for (int i = 0; i < 20; i++) {
        assertEquals(200, client.post("/v1/predict", "{\"text\":\"w1 w2\"}").status());
      }
      try (Client another = new Client(server.port())) {
        assertEquals("ready", another.get("/ready").json().get("status").asText());
      }
    } finally {
      for (Socket socket : idle) {
        socket.close();
      }
      server.process().destroyForcibly().waitFor();
    }
  }

  @Test
  void stop_bySigterm_endsInTime_andTheNextProcessHasEverything() throws Exception {
    Running first = start();
    try (Client client = new Client(first.port())) {
      for (int i = 0; i < 5; i++) {
        assertEquals(200, client.post("/v1/learn", ServerTest.rowsJson(TinyWorld.rows(i * 20, i * 20 + 20, 3))
            .replace("visible", "durable")).status());
      }
    }
    first.process().destroy();
    assertTrue(first.process().waitFor(40, TimeUnit.SECONDS), "it ends within its deadline");
    Running next = start();
    try (Client client = new Client(next.port())) {
      assertEquals(100, client.get("/v1/models/default").json().get("rows").asInt());
      assertEquals("ready", client.get("/ready").json().get("status").asText());
    }
    next.process().destroyForcibly().waitFor();
  }
}
