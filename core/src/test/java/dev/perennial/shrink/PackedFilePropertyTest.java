package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;

/** Packed tensors, and the files that hold them, of any content and with any damage. */
final class PackedFilePropertyTest {

  private static Packed packed(long seed, int rows, int columns) {
    float[] weights = Matrices.normal(seed, rows * columns);
    var tensors = new LinkedHashMap<String, PackedTensor>();
    tensors.put("stack", BitStack.encode(weights, rows, columns, null, 3, 2));
    tensors.put("chunks", BitStack.encode(weights, rows, columns, null, 2, 1, 3));
    tensors.put("nested", NestedBits.encode(weights, rows, columns, 4));
    tensors.put("low", LowBits.with(LowBits.encode(weights, rows, columns, 3, 4), new float[rows], new float[columns], 1));
    tensors.put("sparse", SparseCoding.encode(Pruning.unstructured(0.4).pruned(weights, columns), rows, columns));
    tensors.put("plain", PackedTensor.plain(TensorData.of(new long[] {seed, 2}, 2)));
    return Packed.byLevel(tensors);
  }

  private static void with(Packed packed, FileTest test) throws IOException {
    Path directory = Files.createTempDirectory("packed");
    Path file = directory.resolve("a.packed");
    try {
      PackedFile.write(file, packed, Map.of("perennial", "é \"text\""));
      test.run(file);
    } finally {
      Files.delete(file);
      Files.delete(directory);
    }
  }

  private static long least(Packed packed) {
    return packed.tensors().values().stream().mapToLong(tensor -> tensor.bytes(tensor.coding().least())).sum();
  }

  private interface FileTest {
    void run(Path file) throws IOException;
  }

  @Property(tries = 60)
  void write_thenRead_givesEveryPartBack(
      @ForAll @LongRange(max = 1000) long seed, @ForAll @IntRange(min = 1, max = 20) int rows,
      @ForAll @IntRange(min = 1, max = 20) int columns) throws IOException {
    Packed packed = packed(seed, rows, columns);
    with(packed, file -> {
      PackedFile.Contents read = PackedFile.read(file, Long.MAX_VALUE);
      assertEquals("é \"text\"", read.metadata().get("perennial"));
      assertEquals(packed.order(), read.packed().order());
      assertEquals(packed.decode(), read.packed().decode());
      var format = new PackedFormat();
      assertEquals(new TreeMap<>(Map.of("perennial", "é \"text\"")), format.header(file).metadata());
      Path copy = file.resolveSibling("b.packed");
      format.copy(file, copy, Map.of("perennial", "other"));
      assertEquals(packed.decode(), format.read(copy, Long.MAX_VALUE));
      assertEquals("other", format.header(copy).metadata().get("perennial"));
      Files.delete(copy);
    });
  }

  /** So many bytes are the beginning of the order that fits into them, and one part more would not. */
  @Property(tries = 60)
  void read_withinBytes_isTheBeginningThatFits(
      @ForAll @LongRange(max = 1000) long seed, @ForAll @IntRange(min = 2, max = 16) int size,
      @ForAll @IntRange(max = 1000) int share) throws IOException {
    Packed packed = packed(seed, size, size);
    with(packed, file -> {
      long all = Files.size(file);
      long most = all * share / 1000;
      long least = all - packed.bytes() + least(packed);
      if (most < least) {
        assertThrows(UsageException.class, () -> PackedFile.read(file, most));
        return;
      }
      Packed read = PackedFile.read(file, most).packed();
      int count = read.order().size();
      assertEquals(packed.order().subList(0, count), read.order());
      assertTrue(all - packed.bytes() + read.bytes() <= most);
      assertEquals(packed.within(most - (all - packed.bytes())).order(), read.order());
    });
  }

  @Property(tries = 60)
  void blocks_moreOfThem_neverAddToTheError(
      @ForAll @LongRange(max = 1000) long seed, @ForAll @IntRange(min = 1, max = 24) int rows,
      @ForAll @IntRange(min = 1, max = 24) int columns, @ForAll @IntRange(min = 1, max = 6) int rank) {
    float[] weights = Matrices.normal(seed, rows * columns);
    PackedTensor packed = BitStack.encode(weights, rows, columns, null, 5, rank);
    double before = Matrices.squares(weights);
    for (int blocks = 1; blocks <= 5; blocks++) {
      double error = Matrices.error(weights, packed.decode(blocks));
      assertTrue(error <= before * 1.001 + 1e-6 * Matrices.squares(weights), blocks + ": " + error + " after " + before);
      before = error;
    }
  }

