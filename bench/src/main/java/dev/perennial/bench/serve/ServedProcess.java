package dev.perennial.bench.serve;

import dev.perennial.FailureException;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code perennial serve} in a process of its own, on a port that was free. */
final class ServedProcess implements AutoCloseable {

  private static final Pattern ADDRESS = Pattern.compile(".* on http://[^ ]*:(\\d+).*");
  private static final int STOP_SECONDS = 60;

  private final Process process;
  private final int port;

  private ServedProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts one, and returns when it says that it serves.
   *
   * @param store its directory
   * @param options more words of its command line
   */
  static ServedProcess start(Path store, List<String> options) throws IOException {
    // Without the cache, as texts repeat and it is the encoder that is measured.
    var words = new ArrayList<>(List.of(
        "dev.perennial.cli.Main", "serve", "--store", store.toString(), "--port", "0", "--cache", "0"));
    words.addAll(options);
    return start(words);
  }

  /** Starts a program that says where it serves. */
  static ServedProcess start(List<String> words) throws IOException {
    // As ./perennial serve starts it.
    var command = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xms96m",
        "-Xmn48m", "-XX:+AlwaysPreTouch", "-Xmx2g", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow"));
    command.addAll(words);
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.start();
    BufferedReader out = process.inputReader();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      Matcher address = ADDRESS.matcher(line);
      if (address.matches()) {
        return new ServedProcess(process, Integer.parseInt(address.group(1)));
      }
    }
    throw new FailureException("expected a server that says where it serves, it ended: its complaint stands above");
  }

  int port() {
    return port;
  }

  /** A new connection to it. */
  Wire wire() throws IOException {
    return new Wire(port);
  }

  /** Bytes of it in memory now. */
  long residentBytes() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + process.pid() + "/status"))) {
      if (line.startsWith("VmRSS:")) {
        return 1024 * Long.parseLong(line.replaceAll("\\D", ""));
      }
    }
    throw new FailureException("the system does not tell how much memory a process has");
  }

  /**
   * SIGKILL after so many seconds.
   *
   * @throws FailureException if it ended by itself before
   */
  void killAfter(int seconds) throws InterruptedException {
    if (process.waitFor(seconds, TimeUnit.SECONDS)) {
      throw new FailureException("the server ended by itself: its complaint stands above");
    }
    process.destroyForcibly();
    process.waitFor();
  }

  /** SIGTERM, and waits for its end. */
  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP_SECONDS, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new FailureException("the server did not end within " + STOP_SECONDS + " s of SIGTERM");
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
