package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedWriter;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.time.Clock;

/** The process {@code perennial}: its streams, its clock and its exit code. */
public final class Main {

  private Main() {}

  /**
   * Runs one command and ends the process.
   *
   * @param arguments as typed, without the program's name
   */
  public static void main(String... arguments) {
    boolean live = System.console() != null && System.console().isTerminal() && System.getenv("CI") == null;
    var console = new Console(
        System.in, writer(System.out), writer(System.err), live, Clock.systemUTC(), System::nanoTime);
    int exitCode = Perennial.run(console, arguments);
    console.out().flush();
    console.err().flush();
    System.exit(exitCode);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(new BufferedWriter(new OutputStreamWriter(stream, UTF_8)), true);
  }
}
