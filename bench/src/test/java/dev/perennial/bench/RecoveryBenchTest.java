package dev.perennial.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RecoveryBenchTest {

  @TempDir
  private Path directory = Path.of("");

  @Test
  void call_withASmallState_getsItBackFromMemoryAndFromDisk() throws IOException {
    Path json = directory.resolve("recovery.json");
    // On the disk of the project: a temporary directory may be memory, which has no cache to go past.
    Path disk = Files.createDirectories(Path.of("target").toAbsolutePath());
    BenchRun run = BenchRun.of("recovery", "--bytes", "3m", "--members", "4", "--parity", "2", "--runs", "2", "--disk",
        disk.toString(), "--json", json.toString());
    JsonNode figures = BenchRun.json(json);
    assertEquals(3 << 20, figures.path("bytes").asLong());
    assertEquals(2, figures.path("killed").asInt());
    assertEquals(2, figures.path("saves").size());
    assertEquals(3, figures.path("ways").size());
    figures.path("ways").forEach(way -> {
      assertEquals(2, way.path("seconds").size());
      way.path("seconds").forEach(seconds -> assertTrue(seconds.asDouble() > 0));
    });
    // 1 - C(4,3) 0.01^3 0.99 - 0.01^4
    assertEquals(1 - 4 * 1e-6 * 0.99 - 1e-8, figures.path("survivalOfOnePercent").asDouble(), 1e-12);
    assertTrue(run.out().getLast().startsWith("from memory peers "), run.out()::toString);
    try (var left = Files.list(disk)) {
      assertTrue(left.noneMatch(path -> path.getFileName().toString().startsWith("recovery")), "what was written is deleted");
    }
  }

  @Test
  void call_withOptionsThatDoNotFit_saysWhichInOneLine() {
    refused("--bytes", "--bytes", "many");
    refused("--bytes", "--bytes", "65g");
    refused("--parity", "--members", "3", "--parity", "3");
    refused("--disk", "--disk", "no/such/place");
  }

  private static void refused(String mentioned, String... arguments) {
    String[] all = new String[arguments.length + 1];
    all[0] = "recovery";
    System.arraycopy(arguments, 0, all, 1, arguments.length);
    String message = String.valueOf(assertThrows(UsageException.class, () -> BenchRun.of(all)).getMessage());
    assertTrue(message.contains(mentioned) && message.lines().count() == 1, message);
  }
}
