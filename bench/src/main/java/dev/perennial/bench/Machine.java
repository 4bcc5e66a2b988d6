package dev.perennial.bench;

import dev.perennial.FailureException;
import dev.perennial.tensor.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * What a figure was measured on.
 *
 * @param processor its model, as the system names it
 * @param processors that this process may use
 * @param threads that both sides were given
 * @param libraries the tensor library and its BLAS
 * @param java the version of the JDK
 * @param system the operating system
 */
public record Machine(String processor, int processors, int threads, String libraries, String java, String system) {

  /** This one. */
  public static Machine here(int threads) {
    return new Machine(processorModel(), Runtime.getRuntime().availableProcessors(), threads, LibTorch.version(),
        Runtime.version().toString(), System.getProperty("os.name") + " " + System.getProperty("os.arch"));
  }

  private static String processorModel() {
    Path info = Path.of("/proc/cpuinfo");
    if (!Files.isReadable(info)) {
      return System.getProperty("os.arch");
    }
    try (var lines = Files.lines(info)) {
      return lines.filter(line -> line.startsWith("model name"))
          .map(line -> line.substring(line.indexOf(':') + 1).strip())
          .findFirst().orElse(System.getProperty("os.arch"));
    } catch (IOException e) {
      throw new FailureException("could not read the processor's model in " + info + ": " + e.getMessage(), e);
    }
  }

  /** One line for a table. */
  public String line() {
    return processor + ", " + processors + (processors == 1 ? " processor" : " processors") + ", " + threads
        + (threads == 1 ? " thread; " : " threads; ") + libraries + "; Java " + java;
  }
}
