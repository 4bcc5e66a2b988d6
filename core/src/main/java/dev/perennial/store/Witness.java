package dev.perennial.store;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the file {@code newest} says of a store: which commit was acknowledged last, and, if the last writer ended in good
 * order, what the database's bytes were then.
 *
 * <p>A write-ahead log that has lost a bit looks like a shorter one: SQLite goes back to the commit before, and cannot
 * know that there was another. This file can. It is evidence and no more: it is written after the commit that it names,
 * over itself and without a sync, so that it may lag behind the database but is never ahead of it.
 *
 * @param commit the number of the newest commit that was acknowledged; 0 for none
 * @param database SHA-256 of the database file; {@link #OPEN} while it may change
 */
record Witness(long commit, String database) {

  /** In place of the database's digest: it has a writer, or its writer was killed. */
  static final String OPEN = "-".repeat(64);

  private static final Pattern TEXT =
      Pattern.compile("(perennial newest 1\ncommit (\\d{19})\ndatabase ([0-9a-f]{64}|-{64})\n)check ([0-9a-f]{64})\n");

  /** What was found where a witness should be. */
  record Found(Optional<Witness> witness, boolean broken) {}

  /** Of a store that is open for writing. */
  static Witness open(long commit) {
    return new Witness(commit, OPEN);
  }

  /** Reads it; stores of before there were witnesses have none. */
  static Found read(Path file, Disk disk) throws IOException {
    if (Files.notExists(file)) {
      return new Found(Optional.empty(), false);
    }
    String text;
    try (var in = disk.read(file)) {
      text = new String(in.readNBytes(1024), US_ASCII);
    }
    Matcher matcher = TEXT.matcher(text);
    if (!matcher.matches() || !new Sha256().text(matcher.group(1)).hex().equals(matcher.group(4))) {
      return new Found(Optional.empty(), true);
    }
    return new Found(Optional.of(new Witness(Long.parseLong(matcher.group(2)), matcher.group(3))), false);
  }

  /** Writes it over what is there, in the same bytes of the file, so that a full disk has room for it. */
  void write(Path file, Disk disk) throws IOException {
    String text = String.format(Locale.ROOT, "perennial newest 1\ncommit %019d\ndatabase %s\n", commit, database);
    String check = new Sha256().text(text).hex();
    try (FileChannel channel = disk.update(file)) {
      disk.write(channel, ByteBuffer.wrap((text + "check " + check + "\n").getBytes(US_ASCII)));
    }
  }
}
