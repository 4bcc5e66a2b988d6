package dev.perennial.tensor;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.nio.ByteOrder.LITTLE_ENDIAN;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.perennial.FailureException;
import dev.perennial.tensor.SafetensorsHeader.Entry;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The safetensors file format: named tensors behind a JSON header.
 *
 * <p>Layout: 8 bytes, the header's length as a little-endian number; the header, UTF-8 JSON; then the tensors' bytes,
 * one right behind the other. Reading keeps every rule of the reference parser and also refuses duplicate keys; writing
 * gives byte for byte what the reference writer gives, with the metadata's keys in order. Nothing is allocated by a size
 * that the file merely claims. Source: the format's description and {@code safetensors/src/tensor.rs} of
 * huggingface/safetensors.
 */
public final class Safetensors {
  private static final long LENGTH_BYTES = 8;
  private static final int CHUNK = 1 << 20;

  private Safetensors() {}

  /**
   * Maps a file and checks its header. O(header); the tensors' bytes are read when they are used.
   *
   * @throws FailureException if the file cannot be read or breaks a rule of the format: one line with the file, the
   *     tensor and what was expected
   */
  public static SafetensorsFile open(Path path) {
    Arena mapping = Arena.ofShared();
    boolean opened = false;
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
      MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), mapping);
      SafetensorsFile file = parse(bytes, path.toString(), mapping);
      opened = true;
      return file;
    } catch (IOException e) {
      throw new FailureException("cannot read " + path + ": " + reason(e) + "; expected a safetensors file", e);
    } finally {
      if (!opened) {
        mapping.close();
      }
    }
  }

  /**
   * Reads a file that is in memory already.
   *
   * @param bytes the whole file; the tensors are views of it, and it stays the caller's
   * @param where what messages call it
   * @throws FailureException as {@link #open}
   */
  public static SafetensorsFile parse(MemorySegment bytes, String where) {
    return parse(bytes, where, null);
  }

  /**
   * Writes a file beside {@code path}, syncs it and renames it into place, so that a file mapped from there stays whole
   * and a failure leaves what was there before.
   *
   * @param metadata free texts about the file, often {@code {"format": "pt"}}; left out of the file when empty
   * @throws FailureException if the file cannot be written; the temporary file is removed
   * @throws IllegalArgumentException if a tensor is called {@code __metadata__}, or a name is not Unicode
   */
  public static void write(Path path, Map<String, TensorData> tensors, Map<String, String> metadata) {
    Path temporary = path.resolveSibling(path.getFileName() + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(
              temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
        write(channel, tensors, metadata);
        channel.force(true);
      }
      Files.move(temporary, path, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      var failure = new FailureException("cannot write " + path + ": " + reason(e) + "; check the place and its space", e);
      try {
        Files.deleteIfExists(temporary);
      } catch (IOException left) {
        failure.addSuppressed(left);
      }
      throw failure;
    }
  }

  /**
   * Writes a file to a channel: the tensors by descending {@link Dtype}, then by name in the order of UTF-8 bytes. The
   * same tensors and metadata always give the same bytes.
   *
   * @throws IOException if the channel fails
   * @throws IllegalArgumentException as {@link #write(Path, Map, Map)}
   */
  public static void write(WritableByteChannel channel, Map<String, TensorData> tensors, Map<String, String> metadata)
      throws IOException {
    SafetensorsHeader header = SafetensorsHeader.of(tensors, metadata);
    byte[] json = header.encode();
    ByteBuffer start = ByteBuffer.allocate((int) LENGTH_BYTES + json.length).order(LITTLE_ENDIAN);
    writeAll(channel, start.putLong(json.length).put(json).flip());
    for (Entry entry : header.entries()) {
      MemorySegment data = Objects.requireNonNull(tensors.get(entry.name())).data();
      // Native memory is written from where it lies; what is on the heap is copied, whatever kind of array it is.
      byte[] chunk = new byte[data.isNative() ? 0 : (int) Math.min(CHUNK, data.byteSize())];
      for (long from = 0; from < data.byteSize(); from += CHUNK) {
        int length = (int) Math.min(CHUNK, data.byteSize() - from);
        if (data.isNative()) {
          writeAll(channel, data.asSlice(from, length).asByteBuffer());
        } else {
          MemorySegment.copy(data, JAVA_BYTE, from, chunk, 0, length);
          writeAll(channel, ByteBuffer.wrap(chunk, 0, length));
        }
      }
    }
  }

  private static SafetensorsFile parse(MemorySegment bytes, String where, @Nullable Arena mapping) {
    long size = bytes.byteSize();
    if (size < LENGTH_BYTES) {
      throw damaged(where, "expected at least " + LENGTH_BYTES + " bytes, found " + size);
    }
    long length = bytes.get(JAVA_LONG_UNALIGNED.withOrder(LITTLE_ENDIAN), 0);
    if (length < 0 || length > SafetensorsHeader.MAX_BYTES) {
      String found = Long.toUnsignedString(length);
      throw damaged(where, "expected a header of at most " + SafetensorsHeader.MAX_BYTES + " bytes, found " + found);
    }
    if (length > size - LENGTH_BYTES) {
      throw damaged(where, "the header claims " + length + " bytes, the file has " + (size - LENGTH_BYTES) + " of them");
    }
    MemorySegment data = bytes.asSlice(LENGTH_BYTES + length).asReadOnly();
    SafetensorsHeader header = SafetensorsHeaderReader.read(text(bytes.asSlice(LENGTH_BYTES, length), where), where);
    long end = header.entries().isEmpty() ? 0 : header.entries().getLast().end();
    if (end != data.byteSize()) {
      throw damaged(where, "the tensors take " + end + " bytes, the file holds " + data.byteSize() + " for them");
    }
    var tensors = new TreeMap<String, TensorData>();
    for (Entry entry : header.entries()) {
      MemorySegment slice = data.asSlice(entry.begin(), entry.end() - entry.begin());
      tensors.put(entry.name(), new TensorData(entry.dtype(), entry.shape(), slice));
    }
    return new SafetensorsFile(where, tensors, header.metadata(), mapping);
  }

  private static String text(MemorySegment header, String where) {
    try {
      return UTF_8.newDecoder().decode(ByteBuffer.wrap(header.toArray(JAVA_BYTE))).toString();
    } catch (CharacterCodingException e) {
      throw SafetensorsHeaderReader.damaged(where, "expected a header in UTF-8, found other bytes", e);
    }
  }

  private static void writeAll(WritableByteChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static FailureException damaged(String where, String problem) {
    return SafetensorsHeaderReader.damaged(where, problem, null);
  }

  private static String reason(IOException e) {
    return switch (e) {
      case NoSuchFileException _ -> "no such file or directory";
      case AccessDeniedException _ -> "permission denied";
      case FileSystemException f when f.getReason() != null -> f.getReason();
      default -> String.valueOf(e.getMessage());
    };
  }
}
