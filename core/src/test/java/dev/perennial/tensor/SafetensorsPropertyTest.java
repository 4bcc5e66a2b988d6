package dev.perennial.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Map;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.ByteRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

final class SafetensorsPropertyTest {

  @Property(tries = 300)
  void roundTrip_anyTensors_givesThemBack(
      @ForAll("tensors") Map<String, TensorData> tensors, @ForAll("texts") Map<String, String> metadata)
      throws IOException {
    byte[] bytes = SafetensorsLayoutTest.written(tensors, metadata);
    try (SafetensorsFile file = Safetensors.parse(MemorySegment.ofArray(bytes), "memory")) {
      assertEquals(tensors, file.tensors());
      assertEquals(metadata, file.metadata());
      assertTrue(Arrays.equals(bytes, SafetensorsLayoutTest.written(file.tensors(), file.metadata())));
    }
  }

  /** Any one byte of length or header replaced: a consistent file, or the one kind of failure. */
  @Property(tries = 3000)
  void parse_mutatedByte_isConsistentOrRefused(
      @ForAll("tensors") Map<String, TensorData> tensors,
      @ForAll("texts") Map<String, String> metadata,
      @ForAll @IntRange(max = 1 << 20) int place,
      @ForAll byte value)
      throws IOException {
    byte[] bytes = SafetensorsLayoutTest.written(tensors, metadata);
    bytes[place % headerEnd(bytes)] = value;
    consistentOrRefused(bytes);
  }

  @Property(tries = 1000)
  void parse_mutatedText_isConsistentOrRefused(
      @ForAll("tensors") Map<String, TensorData> tensors,
      @ForAll @IntRange(max = 1 << 20) int place,
      @ForAll("snippets") String snippet)
      throws IOException {
    byte[] bytes = SafetensorsLayoutTest.written(tensors, Map.of());
    int at = 8 + place % (headerEnd(bytes) - 8);
    for (int i = 0; i < snippet.length() && at + i < headerEnd(bytes); i++) {
      bytes[at + i] = (byte) snippet.charAt(i);
    }
    consistentOrRefused(bytes);
  }

  @Property(tries = 500)
  void parse_cutOrGrown_isRefused(
      @ForAll("tensors") Map<String, TensorData> tensors, @ForAll @IntRange(min = 1, max = 200) int change)
      throws IOException {
    byte[] bytes = SafetensorsLayoutTest.written(tensors, Map.of());
    assertTrue(refused(Arrays.copyOf(bytes, Math.max(0, bytes.length - change))));
    assertTrue(refused(Arrays.copyOf(bytes, bytes.length + change)));
  }

  @Property(tries = 500)
  void parse_noise_isConsistentOrRefused(@ForAll @Size(max = 200) byte[] noise, @ForAll @ByteRange(max = 120) byte length) {
    byte[] bytes = Arrays.copyOf(noise, noise.length + 8);
    System.arraycopy(noise, 0, bytes, 8, noise.length);
    Arrays.fill(bytes, 0, 8, (byte) 0);
    bytes[0] = length;
    consistentOrRefused(bytes);
  }

  private static void consistentOrRefused(byte[] bytes) {
    if (refused(bytes)) {
      return;
    }
    try (SafetensorsFile file = Safetensors.parse(MemorySegment.ofArray(bytes), "memory")) {
      long sum = 0;
      for (TensorData tensor : file.tensors().values()) {
        sum += TensorData.byteSize(tensor.dtype(), tensor.shape());
      }
      assertEquals(bytes.length - headerEnd(bytes), sum);
      long end = MemorySegment.ofArray(bytes).byteSize();
      for (TensorData tensor : file.tensors().values().stream().sorted(BY_PLACE.reversed()).toList()) {
        end -= tensor.data().byteSize();
        assertEquals(end, tensor.data().address());
      }
    }
  }

  private static final Comparator<TensorData> BY_PLACE =
      Comparator.comparingLong((TensorData t) -> t.data().address()).thenComparingLong(t -> t.data().byteSize());

  private static boolean refused(byte[] bytes) {
    try (SafetensorsFile file = Safetensors.parse(MemorySegment.ofArray(bytes), "memory")) {
      assertFalse(file.names().contains(SafetensorsHeader.METADATA));
      return false;
    } catch (FailureException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.startsWith("memory: ") && message.chars().noneMatch(c -> c < ' '), message);
      return true;
    }
  }

  private static int headerEnd(byte[] bytes) {
    return 8 + (bytes[0] & 0xff) + ((bytes[1] & 0xff) << 8) + ((bytes[2] & 0xff) << 16);
  }

  @Provide
  Arbitrary<String> snippets() {
    return Arbitraries.of(
        "{", "}", "[", "]", ",", ":", "\"", "-1", "1e9", "null", "999999999999999999999", "\\u", "\\ud800", "0", "F4",
        "\"shape\"", "data_offsets", "},{", "[[", "\u00ff", "__metadata__");
  }

  @Provide
  Arbitrary<Map<String, String>> texts() {
    return Arbitraries.maps(names(), names()).ofMaxSize(3);
  }

  @Provide
  Arbitrary<Map<String, TensorData>> tensors() {
    Arbitrary<TensorData> tensor =
        Combinators.combine(
                Arbitraries.of(Dtype.class),
                Arbitraries.longs().between(0, 4).array(long[].class).ofMaxSize(4),
                Arbitraries.longs())
            .as(SafetensorsPropertyTest::tensor);
    return Arbitraries.maps(names(), tensor).ofMaxSize(5);
  }

  private static TensorData tensor(Dtype dtype, long[] shape, long seed) {
    long[] whole = dtype.bits() < 8 ? Arrays.copyOf(shape, shape.length + 1) : shape;
    if (dtype.bits() < 8) {
      whole[shape.length] = 4;
    }
    var bytes = new byte[(int) TensorData.byteSize(dtype, Arrays.stream(whole).boxed().toList())];
    new Random(seed).nextBytes(bytes);
    return TensorData.ofBytes(dtype, bytes, whole);
  }

  private static Arbitrary<String> names() {
    Arbitrary<String> plain = Arbitraries.strings().ascii().ofMaxLength(12);
    Arbitrary<String> wide = Arbitraries.of("é", "重み", "\ud83d\ude00", "\uffee", "a.b.c", " ", "\0", "\u2028");
    return Arbitraries.oneOf(plain, wide);
  }
}
