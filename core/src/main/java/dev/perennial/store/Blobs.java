package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.StatePart;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The directory of blobs: safetensors files named by the SHA-256 of their bytes, written once and never changed.
 *
 * <p>A blob is written to {@code new-<epoch>-<n>.tmp}, synced and renamed; the directory is synced once for all blobs of a
 * commit. The epoch is the writer's: a writer that was replaced, and does not know it, cannot touch another one's files.
 * What a failed sync may have left behind is never used again: the temporary file is deleted, and a blob whose name may
 * not be on the medium is written anew by whoever needs it.
 */
final class Blobs {
  private static final String SUFFIX = ".safetensors";
  private static final String TEMPORARY = ".tmp";

  private final Path directory;
  private final Disk disk;

  /** Digests whose bytes this object has read and found right, so that they need no second look. */
  private final Set<String> sound = new HashSet<>();

  /** Digests whose files are known to be on the medium, entry and all: those of a commit, or synced by this object. */
  private final Set<String> durable = new HashSet<>();

  /** Files that this object brought in and no commit names yet. */
  private final Set<Path> unnamed = new HashSet<>();

  private Pace pace = Pace.unlimited();
  private LongConsumer read = bytes -> {};
  private long epoch;
  private long written;

  Blobs(Path directory, Disk disk) {
    this.directory = directory;
    this.disk = disk;
  }

  Path path(String sha256) {
    return directory.resolve(sha256 + SUFFIX);
  }

  /** Begins to write as the writer of that epoch; the blobs of {@code committed} are on the medium already. */
  void begin(long writer, Set<String> committed) {
    epoch = writer;
    durable.addAll(committed);
  }

  void pace(Pace limit) {
    pace = limit;
  }

  /** From now on {@code listener} hears how many bytes of blobs were read, again and again. */
  void watch(LongConsumer listener) {
    read = listener;
  }

  /**
   * Makes the parts' blobs durable, writing only those that are not there in full. Each part is digested once.
   *
   * @param unchanged by part name, the blobs of parts that the caller knows to be as they were; null where it knows
   *     nothing. Of these nothing is read, and the others, which have changed, are digested while they are written
   * @throws IOException if that failed; temporary files are deleted, {@link #unnamed} says what is left
   */
  List<PartRef> put(Collection<StatePart> parts, @Nullable Map<String, PartRef> unchanged) throws IOException {
    var refs = new ArrayList<PartRef>();
    boolean wrote = false;
    for (StatePart part : parts) {
      PartRef known = unchanged == null ? null : unchanged.get(part.name());
      if (known != null && isThere(known)) {
        refs.add(known);
        continue;
      }
      try (Naming naming = unchanged == null ? Naming.now(part) : Naming.begin(part)) {
        if (unchanged == null && isThere(naming.name().ref())) {
          refs.add(naming.name().ref());
        } else {
          refs.add(write(part, naming));
          wrote = true;
        }
      }
    }
    if (wrote) {
      disk.syncDirectory(directory);
    }
    for (PartRef ref : refs) {
      durable.add(ref.sha256());
      sound.add(ref.sha256());
    }
    return refs;
  }

  /** Whether the blob can be named by a commit as it is. */
  private boolean isThere(PartRef ref) {
    return durable.contains(ref.sha256()) && problem(ref).isEmpty();
  }

  /** What was put is no longer this object's: a commit names it, or nobody may. */
  void named() {
    unnamed.clear();
  }

  /** Deletes what was put since the last commit, as far as that is possible. */
  void deleteUnnamed(Exception cause) {
    for (Path file : unnamed) {
      durable.remove(digestOf(file));
      sound.remove(digestOf(file));
      delete(file, cause);
    }
  }

