package dev.perennial.server.source;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Rows from a stream of lines, such as standard input: one JSON object a line.
 *
 * <p>To go on after a restart the same lines have to be sent again from the first one. Those before the offset are read
 * and left out, and a digest of them tells whether they are the same ones.
 */
public final class LineSource implements Source {

  private static final int AHEAD = 64;
  private static final int DIGEST = 16;

  private final String name;
  private final RowFormat format;
  private final Problems problems;
  private final BlockingQueue<Item> queue = new ArrayBlockingQueue<>(AHEAD);
  private final Thread reader;
  private final Position start;
  private Position position = new Position(0, new byte[DIGEST]);
  private boolean ended;

  /** A line, or neither at the end, or what went wrong. */
  private record Item(Lines.@Nullable Line line, @Nullable IOException failure) {}

  /**
   * Lines that were read.
   *
   * @param digest of all of them
   */
  record Position(long lines, byte[] digest) {

    /** Checks what may come from a file. */
    Position {
      if (lines < 0 || digest.length != DIGEST) {
        throw new IllegalArgumentException("no place in a stream of lines: " + lines);
      }
    }
  }

  /**
   * Begins to read, on a thread of its own.
   *
   * @param name for people
   * @param offset where to go on; null for the beginning
   * @param problems hears of each row that cannot be used, in one line
   * @throws FailureException if the offset is of another kind of source
   */
  public LineSource(
      String name, InputStream input, RowFormat format, @Nullable String offset, Consumer<String> problems) {
    this.name = name;
    this.format = format;
    this.problems = new Problems(problems);
    this.start = offset == null ? position : Offsets.read(offset, Position.class, name);
    // Reading cannot be broken off: the thread is left behind where nothing comes any more.
    this.reader = Thread.ofPlatform().daemon().name("reader of " + name)
        .start(() -> read(new Lines(input, format.mostBytes())));
  }

  private void read(Lines lines) {
    try {
      while (true) {
        Lines.Line line = lines.next();
        queue.put(new Item(line, null));
        if (line == null) {
          return;
        }
      }
    } catch (InterruptedException closed) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      queue.clear();
      queue.add(new Item(null, e));
    }
  }

  @Override
  public Batch poll(int most, Duration patience) {
    var rows = new ArrayList<Row>();
    try {
      while (rows.size() < most && !ended) {
        Item item = rows.isEmpty() ? queue.poll(patience.toNanos(), TimeUnit.NANOSECONDS) : queue.poll();
        if (item == null) {
          break;
        }
        take(item, rows);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return new Batch(rows, Offsets.text(position.lines < start.lines ? start : position));
  }

  private void take(Item item, List<Row> rows) {
    if (item.failure != null) {
      throw new FailureException("could not read " + name + " after line " + position.lines + " ("
          + item.failure.getMessage() + "): start again, and send the same lines from the first one", item.failure);
    }
    if (item.line == null) {
      ended = true;
      if (position.lines < start.lines) {
        throw others("it ended after " + position.lines);
      }
      return;
    }
    position = new Position(position.lines + 1, digest(position.digest, item.line));
    if (position.lines < start.lines) {
      return;
    }
    if (position.lines == start.lines) {
      if (!MessageDigest.isEqual(position.digest, start.digest)) {
        throw others("these are other lines");
      }
      return;
    }
    read(item.line, rows);
  }

  private void read(Lines.Line line, List<Row> rows) {
    if (line.length() == 0) {
      return;
    }
    try {
      if (line.length() > line.bytes().length) {
        throw format.tooLong(line.length());
      }
      rows.add(format.read(line.bytes()));
    } catch (RowFormat.MalformedException e) {
      problems.malformed("line " + position.lines + " of " + name, e.reason());
    }
  }

  private UsageException others(String what) {
    return new UsageException("expected " + name + " to begin with the " + start.lines + " lines that were learned before, "
        + what + ": send the same lines again, or begin a new store");
  }

  private static byte[] digest(byte[] before, Lines.Line line) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(before);
      digest.update((line.length() + ":").getBytes(StandardCharsets.UTF_8));
      byte[] all = digest.digest(line.bytes());
      return Arrays.copyOf(all, DIGEST);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  @Override
  public void committed(String offset) {
    // Lines that were read are gone by themselves.
    Offsets.read(offset, Position.class, name);
  }

  @Override
  public boolean ended() {
    return ended;
  }

  @Override
  public long malformed() {
    return problems.count();
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public void close() {
    reader.interrupt();
  }
}
