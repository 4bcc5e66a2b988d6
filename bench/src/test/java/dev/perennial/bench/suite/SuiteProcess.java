package dev.perennial.bench.suite;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.PerennialException;
import dev.perennial.bench.BenchCommand;
import java.io.File;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine;

/** The command as the command line runs it, in this process or in one of its own. */
final class SuiteProcess {

  private SuiteProcess() {}

  /** What a command left behind; where it was refused, {@code complaint} says why. */
  record Outcome(int exitCode, String out, String err, String complaint) {}

  /** Runs the command, with these words after {@code suite}. */
  static Outcome run(Object... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var complaint = new StringWriter();
    int exitCode = line(new PrintWriter(complaint)).setOut(new PrintWriter(out)).setErr(new PrintWriter(err))
        .execute(words(arguments).toArray(String[]::new));
    return new Outcome(exitCode, out.toString(), err.toString(), complaint.toString());
  }

  private static CommandLine line(PrintWriter complaint) {
    return new CommandLine(new BenchCommand()).setExecutionExceptionHandler((e, command, parsed) -> {
      if (e instanceof PerennialException known) {
        complaint.print(known.getMessage());
        complaint.flush();
        return known.exitCode();
      }
      throw e;
    });
  }

  private static List<String> words(Object... arguments) {
    var words = new ArrayList<String>(List.of("suite"));
    Arrays.stream(arguments).map(Object::toString).forEach(words::add);
    return words;
  }

  /** Begins the command in a process of its own; what it says to people can be read from its error stream. */
  static Process start(Object... arguments) throws IOException {
    var command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", SuiteProcess.class.getName()));
    command.addAll(words(arguments));
    var builder = new ProcessBuilder(command)
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .redirectOutput(ProcessBuilder.Redirect.DISCARD);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return builder.start();
  }

  /** Runs one command and ends the process. */
  public static void main(String... arguments) {
    var err = new PrintWriter(new OutputStreamWriter(System.err, UTF_8), true);
    System.exit(line(err).setErr(err).execute(arguments));
  }
}
