package dev.perennial.bench;

import dev.perennial.engine.Run;
import dev.perennial.engine.RunListener;
import dev.perennial.snapshot.Durability;
import dev.perennial.snapshot.SnapshotOptions;
import dev.perennial.stream.Experience;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;

/** A process that learns until it is killed, and says what it has made durable. */
final class KillsChild {

  private KillsChild() {}

  /**
   * Goes on with a run, or begins it.
   *
   * @param arguments the images, the store, and sync or async
   */
  public static void main(String... arguments) {
    Path store = Path.of(arguments[1]);
    Durability durability = Durability.of(arguments[2]);
    var options = new SnapshotOptions(
        durability, durability == Durability.SYNC ? 4 : 2, 8, Double.POSITIVE_INFINITY);
    var listener = new RunListener() {
      private boolean began;

      @Override
      public void began(Experience experience, long firstStep, long steps) {
        if (!began) {
          say("learning");
          began = true;
        }
      }

      @Override
      public void committed(long commit) {
        say(Long.toString(commit));
      }
    };
    try (Run run = Files.exists(store.resolve("perennial.db"))
        ? Run.resume(store, null, options, Clock.systemUTC(), listener)
        : Run.create(KillsData.spec(Path.of(arguments[0])), store, options, Clock.systemUTC(), listener)) {
      run.execute();
    }
    say("end");
  }

  private static void say(String line) {
    System.out.println(line);
    System.out.flush();
  }
}
