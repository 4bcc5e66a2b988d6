package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

final class BlobFilePropertyTest {

  enum Way {
    CACHE,
    DIRECT,
    /** Opened for the direct way, which then takes no bytes: all of them go the usual one. */
    REFUSED
  }

  /** A file system that opens files for the direct way and takes nothing on it. */
  private static final class RefusingDisk extends SteppedDisk {

    private @Nullable FileChannel refused;

    @Override
    void step() {}

    @Override
    public FileChannel direct(Path file) throws IOException {
      FileChannel channel = super.direct(file);
      refused = channel;
      return channel;
    }

    @Override
    public void write(FileChannel file, ByteBuffer bytes) throws IOException {
      if (file == refused) {
        throw new IOException("Invalid argument");
      }
      super.write(file, bytes);
    }
  }

  /** The block that is refused ends within the second piece; the third comes after its rest. */
  @Example
  void write_directWayRefused_keepsTheOrder() throws IOException {
    write_inPieces_givesTheFileOfAllBytes(List.of(3_000_000, 3_000_000, 3_000_000), Way.REFUSED, 5);
  }

  /** Pieces of any length, of which some come to more than is written at once, give the file that holds them in order. */
  @Property(tries = 60)
  void write_inPieces_givesTheFileOfAllBytes(
      @ForAll @Size(max = 6) List<@IntRange(min = 0, max = 3_000_000) Integer> lengths, @ForAll Way way, @ForAll long seed)
      throws IOException {
    Path directory = Files.createTempDirectory("perennial-blob-file");
    Path path = directory.resolve("new.tmp");
    var bytes = new byte[lengths.stream().mapToInt(Integer::intValue).sum()];
    new Random(seed).nextBytes(bytes);
    Disk disk = way == Way.REFUSED ? new RefusingDisk() : new SystemDisk();
    try {
      try (BlobFile file = BlobFile.create(disk, path, way == Way.CACHE ? 0 : disk.large(), Pace.unlimited())) {
        int at = 0;
        for (int length : lengths) {
          file.write(ByteBuffer.wrap(bytes, at, length));
          at += length;
        }
        file.sync();
      }
      assertArrayEquals(bytes, Files.readAllBytes(path));
    } finally {
      Files.deleteIfExists(path);
      Files.delete(directory);
    }
  }
}
