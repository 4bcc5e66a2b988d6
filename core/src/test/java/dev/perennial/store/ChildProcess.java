package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.StatePart;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;

/** A second JVM that writes to a store until it is killed or told to end. */
final class ChildProcess {
  private ChildProcess() {}

  static Process start(String job, Path directory) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-XX:+UseSerialGC",
            "-Xmx128m",
            "--enable-native-access=ALL-UNNAMED",
            "-cp",
            System.getProperty("java.class.path"),
            ChildProcess.class.getName(),
            job,
            directory.toString())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  static BufferedReader output(Process process) {
    return process.inputReader();
  }

  public static void main(String... arguments) throws IOException {
    try (Store store = Store.open(Path.of(arguments[1]), Access.WRITE)) {
      say("open");
      switch (arguments[0]) {
        case "hold" -> System.in.read();
        case "commit" -> commitForever(store);
        case "once" -> say(Long.toString(store.commit(Position.START, States.small(7), Map.of(), Instant.EPOCH).id()));
        case "replace" -> replaceForever(store);
        default -> throw new IllegalArgumentException(arguments[0]);
      }
    } catch (FailureException e) {
      say(String.valueOf(e.getMessage()));
      System.exit(e.exitCode());
    }
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }

  /** Commits the state of the next step again and again, and says each one's number once it is durable. */
  private static void commitForever(Store store) {
    long step = store.head().map(head -> head.position().step()).orElse(0L);
    while (true) {
      step++;
      List<StatePart> state = States.at(step);
      Commit commit = store.commit(new Position(0, step), state, Map.of("step", "" + step), Instant.EPOCH);
      say(Long.toString(commit.id()));
      if (step % 10 == 0) {
        store.collect(50);
      }
    }
  }

  /** Commits as fast as it can, and gives up all commits but the newest at once. */
  private static void replaceForever(Store store) {
    for (long step = 1; true; step++) {
      store.commit(new Position(0, step), States.middling(step % 7 + 1), Map.of(), Instant.EPOCH);
      store.collect(1);
      if (step == 1) {
        say("committed");
      }
    }
  }
}
