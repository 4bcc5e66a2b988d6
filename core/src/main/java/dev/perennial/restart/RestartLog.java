package dev.perennial.restart;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The decisions of the supervisors of one store, oldest first: {@code restarts.jsonl} in its directory, a JSON object a
 * line, each synced before it is acted on. One process at a time may add to it; a line that was cut off is passed over.
 */
public final class RestartLog implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path file;
  private final FileChannel channel;

  private RestartLog(Path file, FileChannel channel) {
    this.file = file;
    this.channel = channel;
  }

  /**
   * Opens the log of a store to add to it.
   *
   * @param directory of the store, or where it is to be; made if it is not there
   * @throws FailureException if it cannot be written, or another process supervises
   */
  public static RestartLog open(Path directory) {
    Path file = file(directory);
    try {
      Files.createDirectories(directory);
      FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
          StandardOpenOption.APPEND);
      if (!lock(channel)) {
        channel.close();
        throw new FailureException("the store " + directory
            + " is supervised by another process: wait for it, or stop it first");
      }
      return new RestartLog(file, channel);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  private static boolean lock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException e) {
      return false;
    }
  }

  /** Adds a decision; on return it outlives a loss of power. */
  void add(Decision decision) {
    try {
      ByteBuffer line = ByteBuffer.wrap((JSON.writeValueAsString(decision) + "\n").getBytes(UTF_8));
      while (line.hasRemaining()) {
        channel.write(line);
      }
      channel.force(true);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a decision is made of texts and numbers", e);
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }

  /**
   * The decisions of a store's supervisors, oldest first; none where it had no supervisor.
   *
   * @throws FailureException if they cannot be read
   */
  public static List<Decision> read(Path directory) {
    Path file = file(directory);
    var decisions = new ArrayList<Decision>();
    if (Files.notExists(file)) {
      return decisions;
    }
    try {
      for (String line : Files.readAllLines(file)) {
        if (line.endsWith("}")) {
          decisions.add(JSON.readValue(line, Decision.class));
        }
      }
    } catch (IOException e) {
      throw new FailureException("expected the decisions of a supervisor in " + file + ", got something else ("
          + e.getMessage() + "): move the file away, and what it says is forgotten", e);
    }
    return decisions;
  }

  private static Path file(Path directory) {
    return directory.resolve("restarts.jsonl");
  }

  private static FailureException unwritable(Path file, IOException e) {
    return new FailureException("cannot write " + file + " (" + e.getClass().getSimpleName() + ": " + e.getMessage()
        + "): check the place, its space and permissions", e);
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw unwritable(file, e);
    }
  }
}
