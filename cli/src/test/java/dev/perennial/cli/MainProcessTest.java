package dev.perennial.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** The real process: its exit code, and what goes to which stream. */
final class MainProcessTest {

  @TempDir Path dir;

  @Test
  void main_version_goesToStandardOutput() throws IOException, InterruptedException {
    Process process = Cli.start("--version");
    String out = process.inputReader().readAllAsString();
    String err = process.errorReader().readAllAsString();
    assertEquals(0, process.waitFor());
    assertTrue(out.matches("Perennial [0-9].*\\R+Java [0-9].*\\R+"), out);
    assertEquals("", err);
  }

  @Test
  void main_wrongRequest_isOneLineOnStandardError() throws IOException, InterruptedException {
    Process process = Cli.start("inspect", "--store", dir);
    String out = process.inputReader().readAllAsString();
    String err = process.errorReader().readAllAsString();
    assertEquals(2, process.waitFor());
    assertEquals("", out);
    assertEquals(1, err.lines().count(), err);
  }

  @Test
  void verbose_wrongRequest_showsWhereItComesFrom() {
    Cli.Outcome quiet = Cli.run("inspect", "--store", dir);
    Cli.Outcome verbose = Cli.run("inspect", "--store", dir, "--verbose");
    Cli.Outcome first = Cli.run("--verbose", "inspect", "--store", dir);
    assertFalse(quiet.err().contains("\tat "), quiet.err());
    assertTrue(verbose.err().startsWith(quiet.err()) && verbose.err().contains("\tat dev.perennial"), verbose.err());
    assertTrue(first.err().contains("\tat dev.perennial"), first.err());
    assertEquals(2, verbose.exitCode());
    assertTrue(Cli.run("learn", "--sed", 1, "--verbose").err().contains("\tat "), "of a command line too");
  }

  @Test
  void complaints_defect_isOneLineAndExitCodeOne() {
    CommandLine commandLine = Cli.commands();
    var err = new StringWriter();
    commandLine.setErr(new PrintWriter(err));
    int exitCode = new Complaints(() -> false)
        .handleExecutionException(new IllegalStateException("two\nlines"), commandLine, null);
    assertEquals(1, exitCode);
    assertEquals("perennial: a defect of Perennial: java.lang.IllegalStateException: two lines; run the same with"
        + " --verbose to see where, and report it", err.toString().strip());
  }

  @Test
  void help_everyCommand_teachesWithExamples() {
    for (String command : List.of("demo", "learn", "predict", "resume", "inspect", "techniques")) {
      String help = Cli.run(command, "--help").succeeded().out();
      assertTrue(help.contains("Examples:") && help.contains("./perennial " + command), help);
      assertTrue(Cli.run("--help").out().contains("  " + command), command);
    }
  }
}
