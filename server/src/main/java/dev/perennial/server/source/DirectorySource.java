package dev.perennial.server.source;

import dev.perennial.FailureException;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Rows from files that appear in a directory: one JSON object a line, in files named .jsonl or .ndjson.
 *
 * <p>Files are taken up in alphabetical order, and each once by its name and digest. Once the commit with its last row
 * is durable, a file is moved to the directory {@code learned} beside it; that is also the memory of what was learned, so
 * a file of the same name and content is not learned again while it lies there. A file has to be whole when it gets its
 * name: write it under another one, and rename it; one that is still being written is waited for while it changes. What
 * is added to a file after that is not learned.
 */
public final class DirectorySource implements Source {

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(1);

  private final DirectoryOptions options;
  private final WatchedFiles files;
  private final Problems problems;
  private final WatchService watch;
  private final Map<String, String> done = new LinkedHashMap<>();
  private @Nullable Open open;

  /** A file that is being read. */
  private static final class Open {
    private final String name;
    private final String sha256;
    private final Lines lines;
    private long line;

    private Open(String name, String sha256, Lines lines) {
      this.name = name;
      this.sha256 = sha256;
      this.lines = lines;
    }
  }

  /**
   * Where in the directory it is.
   *
   * @param done files that were read to their end, with their digests, as far as they were not moved away
   * @param file that is being read; null for none
   * @param sha256 its digest
   * @param line that was read last, from 1
   */
  record Position(Map<String, String> done, @Nullable String file, @Nullable String sha256, long line) {

    /** Copies the map. */
    Position {
      done = Collections.unmodifiableMap(new LinkedHashMap<>(done));
    }
  }

  /**
   * Begins to watch.
   *
   * @param offset where to go on; null for the beginning
   * @param clock tells how long a file has been as it is
   * @param problems hears of each row that cannot be used, and of what is odd with files, in one line
   * @throws dev.perennial.UsageException if there is no such directory, or it cannot be written to
   * @throws FailureException if the offset is of another kind of source, or the directory cannot be read
   */
  public DirectorySource(
      DirectoryOptions options, @Nullable String offset, InstantSource clock, Consumer<String> problems) {
    this.options = options;
    this.problems = new Problems(problems);
    this.files = new WatchedFiles(options, clock);
    try {
      this.watch = options.directory().getFileSystem().newWatchService();
      options.directory().register(watch, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_MODIFY);
    } catch (IOException e) {
      throw WatchedFiles.failed("could not watch " + options.directory(), e);
    }
    if (offset != null) {
      goOn(Offsets.read(offset, Position.class, name()));
    }
  }

  private void goOn(Position position) {
    done.putAll(position.done);
    if (position.file == null || position.sha256 == null) {
      return;
    }
    String found = files.sha256(position.file);
    if (!position.sha256.equals(found)) {
      problems.tell(files.path(position.file) + ", of which " + position.line + " lines were learned, "
          + (found == null ? "is gone" : "has changed") + ": its other lines are left out; put new rows in a file of "
          + "another name");
      if (found != null) {
        done.put(position.file, found);
      }
      return;
    }
    Open file = open(position.file, position.sha256);
    try {
      while (file != null && file.line < position.line && file.lines.next() != null) {
        file.line++;
      }
    } catch (IOException e) {
      throw WatchedFiles.failed("could not read " + files.path(position.file), e);
    }
    open = file;
  }

  @Override
  public Batch poll(int most, Duration patience) {
    var rows = new ArrayList<Row>();
    fill(rows, most);
    if (rows.isEmpty() && patience.isPositive()) {
      await(patience);
      fill(rows, most);
    }
    Open file = open;
    return new Batch(rows, Offsets.text(file == null
        ? new Position(done, null, null, 0)
        : new Position(done, file.name, file.sha256, file.line)));
  }

  private void await(Duration patience) {
    Duration wait = options.settle().isPositive() && options.settle().compareTo(LONGEST_WAIT) < 0
        ? options.settle() : LONGEST_WAIT;
    try {
      WatchKey key = watch.poll(Math.min(patience.toNanos(), wait.toNanos()), TimeUnit.NANOSECONDS);
      if (key != null) {
        key.pollEvents();
        key.reset();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void fill(List<Row> rows, int most) {
    while (rows.size() < most) {
      Open file = open == null ? next() : open;
      open = file;
      if (file == null) {
        return;
      }
      Lines.Line line;
      try {
        line = file.lines.next();
        if (line == null) {
          file.lines.close();
        }
      } catch (IOException e) {
        throw WatchedFiles.failed("could not read " + files.path(file.name), e);
      }
      if (line == null) {
        finish(file);
      } else {
        file.line++;
        read(file, line, rows);
      }
    }
  }

  private void read(Open file, Lines.Line line, List<Row> rows) {
    if (line.length() == 0) {
      return;
    }
    try {
      if (line.length() > line.bytes().length) {
        throw options.format().tooLong(line.length());
      }
      rows.add(options.format().read(line.bytes()));
    } catch (RowFormat.MalformedException e) {
      problems.malformed("line " + file.line + " of " + files.path(file.name), e.reason());
    }
  }

  private void finish(Open file) {
    open = null;
    String now = files.sha256(file.name);
    if (now != null && !now.equals(file.sha256)) {
      problems.tell(files.path(file.name) + " changed while it was learned, and may be learned in part: rename files into "
          + "the directory once they are whole, and put new rows in a file of another name");
    }
    done.put(file.name, now == null ? file.sha256 : now);
  }

  /** The next file to learn, opened; null where there is none. */
  private @Nullable Open next() {
    for (String name : files.settled()) {
      String sha256 = files.sha256(name);
      if (sha256 == null || sha256.equals(done.get(name))) {
        continue;
      }
      if (files.wasLearned(name, sha256)) {
        problems.tell(files.path(name) + " was learned before, and is not learned again");
        files.move(name, sha256);
        continue;
      }
      Open file = open(name, sha256);
      if (file != null) {
        return file;
      }
    }
    return null;
  }

  private @Nullable Open open(String name, String sha256) {
    try {
      return new Open(name, sha256,
          new Lines(new BufferedInputStream(Files.newInputStream(files.path(name))), options.format().mostBytes()));
    } catch (NoSuchFileException gone) {
      return null;
    } catch (IOException e) {
      throw WatchedFiles.failed("could not read " + files.path(name), e);
    }
  }

  @Override
  public void committed(String offset) {
    Offsets.read(offset, Position.class, name()).done.forEach((file, sha256) -> {
      files.move(file, sha256);
      done.remove(file, sha256);
    });
  }

  @Override
  public boolean ended() {
    return false;
  }

  @Override
  public long malformed() {
    return problems.count();
  }

  @Override
  public String name() {
    return "directory " + options.directory();
  }

  @Override
  public void close() {
    try (watch) {
      if (open != null) {
        open.lines.close();
      }
    } catch (IOException e) {
      throw WatchedFiles.failed("could not close " + options.directory(), e);
    }
  }
}
