package dev.perennial.bench.suite;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Where a suite keeps what it is, its runs' stores and their figures. Nothing is made there before {@link #begin}.
 *
 * <p>{@code suite.json} says what the suite is, {@code runs/NAME/store} is what a run learned, {@code
 * runs/NAME/figures.json} is there as soon as it is finished. One process at a time.
 */
final class SuiteDirectory implements AutoCloseable {

  private static final String SUITE = "suite.json";
  private static final String LOCK = "lock";

  private final Path path;
  private final Suite suite;
  private boolean begun;
  private @Nullable FileChannel lock;

  private SuiteDirectory(Path path, Suite suite) {
    this.path = path;
    this.suite = suite;
  }

  /**
   * Opens the directory of a suite that was begun there, or one that may be begun there.
   *
   * @throws UsageException if another suite was begun there, or it holds something else
   * @throws FailureException if another process is at it, or it cannot be read
   */
  static SuiteDirectory open(Path path, Suite suite) {
    if (Files.exists(path) && !Files.isDirectory(path)) {
      throw new UsageException("expected a directory for --out, got the file " + path + ": name another place");
    }
    var directory = new SuiteDirectory(path, suite);
    if (Files.exists(path.resolve(SUITE))) {
      directory.begin();
    } else {
      directory.requireEmpty();
    }
    return directory;
  }

  private void requireEmpty() {
    if (Files.notExists(path)) {
      return;
    }
    try (var entries = Files.list(path)) {
      var other = entries.map(entry -> entry.getFileName().toString())
          .filter(name -> !name.equals(LOCK) && !name.startsWith(SUITE))
          .findFirst();
      if (other.isPresent()) {
        throw new UsageException("expected an empty directory for --out, or that of the suite to go on with, got "
            + path + " with " + other.get() + " in it: name another place");
      }
    } catch (IOException e) {
      throw new FailureException("cannot read " + path + " (" + e.getMessage() + "): check its permissions", e);
    }
  }

  /** Makes the directory this suite's, unless it is already. */
  void begin() {
    if (begun) {
      return;
    }
    takeLock();
    Optional<JsonNode> there = SuiteFiles.read(path.resolve(SUITE), JsonNode.class);
    JsonNode own = JsonMapper.builder().build().valueToTree(suite);
    if (there.isPresent()) {
      difference("", there.get(), own).ifPresent(words -> {
        close();
        throw new UsageException("expected the options of the suite that " + path + " was begun with, got others: "
            + words + "; give the same options to go on with it, or another --out");
      });
    } else {
      SuiteFiles.write(path.resolve(SUITE), own);
    }
    begun = true;
  }

  boolean begun() {
    return begun;
  }

  private void takeLock() {
    try {
      Files.createDirectories(path);
      FileChannel channel = FileChannel.open(path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      lock = channel;
      FileLock taken = channel.tryLock();
      if (taken == null) {
        throw busy(null);
      }
    } catch (OverlappingFileLockException e) {
      throw busy(e);
    } catch (IOException e) {
      throw new FailureException("expected a directory that can be written for --out, got " + path + " ("
          + e.getClass().getSimpleName() + ": " + e.getMessage() + "): check its permissions, or name another", e);
    }
  }

  private FailureException busy(@Nullable Exception cause) {
    close();
    String message = "the suite in " + path + " is being run by another process: wait for it, or name another --out";
    return cause == null ? new FailureException(message) : new FailureException(message, cause);
  }

  /** The first place in which two values differ, in words. */
  private static Optional<String> difference(String place, JsonNode before, JsonNode now) {
    if (before.equals(now) || (before.isNumber() && now.isNumber() && before.asText().equals(now.asText()))) {
      return Optional.empty();
    }
    if (before.isObject() && now.isObject()) {
      var names = new TreeSet<String>();
      before.fieldNames().forEachRemaining(names::add);
      now.fieldNames().forEachRemaining(names::add);
      for (String name : names) {
        String inner = place.isEmpty() || place.equals("base") ? name : place + " " + name;
        Optional<String> found = difference(inner, before.path(name), now.path(name));
        if (found.isPresent()) {
          return found;
        }
      }
      return Optional.empty();
    }
    return Optional.of(place + " was " + shown(before) + " and is " + shown(now));
  }

  private static String shown(JsonNode value) {
    if (value.isMissingNode() || value.isNull()) {
      return "not given";
    }
    return value.isValueNode() ? value.asText() : value.toString();
  }

  /** Where a run's store is, or is to be. */
  Path store(Suite.Member member) {
    return directory(member).resolve("store");
  }

  /** Where something about the whole suite is kept. */
  Path file(String name) {
    return path.resolve(name);
  }

  /** What came of a run, if it is finished. */
  Optional<FinishedRun> finished(Suite.Member member) {
    return SuiteFiles.read(figures(member), FinishedRun.class);
  }

  /** Notes that a run is finished. */
  void finish(Suite.Member member, FinishedRun run) {
    SuiteFiles.write(figures(member), run);
  }

  private Path figures(Suite.Member member) {
    return directory(member).resolve("figures.json");
  }

  private Path directory(Suite.Member member) {
    return path.resolve("runs").resolve(member.id());
  }

  /** Lets other processes at it. */
  @Override
  public void close() {
    FileChannel held = lock;
    lock = null;
    if (held != null) {
      try {
        held.close();
      } catch (IOException e) {
        throw new FailureException("cannot close " + path.resolve(LOCK) + ": " + e.getMessage(), e);
      }
    }
  }
}
