package dev.perennial.shrink;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/*
 * bytes 0 to 7    PERNPACK
 *       8 to 15   length of the header, little-endian
 *       16 to 23  CRC-32 of the header, little-endian
 *       then      the header, as PackedHeader has it
 *       then      the parts: of each tensor, in the header's order, those that it cannot do without; then those of the
 *                 header's order. So a budget of bytes is a beginning of the file.
 */
/**
 * A file that holds a {@link Packed}. What a file claims is held against its size before anything is allocated, and every
 * part has a checksum.
 */
final class PackedFile {

  private static final byte[] MAGIC = "PERNPACK".getBytes(UTF_8);
  private static final int START = 24;
  private static final int MOST_HEADER = 64 << 20;

  private PackedFile() {}

  /** What was read: the pile, as far as it was to be loaded, and the texts about it. */
  record Contents(Packed packed, Map<String, String> metadata) {}

  static void write(Path file, Packed packed, Map<String, String> metadata) {
    List<byte[]> parts = new ArrayList<>();
    var next = new TreeMap<String, Integer>();
    packed.tensors().forEach((name, tensor) -> {
      parts.addAll(tensor.parts().subList(0, tensor.coding().least()));
      next.put(name, tensor.coding().least());
    });
    for (String name : packed.order()) {
      int part = next.merge(name, 1, Integer::sum) - 1;
      packed.tensors().entrySet().stream().filter(entry -> entry.getKey().equals(name)).findFirst()
          .ifPresent(entry -> parts.add(entry.getValue().parts().get(part)));
    }
    byte[] header = PackedHeader.of(packed, metadata, parts.stream().map(PackedFile::checksum).toList()).text().getBytes(UTF_8);
    Path temporary = file.resolveSibling(file.getFileName() + ".tmp");
    try {
      try (FileChannel channel = FileChannel.open(
          temporary, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
        writeAll(channel, ByteBuffer.allocate(START).order(ByteOrder.LITTLE_ENDIAN)
            .put(MAGIC).putLong(header.length).putLong(checksum(header)).flip());
        writeAll(channel, ByteBuffer.wrap(header));
        for (byte[] part : parts) {
          writeAll(channel, ByteBuffer.wrap(part));
        }
        channel.force(true);
      }
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw new FailureException("cannot write " + file + ": " + e.getClass().getSimpleName() + ": " + e.getMessage()
          + "; check the place and its space", e);
    }
  }

  /** The header alone. */
  static PackedHeader header(Path file) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      return header(file, channel).header;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  /**
   * Reads as much of a file as there are bytes for, the header counted in.
   *
   * @throws UsageException if so few bytes are not enough for any part of it
   * @throws FailureException if it is damaged
   */
  static Contents read(Path file, long most) {
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      Opened opened = header(file, channel);
      PackedHeader header = opened.header;
      List<PackedHeader.Part> parts = header.parts();
      long total = opened.start + parts.stream().mapToLong(PackedHeader.Part::bytes).sum();
      if (total != channel.size()) {
        throw damaged(file, "parts up to byte " + total, "a file of " + channel.size() + " bytes");
      }
      var loaded = new LinkedHashMap<String, List<byte[]>>();
      header.tensors().forEach(tensor -> loaded.put(tensor.name(), new ArrayList<>()));
      long at = opened.start;
      int count = 0;
      for (PackedHeader.Part part : parts) {
        if (at + part.bytes() > most) {
          break;
        }
        byte[] bytes = read(channel, at, Math.toIntExact(part.bytes()));
        if (checksum(bytes) != part.checksum()) {
          throw damaged(file, "part " + part.place() + " of " + part.tensor().name() + " at byte " + at + " with the checksum "
              + part.checksum(), checksum(bytes) + "");
        }
        loaded.computeIfAbsent(part.tensor().name(), name -> new ArrayList<>()).add(bytes);
        at += part.bytes();
        count++;
      }
      int least = parts.size() - header.order().size();
      if (count < least) {
        long needed = opened.start + parts.subList(0, least).stream().mapToLong(PackedHeader.Part::bytes).sum();
        throw new UsageException("expected at least " + Packed.megabytes(needed) + " to load " + file + ", which its parts"
            + " that cannot be left out take, got " + Packed.megabytes(most));
      }
      var tensors = new LinkedHashMap<String, PackedTensor>();
      header.tensors().forEach(tensor -> tensors.put(
          tensor.name(), new PackedTensor(tensor.coding(), tensor.shape(), loaded.getOrDefault(tensor.name(), List.of()))));
      return new Contents(new Packed(tensors, header.order().subList(0, count - least)), header.metadata());
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private record Opened(PackedHeader header, long start) {}

  private static Opened header(Path file, FileChannel channel) throws IOException {
    long size = channel.size();
    if (size < START) {
      throw damaged(file, "at least " + START + " bytes", size + "");
    }
    ByteBuffer start = ByteBuffer.wrap(read(channel, 0, START)).order(ByteOrder.LITTLE_ENDIAN);
    if (!start.slice(0, MAGIC.length).equals(ByteBuffer.wrap(MAGIC))) {
      throw damaged(file, "PERNPACK at its beginning", "other bytes");
    }
    long length = start.getLong(8);
    if (length < 2 || length > MOST_HEADER || length > size - START) {
      throw damaged(file, "a header of 2 to " + Math.min(MOST_HEADER, size - START) + " bytes", Long.toUnsignedString(length));
    }
    byte[] text = read(channel, START, (int) length);
    if (checksum(text) != start.getLong(16)) {
      throw damaged(file, "a header with the checksum " + start.getLong(16), checksum(text) + "");
    }
    try {
      return new Opened(PackedHeader.parse(new String(text, UTF_8)), START + length);
    } catch (IllegalArgumentException e) {
      throw new FailureException(file + ": " + e.getMessage(), e);
    } catch (JsonProcessingException e) {
      throw damaged(file, "a header in JSON", e.getOriginalMessage().lines().findFirst().orElse("something else"));
    }
  }

  private static byte[] read(FileChannel channel, long at, int length) throws IOException {
    var bytes = ByteBuffer.allocate(length);
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, at + bytes.position()) < 0) {
        throw new IOException("it ends at byte " + (at + bytes.position()));
      }
    }
    return bytes.array();
  }

  private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  private static long checksum(byte[] bytes) {
    var crc = new CRC32();
    crc.update(bytes);
    return crc.getValue();
  }

  private static FailureException damaged(Path file, String expected, String found) {
    return new FailureException(file + ": expected " + expected + ", found " + found
        + "; the file is damaged or is no packed tensors");
  }

  private static FailureException unreadable(Path file, IOException e) {
    return new FailureException("cannot read " + file + ": " + e.getClass().getSimpleName() + ": " + e.getMessage(), e);
  }
}