  /** Bit by bit the least squares error on nested cells falls. */
  @Property(tries = 60)
  void planes_moreOfThem_neverAddToTheError(
      @ForAll @LongRange(max = 1000) long seed, @ForAll @IntRange(min = 1, max = 8) int rows) {
    float[] weights = Matrices.normal(seed, rows * 80);
    PackedTensor packed = NestedBits.encode(weights, rows, 80, 8);
    double before = Matrices.squares(weights);
    for (int bits = 1; bits <= 8; bits++) {
      double error = Matrices.error(weights, packed.decode(bits));
      assertTrue(error <= before * 1.01, bits + ": " + error + " after " + before);
      before = error;
    }
  }

  @Property(tries = 400)
  void read_ofAChangedByte_isRefusedInOneLine(
      @ForAll @IntRange(max = 1 << 20) int place, @ForAll @IntRange(min = 1, max = 255) int change) throws IOException {
    with(packed(1, 6, 7), file -> {
      byte[] bytes = Files.readAllBytes(file);
      bytes[place % bytes.length] ^= (byte) change;
      Files.write(file, bytes);
      refused(file);
    });
  }

  @Property(tries = 100)
  void read_ofAFileThatIsCutOrLonger_isRefusedInOneLine(@ForAll @IntRange(max = 1 << 20) int place) throws IOException {
    with(packed(1, 6, 7), file -> {
      byte[] bytes = Files.readAllBytes(file);
      Files.write(file, Arrays.copyOf(bytes, place % bytes.length));
      refused(file);
      Files.write(file, Arrays.copyOf(bytes, bytes.length + 1 + place % 9));
      refused(file);
    });
  }

  /** A header whose checksum is right and whose claims are not. */
  @Property(tries = 400)
  void read_ofAHeaderThatLies_isRefusedOrConsistent(@ForAll @IntRange(max = 1 << 20) int place,
      @ForAll @IntRange(max = 9) int digit) throws IOException {
    with(packed(1, 6, 7), file -> {
      byte[] bytes = Files.readAllBytes(file);
      int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
      for (int i = 0; i < length; i++) {
        int at = 24 + (place + i) % length;
        if (Character.isDigit(bytes[at])) {
          bytes[at] = (byte) ('0' + digit);
          break;
        }
      }
      checksummed(bytes, length);
      Files.write(file, bytes);
      try {
        new PackedFormat().read(file, Long.MAX_VALUE);
      } catch (FailureException e) {
        assertTrue(String.valueOf(e.getMessage()).lines().count() == 1, e.getMessage());
      }
    });
  }

  @Property(tries = 20)
  void read_ofAHugeClaim_isRefusedBeforeAnythingIsAllocated(@ForAll @IntRange(max = 4) int which) throws IOException {
    String claim = new String[] {
        "\"shape\":[1000000000,1000000000]", "\"shape\":[40000,20000]", "\"shape\":[-1,5]", "\"shape\":[]",
        "\"shape\":[9223372036854775807,3]"}[which];
    with(packed(1, 6, 7), file -> {
      byte[] bytes = Files.readAllBytes(file);
      int length = (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(8);
      byte[] header = new String(bytes, 24, length, StandardCharsets.UTF_8).replaceFirst("\"shape\":\\[6,7\\]", claim)
          .getBytes(StandardCharsets.UTF_8);
      ByteBuffer changed = ByteBuffer.allocate(bytes.length - length + header.length).order(ByteOrder.LITTLE_ENDIAN)
          .put(bytes, 0, 8).putLong(header.length).putLong(0).put(header).put(bytes, 24 + length, bytes.length - 24 - length);
      checksummed(changed.array(), header.length);
      Files.write(file, changed.array());
      refused(file);
    });
  }

  private static void checksummed(byte[] bytes, int length) {
    var crc = new CRC32();
    crc.update(bytes, 24, length);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(16, crc.getValue());
  }

  private static void refused(Path file) {
    var refusal = assertThrows(PerennialException.class, () -> new PackedFormat().read(file, Long.MAX_VALUE));
    String message = String.valueOf(refusal.getMessage());
    assertTrue(refusal instanceof FailureException && message.lines().count() == 1 && message.contains("a.packed"), message);
  }
}
