package dev.perennial.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.FailureException;
import dev.perennial.UsageException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class IdxImagesTest {

  @TempDir Path dir = Path.of("");

  private Path trainImages() {
    return dir.resolve("train-images-idx3-ubyte");
  }

  private Path trainLabels() {
    return dir.resolve("train-labels-idx1-ubyte");
  }

  private static byte[] idx(int[] header, int... samples) {
    var buffer = ByteBuffer.allocate(Integer.BYTES * header.length + samples.length);
    Arrays.stream(header).forEach(buffer::putInt);
    Arrays.stream(samples).forEach(sample -> buffer.put((byte) sample));
    return buffer.array();
  }

  private static int[] header(int... numbers) {
    return numbers;
  }

  @BeforeEach
  void writeFiles() {
    TableFixtures.write(trainImages(), idx(header(0x803, 2, 1, 3), 0, 127, 255, 3, 4, 5));
    TableFixtures.write(trainLabels(), idx(header(0x801, 2), 9, 0));
    TableFixtures.write(dir.resolve("t10k-images-idx3-ubyte"), idx(header(0x803, 1, 1, 3), 7, 8, 9));
    TableFixtures.write(dir.resolve("t10k-labels-idx1-ubyte"), idx(header(0x801, 1), 9));
  }

  private String refused() {
    return TableFixtures.problem(UsageException.class, () -> IdxImages.read(dir));
  }

  @Test
  void read_plainAndGzip_givesImagesAndDigits() throws IOException {
    for (var part : List.of("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte")) {
      TableFixtures.gzip(dir.resolve(part));
      Files.delete(dir.resolve(part));
    }
    var read = IdxImages.read(dir);
    assertEquals(List.of("9", "0"), read.train().stream().map(Example::label).toList());
    assertEquals(List.of("9"), read.test().stream().map(Example::label).toList());
    var first = (Input.Image) read.train().getFirst().input();
    assertEquals(1, first.channels());
    assertEquals(1, first.height());
    assertEquals(3, first.width());
    assertArrayEquals(new byte[] {0, 127, (byte) 255}, first.samples());
    assertArrayEquals(new byte[] {3, 4, 5}, ((Input.Image) read.train().get(1).input()).samples());
    assertEquals(dir.getFileName().toString(), read.name());
  }

  @Test
  void read_missingFile_namesIt() throws IOException {
    Files.delete(trainLabels());
    assertEquals(
        dir + " has no file train-labels-idx1-ubyte or train-labels-idx1-ubyte.gz: name the directory with the four "
            + "IDX files",
        refused());
  }

  @Test
  void read_wrongMagic_saysWhatCame() {
    TableFixtures.write(trainImages(), idx(header(0x801, 2), 1, 2));
    assertEquals(
        trainImages() + " is no IDX file of that kind: it starts with 2049, expected 2051 for images; "
            + "get it again from its source",
        refused());
  }

  @Test
  void read_tooFewBytes_saysSo() {
    TableFixtures.write(trainImages(), idx(header(0x803, 2, 1, 3), 0, 127, 255, 3, 4));
    assertEquals(
        trainImages() + " is no IDX file of that kind: it ends too early; get it again from its source", refused());
    TableFixtures.write(trainImages(), new byte[] {0, 0, 8});
    assertEquals(
        trainImages() + " is no IDX file of that kind: it ends too early; get it again from its source", refused());
  }

  /** Claims far more than fits in memory: reading must stop at what is there, without allocating for the claim. */
  @Test
  void read_hugeClaims_areRefusedWithoutAllocating() {
    TableFixtures.write(trainImages(), idx(header(0x803, Integer.MAX_VALUE, 40_000, 50_000), 1, 2, 3));
    assertEquals(
        trainImages() + " is no IDX file of that kind: it ends too early; get it again from its source", refused());
    TableFixtures.write(trainImages(), idx(header(0x803, 1, Integer.MAX_VALUE, Integer.MAX_VALUE), 1));
    assertEquals(
        trainImages() + " is no IDX file of that kind: its images are said to be 2147483647x2147483647; "
            + "get it again from its source",
        refused());
    TableFixtures.write(trainImages(), idx(header(0x803, -1, 1, 3), 1, 2, 3));
    assertEquals(
        trainImages() + " is no IDX file of that kind: it is said to hold -1 images; get it again from its source",
        refused());
  }

  @Test
  void read_tooManyBytes_saysSo() {
    TableFixtures.write(trainLabels(), idx(header(0x801, 2), 9, 0, 1));
    assertEquals(
        trainLabels() + " is no IDX file of that kind: it goes on after the number of bytes that its header announces; "
            + "get it again from its source",
        refused());
  }

  @Test
  void read_countsDiffer_namesBothFiles() {
    TableFixtures.write(trainLabels(), idx(header(0x801, 3), 9, 0, 1));
    assertEquals(
        trainImages() + " has 2 images and " + trainLabels() + " has 3 labels, expected as many: get both again from "
            + "one source",
        refused());
  }

  @Test
  void read_gzipBrokenOff_isAFailure() throws IOException {
    var packed = TableFixtures.gzip(trainLabels());
    Files.delete(trainLabels());
    TableFixtures.write(packed, Arrays.copyOf(Files.readAllBytes(packed), 14));
    assertEquals(
        "cannot read " + packed + ": Unexpected end of ZLIB input stream; check that it is whole and may be read",
        TableFixtures.problem(FailureException.class, () -> IdxImages.read(dir)));
  }
}
