package dev.perennial.store;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class BlobFilePropertyTest {

  /** Pieces of any length, of which some come to more than is written at once, give the file that holds them in order. */
  @Property(tries = 60)
  void write_inPieces_givesTheFileOfAllBytes(
      @ForAll @Size(max = 6) List<@IntRange(min = 0, max = 3_000_000) Integer> lengths, @ForAll boolean large, @ForAll long seed)
      throws IOException {
    Path directory = Files.createTempDirectory("perennial-blob-file");
    Path path = directory.resolve("new.tmp");
    var bytes = new byte[lengths.stream().mapToInt(Integer::intValue).sum()];
    new Random(seed).nextBytes(bytes);
    Disk disk = new SystemDisk();
    try {
      try (BlobFile file = BlobFile.create(disk, path, large ? disk.large() : 0, Pace.unlimited())) {
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
