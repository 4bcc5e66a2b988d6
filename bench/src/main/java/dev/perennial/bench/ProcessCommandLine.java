package dev.perennial.bench;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The command line that this process was started with.
 *
 * <p>ONNX Runtime 1.29 reads it when it is loaded and crashes the process where it is very long, as it is with a whole
 * class path in it.
 */
final class ProcessCommandLine {

  /** Bytes that ONNX Runtime is known to bear. */
  static final int LONGEST = 8192;

  private static final Path FILE = Path.of("/proc/self/cmdline");

  private ProcessCommandLine() {}

  /**
   * Refuses a command line that ONNX Runtime does not bear. Systems that do not tell it pass.
   *
   * @throws FailureException if it is longer than {@value #LONGEST} bytes
   */
  static void requireShort() {
    if (Files.isReadable(FILE)) {
      try {
        requireShort(Files.readAllBytes(FILE).length);
      } catch (IOException e) {
        throw new FailureException("could not read " + FILE + ": " + e.getMessage(), e);
      }
    }
  }

  static void requireShort(int bytes) {
    if (bytes > LONGEST) {
      throw new FailureException("expected a command line of at most " + LONGEST + " bytes, as ONNX Runtime crashes on"
          + " longer ones, got " + bytes + ": start with ./perennial, or put the class path in a file and start java @file");
    }
  }
}
