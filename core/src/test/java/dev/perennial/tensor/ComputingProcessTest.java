package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ComputingProcessTest {

  /** What a process ended by SIGTERM returns. */
  private static final int TERMINATED = 128 + 15;

  @Test
  void terminated_whileWorkersCompute_doesItsLastWorkAndEndsWithoutACrash(@TempDir Path dir) throws IOException, InterruptedException {
    for (int round = 0; round < 3; round++) {
      Process process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
          "--enable-native-access=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
          ComputingProcess.class.getName()).directory(dir.toFile()).redirectErrorStream(true).start();
      try (var lines = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
        assertEquals("computing", lines.readLine());
        // Through the handle: destroying the Process itself would also throw away what it has to say.
        process.toHandle().destroy();
        assertTrue(process.waitFor(60, TimeUnit.SECONDS));
        assertEquals(List.of("last work"), lines.lines().toList());
        assertEquals(TERMINATED, process.exitValue());
      } finally {
        process.destroyForcibly();
      }
    }
    try (Stream<Path> left = Files.list(dir)) {
      assertEquals(List.of(), left.toList());
    }
  }
}
