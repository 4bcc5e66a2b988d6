package dev.perennial.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** This process's resident memory, as Linux counts it. */
final class ResidentMemory {

  private static final Path STATUS = Path.of("/proc/self/status");
  private static final Path CLEAR = Path.of("/proc/self/clear_refs");

  private ResidentMemory() {}

  /** Starts the peak anew from what is resident now, where the system allows it. */
  static void restartPeak() {
    if (Files.isWritable(CLEAR)) {
      try {
        Files.writeString(CLEAR, "5");
      } catch (IOException e) {
        // The peak then is that of the process's whole life, which is what the figure's description says.
        return;
      }
    }
  }

  /** The largest resident size since then, in bytes; 0 where the system does not tell. */
  static long peak() {
    if (!Files.isReadable(STATUS)) {
      return 0;
    }
    try (var lines = Files.lines(STATUS)) {
      return lines.filter(line -> line.startsWith("VmHWM:"))
          .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
          .findFirst().orElse(0);
    } catch (IOException e) {
      return 0;
    }
  }
}
