package dev.perennial.tune;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The trials that came to an end, kept so that tuning that was stopped goes on after the last of them.
 *
 * <p>A directory holds {@code tuning.json}, which says what is tuned, and a file for each trial in {@code trials}. A
 * file is written beside its place, synced and renamed, so that it is there in whole or not at all.
 */
final class Trials implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SETUP = "tuning.json";

  private record Key(Candidate candidate, int rowsPerClass, long seed) {

    private static Key of(Trial trial) {
      return new Key(trial.candidate(), trial.rowsPerClass(), trial.seed());
    }
  }

  private record Setup(TuningSpec spec, String rows) {}

  private final Map<Key, Trial> ended = new HashMap<>();
  private final @Nullable Path directory;
  private final @Nullable FileChannel lock;

  private Trials(@Nullable Path directory, @Nullable FileChannel lock) {
    this.directory = directory;
    this.lock = lock;
  }

  /** None yet, and none is kept longer than this object. */
  static Trials inMemory() {
    return new Trials(null, null);
  }

  /**
   * Those of a directory, which is made if it is not there.
   *
   * @param rows the digest of the stream of all rows
   * @throws UsageException if it is a file, holds something else, or other tuning
   * @throws FailureException if it cannot be read or written, or another process is at it
   */
  static Trials in(Path directory, TuningSpec spec, String rows) {
    try {
      checkPlace(directory);
      Files.createDirectories(directory.resolve("trials"));
      FileChannel lock = FileChannel.open(
          directory.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        if (lock.tryLock() == null) {
          throw busy(directory, null);
        }
        var trials = new Trials(directory, lock);
        trials.begin(new Setup(spec, rows));
        trials.load();
        return trials;
      } catch (OverlappingFileLockException e) {
        lock.close();
        throw busy(directory, e);
      } catch (RuntimeException | IOException e) {
        lock.close();
        throw e;
      }
    } catch (IOException e) {
      throw unusable(directory, e);
    }
  }

  private static void checkPlace(Path directory) throws IOException {
    if (Files.exists(directory) && !Files.isDirectory(directory)) {
      throw new UsageException("expected a directory for trials, got the file " + directory + ": name another place");
    }
    if (Files.isDirectory(directory) && Files.notExists(directory.resolve(SETUP))) {
      try (Stream<Path> found = Files.list(directory)) {
        Optional<Path> other =
            found.filter(path -> !path.endsWith("lock") && !path.endsWith("trials")).sorted().findFirst();
        if (other.isPresent()) {
          throw new UsageException("expected an empty directory, or one of the same tuning, got " + directory + " with "
              + other.get().getFileName() + " in it: name another place");
        }
      }
    }
  }

  private void begin(Setup setup) throws IOException {
    JsonNode asked = JSON.readTree(JSON.writeValueAsBytes(setup));
    Path file = place(SETUP);
    if (Files.notExists(file)) {
      write(file, asked);
      return;
    }
    String difference = difference("", JSON.readTree(Files.readAllBytes(file)), asked);
    if (!difference.isEmpty()) {
      throw new UsageException("expected the request that the trials in " + directory + " are for, got another ("
          + difference + "): ask for the same, or name another directory");
    }
  }

  /** Where two requests differ first; empty where they are the same. */
  private static String difference(String path, JsonNode kept, JsonNode asked) {
    if (!kept.isObject() || !asked.isObject()) {
      return kept.equals(asked) ? "" : path + " was " + kept + ", now " + asked;
    }
    for (Iterator<String> names = kept.fieldNames(); names.hasNext();) {
      String name = names.next();
      String found = difference(name, kept.path(name), asked.path(name));
      if (!found.isEmpty()) {
        return found;
      }
    }
    return kept.size() == asked.size() ? "" : path + " has other settings";
  }

  private void load() throws IOException {
    try (Stream<Path> files = Files.list(place("trials"))) {
      for (Path file : files.filter(path -> path.toString().endsWith(".json")).sorted().toList()) {
        Trial trial = read(file);
        ended.put(Key.of(trial), trial);
      }
    }
  }

  private static Trial read(Path file) throws IOException {
    try {
      return JSON.readValue(Files.readAllBytes(file), Trial.class);
    } catch (JsonProcessingException e) {
      throw new FailureException("expected a finished trial in " + file + ", got something else ("
          + e.getOriginalMessage() + "): remove the file, and the trial is run again", e);
    }
  }

  /** The trial of a candidate, if it came to an end before. */
  Optional<Trial> find(Candidate candidate, int rowsPerClass, long seed) {
    return Optional.ofNullable(ended.get(new Key(candidate, rowsPerClass, seed)));
  }

  /** Keeps a trial. */
  void keep(Trial trial) {
    ended.put(Key.of(trial), trial);
    if (directory != null) {
      try {
        write(free(place("trials")), JSON.valueToTree(trial));
      } catch (IOException e) {
        throw unusable(directory, e);
      }
    }
  }

  /** A name that is not taken, also where someone has removed a file. */
  private Path free(Path files) {
    int number = ended.size();
    while (Files.exists(files.resolve(name(number)))) {
      number++;
    }
    return files.resolve(name(number));
  }

  private static String name(int number) {
    return String.format(Locale.ROOT, "%05d.json", number);
  }

  private static void write(Path file, JsonNode content) throws IOException {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
        StandardOpenOption.TRUNCATE_EXISTING)) {
      ByteBuffer bytes = ByteBuffer.wrap((content.toPrettyString() + "\n").getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        channel.write(bytes);
      }
      channel.force(true);
    }
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private Path place(String name) {
    if (directory == null) {
      throw new IllegalStateException("trials in memory have no files");
    }
    return directory.resolve(name);
  }

  private static FailureException busy(Path directory, @Nullable Exception cause) {
    String message = "another process tunes in " + directory + ": wait until it has ended, or name another directory";
    return cause == null ? new FailureException(message) : new FailureException(message, cause);
  }

  private static FailureException unusable(Path directory, IOException e) {
    return new FailureException("expected a directory of trials that can be read and written, got " + directory + " ("
        + e.getClass().getSimpleName() + ": " + e.getMessage()
        + "): check permissions and space, or name another", e);
  }

  /** Gives the directory free. */
  @Override
  public void close() {
    if (lock != null) {
      try {
        lock.close();
      } catch (IOException e) {
        throw new FailureException("cannot give " + directory + " free: " + e.getMessage(), e);
      }
    }
  }
}
