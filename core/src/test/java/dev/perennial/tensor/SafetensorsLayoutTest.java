package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.Channels;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The written bytes, against bytes laid out by hand from the format's description. */
final class SafetensorsLayoutTest {

  @Test
  void write_nothing_isAnEmptyObjectPaddedToEight() throws IOException {
    assertArrayEquals(HexFormat.of().parseHex("08000000000000007b7d202020202020"), written(Map.of(), Map.of()));
  }

  @Test
  void write_oneTensor_isLengthHeaderData() throws IOException {
    String header = "{\"w\":{\"dtype\":\"I32\",\"shape\":[2],\"data_offsets\":[0,8]}}  ";
    assertEquals(56, header.length());
    byte[] expected = new byte[8 + 56 + 8];
    expected[0] = 56;
    System.arraycopy(header.getBytes(UTF_8), 0, expected, 8, 56);
    expected[64] = 1;
    expected[68] = (byte) 0xff;
    expected[69] = (byte) 0xff;
    expected[70] = (byte) 0xff;
    expected[71] = (byte) 0xff;
    assertArrayEquals(expected, written(Map.of("w", TensorData.of(new int[] {1, -1}, 2)), Map.of()));
  }

  @Test
  void write_manyTensors_goByDescendingAlignmentThenName() throws IOException {
    var tensors = new LinkedHashMap<String, TensorData>();
    tensors.put("a", TensorData.ofBytes(Dtype.BOOL, new byte[] {1}));
    tensors.put("b", TensorData.of(new float[] {1}, 1));
    tensors.put("d", TensorData.of(new double[0], 0, 3));
    tensors.put("c", TensorData.of(new long[] {1}, 1));
    tensors.put("B", TensorData.of(new float[] {1, 2}, 2, 1));
    assertEquals(
        "{\"c\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
            + "\"d\":{\"dtype\":\"F64\",\"shape\":[0,3],\"data_offsets\":[8,8]},"
            + "\"B\":{\"dtype\":\"F32\",\"shape\":[2,1],\"data_offsets\":[8,16]},"
            + "\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[16,20]},"
            + "\"a\":{\"dtype\":\"BOOL\",\"shape\":[],\"data_offsets\":[20,21]}}",
        header(written(tensors, Map.of())).strip());
  }

  @Test
  void write_metadata_comesFirstWithItsKeysInOrder() throws IOException {
    assertEquals(
        "{\"__metadata__\":{\"a\":\"1\",\"format\":\"pt\"},"
            + "\"x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}",
        header(written(Map.of("x", TensorData.ofBytes(Dtype.U8, new byte[0], 0)), Map.of("format", "pt", "a", "1")))
            .strip());
  }

  @Test
  void write_namesOutsideAscii_areEscapedOnlyWhereJsonMust() throws IOException {
    String name = "q\"\\/\n\u0001\u001f\u007fé\u2028\ud83d\ude00";
    assertEquals(
        "{\"q\\\"\\\\/\\n\\u0001\\u001f\u007fé\u2028\ud83d\ude00\":"
            + "{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}",
        header(written(Map.of(name, TensorData.ofBytes(Dtype.U8, new byte[1])), Map.of())).strip());
  }

  @Test
  void write_namesPastTheBasicPlane_sortByCodePoint() throws IOException {
    TensorData scalar = TensorData.ofBytes(Dtype.U8, new byte[1]);
    String header = header(written(Map.of("\ud83d\ude00", scalar, "\uffee", scalar), Map.of()));
    assertEquals(2, header.indexOf("\uffee"), header);
  }

  @Test
  void write_unpairedSurrogateOrReservedName_isRefused() {
    TensorData scalar = TensorData.ofBytes(Dtype.U8, new byte[1]);
    assertThrows(IllegalArgumentException.class, () -> written(Map.of("a\ud83d", scalar), Map.of()));
    assertThrows(IllegalArgumentException.class, () -> written(Map.of(), Map.of("k", "\ude00")));
    assertThrows(IllegalArgumentException.class, () -> written(Map.of("__metadata__", scalar), Map.of()));
  }

  @Test
  void write_moreThanAChunk_keepsEveryByte() throws IOException {
    double[] values = new double[300_001];
    for (int i = 0; i < values.length; i++) {
      values[i] = i * 0.5;
    }
    byte[] file = written(Map.of("w", TensorData.of(values, values.length)), Map.of());
    try (SafetensorsFile read = Safetensors.parse(MemorySegment.ofArray(file), "memory")) {
      assertArrayEquals(values, read.tensor("w").doubles());
    }
  }

  static byte[] written(Map<String, TensorData> tensors, Map<String, String> metadata) throws IOException {
    var out = new ByteArrayOutputStream();
    Safetensors.write(Channels.newChannel(out), tensors, metadata);
    return out.toByteArray();
  }

  private static String header(byte[] file) {
    assertEquals(0, file[0] % 8);
    int length = (file[0] & 0xff) | (file[1] & 0xff) << 8;
    return new String(file, 8, length, UTF_8);
  }
}
