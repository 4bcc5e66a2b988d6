package dev.perennial.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import picocli.CommandLine;

/** Commands run as a person runs them, within this process or in one of their own. */
final class Cli {

  private static final Clock CLOCK = Clock.fixed(Instant.parse("2026-01-02T03:04:05Z"), ZoneOffset.UTC);

  private Cli() {}

  /** What a command left behind. */
  record Outcome(int exitCode, String out, String err) {

    /** This, if all went well. */
    Outcome succeeded() {
      assertEquals(0, exitCode, err);
      return this;
    }

    /** Exactly one line of complaint with all these words in it, no stack trace, and nothing as a result. */
    void complains(int expectedExitCode, String... words) {
      List<String> complaints = err.lines().filter(line -> line.startsWith("perennial: ")).toList();
      assertEquals(1, complaints.size(), err);
      assertEquals(complaints.getFirst(), err.lines().toList().getLast(), "the complaint is the last line");
      for (String word : words) {
        assertTrue(complaints.getFirst().contains(word), "expected '" + word + "' in: " + complaints.getFirst());
      }
      assertEquals(expectedExitCode, exitCode, err);
      assertFalse(err.contains("\tat "), err);
      assertEquals("", out);
    }
  }

  static Outcome run(Object... arguments) {
    return runWith(InputStream.nullInputStream(), arguments);
  }

  static Outcome runWith(String input, Object... arguments) {
    return runWith(new ByteArrayInputStream(input.getBytes(UTF_8)), arguments);
  }

  static Outcome runWith(InputStream input, Object... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    int exitCode = Perennial.run(console(input, out, err), words(arguments).toArray(String[]::new));
    return new Outcome(exitCode, out.toString(), err.toString());
  }

  /** All commands, to look at. */
  static CommandLine commands() {
    return Perennial.commandLine(console(InputStream.nullInputStream(), new StringWriter(), new StringWriter()));
  }

  private static Console console(InputStream in, StringWriter out, StringWriter err) {
    return new Console(in, new PrintWriter(out), new PrintWriter(err), 0, CLOCK, System::nanoTime);
  }

  /** Begins a command in a process of its own; what it says to people can be read from its error stream. */
  static Process start(Object... arguments) throws IOException {
    return startIn(Path.of(""), Main.class, arguments);
  }

  /** Begins a program in a process of its own, in a directory. */
  static Process startIn(Path directory, Class<?> program, Object... arguments) throws IOException {
    return process(directory, program, arguments).start();
  }

  /** Begins the program in a process of its own, of which nobody reads what it says. */
  static Process startSilently(Object... arguments) throws IOException {
    return process(Path.of(""), Main.class, arguments)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .redirectError(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  /** A program in a process of its own, to be started. */
  static ProcessBuilder process(Path directory, Class<?> program, Object... arguments) {
    var command = new ArrayList<>(List.of(
        Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx1g", "-XX:+UseSerialGC",
        "--enable-native-access=ALL-UNNAMED", "--sun-misc-unsafe-memory-access=allow", program.getName()));
    command.addAll(words(arguments));
    var builder = new ProcessBuilder(command)
        .directory(directory.toAbsolutePath().toFile())
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")));
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    return builder;
  }

  private static List<String> words(Object... arguments) {
    var words = new ArrayList<String>();
    for (Object argument : arguments) {
      if (argument instanceof List<?> list) {
        list.forEach(word -> words.add(word.toString()));
      } else {
        words.add(argument.toString());
      }
    }
    return words;
  }

  static JsonNode json(String text) throws IOException {
    return new ObjectMapper().readTree(text);
  }

  static JsonNode json(Path file) throws IOException {
    return json(Files.readString(file));
  }

  /** Every file under a directory with its bytes, to see that nothing has changed. */
  static TreeMap<String, List<Byte>> snapshot(Path directory) throws IOException {
    var files = new TreeMap<String, List<Byte>>();
    try (var paths = Files.walk(directory)) {
      for (Path path : paths.filter(Files::isRegularFile).toList()) {
        var bytes = new ArrayList<Byte>();
        for (byte value : Files.readAllBytes(path)) {
          bytes.add(value);
        }
        files.put(directory.relativize(path).toString(), bytes);
      }
    }
    return files;
  }
}
