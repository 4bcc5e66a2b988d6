package dev.perennial.server.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.server.TinyWorld;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Servers that watch a directory and are killed while they learn what is in it. */
@Tag("heavy")
final class SourceProcessTest {

  private static final long MOST_NANOS = Duration.ofMinutes(2).toNanos();

  @TempDir
  private Path directory = Path.of("");

  /** A server's process and its port. */
  private record Running(Process process, int port) {}

  private Running start() throws IOException {
    String backbone = TinyWorld.backbone(directory.resolve("encoder")).toString();
    var builder = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m",
        "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow", ServerMain.class.getName(), directory.resolve("store").toString(), backbone,
        directory.resolve("incoming").toString());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
    BufferedReader out = process.inputReader();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      if (line.startsWith("port ")) {
        return new Running(process, Integer.parseInt(line.substring(5)));
      }
    }
    throw new IOException("the server did not start");
  }

  private void write(String name, int from, int to) throws IOException {
    Path file = Files.writeString(directory.resolve(name), TinyWorld.rows(from, to, 4).stream()
        .map(row -> "{\"text\":\"" + row.text() + "\",\"label\":\"" + row.label() + "\"}\n").collect(Collectors.joining()));
    Files.move(file, directory.resolve("incoming").resolve(name), StandardCopyOption.ATOMIC_MOVE);
  }

  private static int rows(Client client) throws IOException {
    return client.get("/v1/models/default").json().get("rows").asInt();
  }

  private static void awaitRows(Client client, int least) throws IOException {
    long end = System.nanoTime() + MOST_NANOS;
    while (rows(client) < least) {
      assertTrue(System.nanoTime() < end, rows(client) + " rows of " + least);
      Thread.onSpinWait();
    }
  }

  @Test
  void kill_inTheMiddleOfAFile_andRestart_learnsEachRowOnce() throws Exception {
    Files.createDirectories(directory.resolve("incoming"));
    write("a.jsonl", 0, 3_000);
    Running first = start();
    try (Client client = new Client(first.port())) {
      awaitRows(client, 300);
      assertTrue(rows(client) < 3_000, "it is killed in the middle");
    }
    first.process().destroyForcibly().waitFor();
    write("b.jsonl", 3_000, 3_500);
    Running second = start();
    try (Client client = new Client(second.port())) {
      awaitRows(client, 3_500);
    }
    second.process().destroyForcibly().waitFor();
    Running third = start();
    try (Client client = new Client(third.port())) {
      assertEquals(200, client.post("/v1/learn", "{\"text\":\"w1\",\"label\":\"c0\",\"until\":\"visible\"}").status());
      assertEquals(3_501, rows(client));
      JsonNode sources = client.get("/v1/sources").json().get("sources");
      assertEquals(3_500, sources.get(0).get("rows").asInt());
      assertTrue(sources.get(0).get("source").asText().startsWith("directory:"), sources.toString());
    }
    third.process().destroyForcibly().waitFor();
  }
}
