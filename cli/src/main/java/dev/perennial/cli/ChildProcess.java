package dev.perennial.cli;

import dev.perennial.FailureException;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/** A command that runs in a process of its own, so that the memory it is said to need is its own. */
final class ChildProcess {

  /** The system property that tells a child how wide the terminal is. */
  static final String WIDTH = "perennial.width";

  private ChildProcess() {}

  /**
   * Runs a command to its end. What it says to people is seen, its results are not.
   *
   * @param ifStopped the last words if this process is stopped meanwhile: how to go on; the child is stopped first
   * @return the child's exit code
   * @throws FailureException if it cannot be started
   */
  static int run(Console console, List<String> arguments, Supplier<String> ifStopped) {
    List<String> command = command(console, List.of(), arguments);
    var builder = new ProcessBuilder(command)
        .redirectInput(Redirect.from(new File("/dev/null")))
        .redirectOutput(Redirect.DISCARD)
        .redirectError(Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    console.err().flush();
    try {
      Process child = builder.start();
      try (var interruption = Interruption.watch(console, () -> stop(child), ifStopped)) {
        return child.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new FailureException("interrupted while it waited for " + arguments.getFirst() + ": run it again", e);
      } finally {
        stop(child);
      }
    } catch (IOException e) {
      throw unstartable(command, e);
    }
  }

  /** The command line of a process that runs a command, with more options for Java. */
  private static List<String> command(Console console, List<String> javaOptions, List<String> arguments) {
    var command = new ArrayList<String>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-D" + WIDTH + "=" + console.width());
    command.addAll(javaOptions);
    command.add(Main.class.getName());
    command.addAll(arguments);
    return command;
  }

  /**
   * Starts a command whose results are read by this process; what it says to people is seen.
   *
   * @param javaOptions more options for Java
   * @throws FailureException if it cannot be started
   */
  static Process start(Console console, List<String> javaOptions, List<String> arguments) {
    List<String> command = command(console, javaOptions, arguments);
    var builder = new ProcessBuilder(command)
        .redirectInput(Redirect.from(new File("/dev/null")))
        .redirectError(Redirect.INHERIT);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    console.err().flush();
    try {
      return builder.start();
    } catch (IOException e) {
      throw unstartable(command, e);
    }
  }

  private static FailureException unstartable(List<String> command, IOException e) {
    return new FailureException("cannot start " + command.getFirst() + " (" + e.getMessage()
        + "): check that the JDK is whole, and that there is memory for one more process", e);
  }

  /** Ends a process in good order, if it goes on still. */
  private static void stop(Process child) {
    child.destroy();
    child.onExit().join();
  }
}