  /** What is wrong with a part's blob, in one line; empty if it has the right length and, read once, digest. */
  Optional<String> problem(PartRef ref) {
    try {
      Path file = path(ref.sha256());
      long bytes = Files.size(file);
      if (bytes != ref.bytes()) {
        return problem(ref, "expected " + ref.bytes() + " bytes, found " + bytes);
      }
      if (sound.contains(ref.sha256())) {
        return Optional.empty();
      }
      String found = digest(file);
      if (!found.equals(ref.sha256())) {
        return problem(ref, "expected SHA-256 " + ref.sha256() + ", found " + found);
      }
      sound.add(ref.sha256());
      return Optional.empty();
    } catch (NoSuchFileException e) {
      return problem(ref, "expected SHA-256 " + ref.sha256() + ", the file is missing");
    } catch (IOException e) {
      return problem(ref, "cannot read it: " + Disk.reason(e));
    }
  }

  /**
   * Maps a part's blob into {@code arena}, after reading and checking all of it, unless this object has done so since it
   * was told to {@link #distrust}.
   *
   * @throws FailureException naming file, expected and found digest
   */
  StatePart open(PartRef ref, Arena arena) {
    problem(ref).ifPresent(Blobs::fail);
    Path file = path(ref.sha256());
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      var bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, ref.bytes(), arena);
      return new StatePart(ref.name(), ref.combine(), Safetensors.parse(bytes, file.toString()).tensors());
    } catch (IOException e) {
      throw new FailureException("cannot read the blob " + file + ": " + Disk.reason(e), e);
    }
  }

  /** Forgets what was found right, so that the next look reads the bytes again. */
  void distrust() {
    sound.clear();
  }

  /** Forgets it of these blobs. */
  void distrust(Collection<PartRef> refs) {
    refs.forEach(ref -> sound.remove(ref.sha256()));
  }

  /** How many files of the directory are not among those. */
  long others(Set<String> kept) throws IOException {
    return files().stream().filter(file -> !kept.contains(digestOf(file))).count();
  }

  private static String digestOf(Path file) {
    String name = file.getFileName().toString();
    return name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : "";
  }

  /** Deletes every blob that is not to be kept, and gives back the bytes that it held. */
  long retain(Set<String> kept) throws IOException {
    long freed = 0;
    for (Path file : files()) {
      if (!digestOf(file).isEmpty() && !kept.contains(digestOf(file))) {
        freed += Files.size(file);
        disk.delete(file);
      }
    }
    durable.retainAll(kept);
    return freed;
  }

  /** Deletes what a writer that was killed left half-written. */
  void deleteTemporaries() throws IOException {
    for (Path file : files()) {
      if (file.getFileName().toString().endsWith(TEMPORARY)) {
        disk.delete(file);
      }
    }
  }

  private List<Path> files() throws IOException {
    try (var files = Files.list(directory)) {
      return files.toList();
    }
  }

  private Optional<String> problem(PartRef ref, String problem) {
    return Optional.of("part " + ref.name() + ", blob " + path(ref.sha256()) + ": " + problem);
  }

  static void fail(String problem) {
    throw new FailureException(problem + "; the blob is damaged: put a copy of it back, or go on from another commit");
  }

  /** Writes a part, and gives its name, which is known by then. */
  private PartRef write(StatePart part, Naming naming) throws IOException {
    Path temporary = directory.resolve("new-" + epoch + "-" + ++written + TEMPORARY);
    try {
      try (BlobFile file = BlobFile.create(disk, temporary, part.bytes(), pace)) {
        Sink sink = Sink.to(file);
        Safetensors.write(sink, part.tensors(), Map.of());
        if (sink.checksum() != naming.name().checksum()) {
          throw new IOException("the tensors of part " + part.name() + " changed while they were written");
        }
        file.sync();
      }
      PartRef ref = naming.name().ref();
      Path file = path(ref.sha256());
      durable.remove(ref.sha256());
      if (Files.notExists(file)) {
        unnamed.add(file);
      }
      disk.rename(temporary, file);
      return ref;
    } catch (IOException | RuntimeException e) {
      delete(temporary, e);
      throw e;
    }
  }

  private void delete(Path file, Exception cause) {
    try {
      disk.delete(file);
    } catch (IOException e) {
      cause.addSuppressed(e);
    }
  }

  /** Reads through a stream, which an interrupt does not end: an interrupted reader must not take a blob for damaged. */
  private String digest(Path file) throws IOException {
    try (var in = disk.read(file)) {
      return Sha256.of(in, read);
    }
  }
}
