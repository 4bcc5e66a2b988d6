package dev.perennial.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;

/** One run of {@code bench} in this process, as the command line runs it. */
record BenchRun(List<String> out, List<String> err) {

  /** Runs a command; what it throws comes through. */
  static BenchRun of(String... arguments) {
    var out = new StringWriter();
    var err = new StringWriter();
    var line = new CommandLine(new BenchCommand()).setOut(new PrintWriter(out)).setErr(new PrintWriter(err));
    CommandLine command = line.parseArgs(arguments).subcommand().commandSpec().commandLine();
    try {
      ((Callable<?>) command.getCommand()).call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("commands throw unchecked exceptions", e);
    }
    return new BenchRun(out.toString().lines().toList(), err.toString().lines().toList());
  }

  static JsonNode json(Path file) throws IOException {
    return JsonMapper.builder().build().readTree(file.toFile());
  }
}
