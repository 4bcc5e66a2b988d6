package dev.perennial.store;

import dev.perennial.FailureException;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.StatePart;
import java.io.FileInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
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

/**
 * The directory of blobs: safetensors files named by the SHA-256 of their bytes, written once and never changed.
 *
 * <p>A blob is written to {@code <sha256>.tmp}, synced and renamed; the directory is synced once for all blobs of a
 * commit. What a failed sync may have left behind is never used again: the file or its entry is deleted.
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

  Blobs(Path directory, Disk disk) {
    this.directory = directory;
    this.disk = disk;
  }

  Path path(String sha256) {
    return directory.resolve(sha256 + SUFFIX);
  }

  /** Takes it that these blobs are on the medium, since the commits that name them are. */
  void trust(Set<String> committed) {
    durable.addAll(committed);
  }

  /**
   * Makes the parts' blobs durable, writing only those that are not there in full.
   *
   * @throws IOException if that failed; the files that this call brought in are then deleted again
   */
  List<PartRef> put(Collection<StatePart> parts) throws IOException {
    var refs = new ArrayList<PartRef>();
    var fresh = new ArrayList<Path>();
    try {
      boolean wrote = false;
      for (StatePart part : parts) {
        PartRef ref = reference(part);
        refs.add(ref);
        if (!durable.contains(ref.sha256()) || problem(ref).isPresent()) {
          write(part, ref, fresh);
          wrote = true;
        }
      }
      if (wrote) {
        disk.syncDirectory(directory);
      }
    } catch (IOException | RuntimeException e) {
      fresh.forEach(file -> delete(file, e));
      throw e;
    }
    for (PartRef ref : refs) {
      durable.add(ref.sha256());
      sound.add(ref.sha256());
    }
    return refs;
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
   * Maps a part's blob into {@code arena}, after reading and checking all of it.
   *
   * @throws FailureException naming file, expected and found digest
   */
  StatePart open(PartRef ref, Arena arena) {
    sound.remove(ref.sha256());
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

  /** Deletes every blob that is not to be kept, and gives back the bytes that it held. */
  long retain(Set<String> kept) throws IOException {
    long freed = 0;
    for (Path file : files()) {
      String name = file.getFileName().toString();
      if (name.endsWith(SUFFIX) && !kept.contains(name.substring(0, name.length() - SUFFIX.length()))) {
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

  private static void fail(String problem) {
    throw new FailureException(problem + "; the blob is damaged: put a copy of it back, or go on from another commit");
  }

  private static PartRef reference(StatePart part) throws IOException {
    var sink = new Sink(bytes -> {});
    Safetensors.write(sink, part.tensors(), Map.of());
    return new PartRef(part.name(), part.combine(), sink.sha256(), sink.bytes());
  }

  private void write(StatePart part, PartRef ref, List<Path> fresh) throws IOException {
    Path file = path(ref.sha256());
    Path temporary = directory.resolve(ref.sha256() + TEMPORARY);
    durable.remove(ref.sha256());
    try {
      try (FileChannel channel = disk.create(temporary)) {
        var sink = new Sink(bytes -> disk.write(channel, bytes));
        Safetensors.write(sink, part.tensors(), Map.of());
        if (!sink.sha256().equals(ref.sha256())) {
          throw new IOException("the tensors of part " + part.name() + " changed while they were written");
        }
        disk.sync(channel);
      }
      if (Files.notExists(file)) {
        fresh.add(file);
      }
      disk.rename(temporary, file);
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
  private static String digest(Path file) throws IOException {
    var digest = new Sha256();
    var chunk = new byte[1 << 20];
    try (var in = new FileInputStream(file.toFile())) {
      for (int length = in.read(chunk); length >= 0; length = in.read(chunk)) {
        digest.bytes(ByteBuffer.wrap(chunk, 0, length));
      }
    }
    return digest.hex();
  }
}
