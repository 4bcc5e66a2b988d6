package dev.perennial.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * How many of its newest commits a store keeps whole, where that is more than a run asks for: the number in the store's
 * file {@code keep}. It holds from the writer's next commit on, also for one that is running.
 */
public final class Retention {
  /** The most commits that can be asked for. */
  public static final int MOST = 1_000_000;

  private static final String FILE = "keep";

  private Retention() {}

  /**
   * What was asked for; 1 where nothing was.
   *
   * @throws FailureException if the file holds something else
   */
  public static int of(Path store) {
    Path file = store.resolve(FILE);
    try {
      String text = Files.readString(file, US_ASCII).strip();
      if (text.matches("[1-9][0-9]{0,6}") && Integer.parseInt(text) <= MOST) {
        return Integer.parseInt(text);
      }
      throw new FailureException("expected a number between 1 and " + MOST + " in " + file
          + ", found something else: write one with ./perennial store keep, or delete the file");
    } catch (NoSuchFileException e) {
      return 1;
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + ": " + Disk.reason(e), e);
    }
  }

  /**
   * Asks for so many.
   *
   * @throws UsageException if there is no store, or the number is out of range
   * @throws FailureException if it cannot be written
   */
  public static void ask(Path store, int commits) {
    if (Files.notExists(new Layout(store).database())) {
      throw new UsageException("expected a store in " + store + ", there is none: check the path");
    }
    if (commits < 1 || commits > MOST) {
      throw new UsageException("expected a number of commits between 1 and " + MOST + ", got " + commits);
    }
    Disk disk = new SystemDisk();
    Path temporary = store.resolve(FILE + ".tmp");
    try {
      try (FileChannel channel = disk.create(temporary)) {
        disk.write(channel, ByteBuffer.wrap((commits + "\n").getBytes(US_ASCII)));
        disk.sync(channel);
      }
      disk.rename(temporary, store.resolve(FILE));
      disk.syncDirectory(store);
    } catch (IOException e) {
      throw new FailureException("cannot write " + store.resolve(FILE) + ": " + Disk.reason(e)
          + "; check the place, its space and permissions", e);
    }
  }
}
