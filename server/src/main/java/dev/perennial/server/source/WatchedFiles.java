package dev.perennial.server.source;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The files of a watched directory, and those below it that were learned. */
final class WatchedFiles {

  private static final String LEARNED = "learned";
  private static final int SHORT = 8;

  private final DirectoryOptions options;
  private final InstantSource clock;
  private final Path learned;
  private final Map<String, Seen> seen = new HashMap<>();

  /**
   * What a file was when it was looked at.
   *
   * @param since when it was first seen like this
   * @param sha256 of its bytes; null where nobody asked yet
   */
  private record Seen(long size, Instant modified, Instant since, @Nullable String sha256) {}

  /**
   * Makes sure that there is such a directory.
   *
   * @throws UsageException if there is none that files can be moved in
   */
  WatchedFiles(DirectoryOptions options, InstantSource clock) {
    this.options = options;
    this.clock = clock;
    this.learned = options.directory().resolve(LEARNED);
    if (!Files.isDirectory(options.directory()) || !Files.isWritable(options.directory())) {
      throw new UsageException("expected a directory to watch that can be written to, got " + options.directory()
          + ": make it, or name another; files that were learned are moved to " + LEARNED + " in it");
    }
    try {
      Files.createDirectories(learned);
    } catch (IOException e) {
      throw failed("could not make " + learned, e);
    }
  }

  Path path(String name) {
    return options.directory().resolve(name);
  }

  /** Names of files that are not being written, in alphabetical order. */
  List<String> settled() {
    Instant now = clock.instant();
    List<String> names;
    try (Stream<Path> files = Files.list(options.directory())) {
      names = files.map(file -> file.getFileName() + "")
          .filter(name -> !name.startsWith(".") && (name.endsWith(".jsonl") || name.endsWith(".ndjson"))).sorted().toList();
    } catch (IOException e) {
      throw failed("could not list " + options.directory(), e);
    }
    seen.keySet().retainAll(names);
    return names.stream().filter(name -> {
      Seen file = look(name, now);
      return file != null && (!file.modified.plus(options.settle()).isAfter(now)
          || !file.since.plus(options.settle()).isAfter(now));
    }).toList();
  }

  private @Nullable Seen look(String name, Instant now) {
    BasicFileAttributes attributes;
    try {
      attributes = Files.readAttributes(path(name), BasicFileAttributes.class);
    } catch (NoSuchFileException gone) {
      return null;
    } catch (IOException e) {
      throw failed("could not look at " + path(name), e);
    }
    if (!attributes.isRegularFile()) {
      return null;
    }
    Seen before = seen.get(name);
    Instant modified = attributes.lastModifiedTime().toInstant();
    if (before != null && before.size == attributes.size() && before.modified.equals(modified)) {
      return before;
    }
    var fresh = new Seen(attributes.size(), modified, now, null);
    seen.put(name, fresh);
    return fresh;
  }

  /** The digest of a file as it is now; null where there is none. Read again only where it has changed. */
  @Nullable String sha256(String name) {
    Seen file = look(name, clock.instant());
    if (file == null || file.sha256 != null) {
      return file == null ? null : file.sha256;
    }
    String found = digest(path(name));
    if (found != null) {
      seen.put(name, new Seen(file.size, file.modified, file.since, found));
    }
    return found;
  }

  private static @Nullable String digest(Path file) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
        in.transferTo(OutputStream.nullOutputStream());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchFileException gone) {
      return null;
    } catch (IOException e) {
      throw failed("could not read " + file, e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  /** Whether a file of that name and content was learned and moved away before. */
  boolean wasLearned(String name, String sha256) {
    return Files.exists(other(name, sha256)) || sha256.equals(digest(learned.resolve(name)));
  }

  /** Moves a file that was learned away, and makes sure that it stays there. */
  void move(String name, String sha256) {
    if (!sha256.equals(sha256(name))) {
      return;
    }
    Path target = learned.resolve(name);
    if (Files.exists(target) && !sha256.equals(digest(target))) {
      target = other(name, sha256);
    }
    try {
      Files.move(path(name), target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      sync(learned);
      sync(options.directory());
    } catch (IOException e) {
      throw failed("could not move " + path(name) + " to " + target, e);
    }
  }

  private Path other(String name, String sha256) {
    return learned.resolve(name + "." + sha256.substring(0, SHORT));
  }

  private static void sync(Path directory) throws IOException {
    try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
      channel.force(true);
    }
  }

  static FailureException failed(String what, IOException e) {
    return new FailureException(what + " (" + e.getClass().getSimpleName() + ": " + e.getMessage()
        + "): check permissions and space, and start again; nothing that was committed is lost", e);
  }
}
