package dev.perennial.store;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;

/**
 * The list of a backup's files, {@code backup.json}: what it names is the backup, and it is replaced in one step.
 *
 * @param format 1
 * @param made when, in UTC
 * @param commit the newest commit that is in it; 0 for none
 * @param files by path within the store
 * @param sha256 of all the rest, in the order of the components
 */
record BackupManifest(int format, String made, long commit, List<Entry> files, String sha256) {
  /** The newest layout that this program knows. */
  static final int FORMAT = 1;

  private static final String NAME = "backup.json";
  private static final long MOST_BYTES = 256L << 20;
  private static final ObjectWriter WRITER = JsonMapper.builder().build().writerWithDefaultPrettyPrinter();
  private static final ObjectReader READER =
      JsonMapper.builder().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build().readerFor(BackupManifest.class);

  /**
   * A file of the store.
   *
   * @param path within the store, with slashes
   * @param sha256 of its bytes, which are in {@code files/<sha256>}
   * @param bytes how many there are
   */
  record Entry(String path, String sha256, long bytes) {}

  BackupManifest {
    files = List.copyOf(files);
  }

  static BackupManifest of(String made, long commit, List<Entry> files) {
    var open = new BackupManifest(FORMAT, made, commit, files, "");
    return new BackupManifest(FORMAT, made, commit, files, open.digest());
  }

  private String digest() {
    var digest = new Sha256().text("perennial backup").number(format).text(made).number(commit).number(files.size());
    files.forEach(file -> digest.text(file.path()).text(file.sha256()).number(file.bytes()));
    return digest.hex();
  }

  /** Where the bytes of a file are. */
  static Path place(Path backup, String sha256) {
    return backup.resolve("files").resolve(sha256);
  }

  static boolean isIn(Path backup) {
    return Files.exists(backup.resolve(NAME));
  }

  /**
   * Reads it.
   *
   * @throws UsageException if there is none
   * @throws FailureException if it is damaged or of a newer format
   */
  static BackupManifest read(Path backup) {
    Path file = backup.resolve(NAME);
    try {
      if (Files.size(file) > MOST_BYTES) {
        throw damaged(file, "it is larger than any list of files");
      }
      BackupManifest manifest = READER.readValue(Files.readString(file, UTF_8));
      if (manifest.format > FORMAT) {
        throw new FailureException("the backup " + backup + " has format " + manifest.format
            + ", this program reads up to format " + FORMAT + ": use a newer Perennial");
      }
      if (!manifest.digest().equals(manifest.sha256)) {
        throw damaged(file, "expected SHA-256 " + manifest.sha256 + " of what it says, found " + manifest.digest());
      }
      manifest.check(file);
      return manifest;
    } catch (NoSuchFileException e) {
      throw new UsageException("expected a backup in " + backup + ", there is none: check the path, or make one by"
          + " ./perennial store backup");
    } catch (JsonProcessingException | NullPointerException e) {
      throw damaged(file, "it is not what a backup writes");
    } catch (IOException e) {
      throw new FailureException("cannot read " + file + ": " + Disk.reason(e), e);
    }
  }

  private void check(Path file) {
    var paths = new HashSet<Path>();
    for (Entry entry : files) {
      Path path = Path.of(entry.path());
      boolean inside = !path.isAbsolute() && !entry.path().isEmpty() && path.equals(path.normalize())
          && !path.startsWith("..");
      if (!inside || !paths.add(path) || entry.bytes() < 0 || !entry.sha256().matches("[0-9a-f]{64}")) {
        throw damaged(file, "it names a file that no store has: " + entry.path());
      }
    }
  }

  private static FailureException damaged(Path file, String problem) {
    return new FailureException(
        "the backup's " + file + " is damaged: " + problem + "; use another backup, or make a new one elsewhere");
  }

  /** Puts it in the place of the one before, synced. */
  void write(Path backup, Disk disk) throws IOException {
    Path temporary = backup.resolve(NAME + ".tmp");
    try (FileChannel channel = disk.create(temporary)) {
      disk.write(channel, ByteBuffer.wrap((WRITER.writeValueAsString(this) + "\n").getBytes(UTF_8)));
      disk.sync(channel);
    }
    disk.rename(temporary, backup.resolve(NAME));
    disk.syncDirectory(backup);
  }
}
