package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the parser takes and what it refuses, rule by rule of the reference parser. */
final class SafetensorsParseTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        // header                                                             | data bytes | part of the message
        "[]                                                                     | 0 | JSON object",
        "3                                                                      | 0 | JSON object",
        "{                                                                      | 0 | not the JSON",
        "{} x                                                                   | 0 | not the JSON",
        "{}{}                                                                   | 0 | nothing behind",
        "{'a':3}                                                                | 0 | tensor \"a\": expected an object",
        "{'a':['F32',[],[0,4]]}                                                 | 4 | expected an object",
        "{'a':{'shape':[],'data_offsets':[0,4]}}                                | 4 | expected a dtype, found none",
        "{'a':{'dtype':'F32','data_offsets':[0,4]}}                             | 4 | expected a shape, found none",
        "{'a':{'dtype':'F32','shape':[]}}                                       | 4 | expected data_offsets, found none",
        "{'a':{'dtype':'f32','shape':[],'data_offsets':[0,4]}}                  | 4 | found \"f32\"",
        "{'a':{'dtype':'F128','shape':[],'data_offsets':[0,16]}}                | 16 | found \"F128\"",
        "{'a':{'dtype':7,'shape':[],'data_offsets':[0,4]}}                      | 4 | expected a dtype",
        "{'a':{'dtype':'F32','shape':[-1],'data_offsets':[0,4]}}                | 4 | in shape, found -1",
        "{'a':{'dtype':'F32','shape':[-0],'data_offsets':[0,0]}}                | 0 | in shape, found -0",
        "{'a':{'dtype':'F32','shape':[1.0],'data_offsets':[0,4]}}               | 4 | in shape, found 1.0",
        "{'a':{'dtype':'F32','shape':[1e0],'data_offsets':[0,4]}}               | 4 | in shape, found 1e0",
        "{'a':{'dtype':'F32','shape':['1'],'data_offsets':[0,4]}}               | 4 | in shape, found 1",
        "{'a':{'dtype':'F32','shape':[01],'data_offsets':[0,4]}}                | 4 | not the JSON",
        "{'a':{'dtype':'F32','shape':1,'data_offsets':[0,4]}}                   | 4 | shape to be an array",
        "{'a':{'dtype':'F32','shape':null,'data_offsets':[0,4]}}                | 4 | shape to be an array",
        "{'a':{'dtype':'F32','shape':[9223372036854775808],'data_offsets':[0,4]}} | 4 | in shape, found 92233720",
        "{'a':{'dtype':'U8','shape':[1000000000,1000000000,1000000000],'data_offsets':[0,4]}} | 4 | overflows 64 bits",
        "{'a':{'dtype':'F64','shape':[576460752303423488],'data_offsets':[0,4]}} | 4 | overflows 64 bits",
        "{'a':{'dtype':'F4','shape':[3],'data_offsets':[0,2]}}                  | 2 | does not fill whole bytes",
        "{'a':{'dtype':'F32','shape':[2],'data_offsets':[0,4]}}                 | 4 | takes 8 bytes, its offsets hold 4",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0]}}                   | 4 | [begin, end], found [0]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4,4]}}               | 4 | at most 2 numbers in data_offsets",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,0]}}                 | 4 | go on from 0, found [4, 0]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[4,8]}}                 | 8 | go on from 0, found [4, 8]",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[1],'data_offsets':[5,6]}} | 6"
            + " | tensor \"b\": expected data_offsets to go on from 4",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]},'b':{'dtype':'U8','shape':[2],'data_offsets':[3,5]}} | 5"
            + " | tensor \"b\": expected data_offsets to go on from 4",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}                 | 5 | take 4 bytes, the file holds 5",
        "{'a':{'dtype':'F32','shape':[1],'data_offsets':[0,4]}}                 | 3 | take 4 bytes, the file holds 3",
        "{}                                                                     | 1 | take 0 bytes, the file holds 1",
        "{'a':{'dtype':'U8','shape':[],'data_offsets':[0,1]},'a':{'dtype':'U8','shape':[],'data_offsets':[0,1]}} | 1"
            + " | Duplicate",
        "{'a':{'dtype':'U8','shape':[],'shape':[],'data_offsets':[0,1]}}        | 1 | Duplicate",
        "{'__metadata__':{'k':'1','k':'1'}}                                     | 0 | Duplicate",
        "{'__metadata__':{},'__metadata__':{}}                                  | 0 | Duplicate",
        "{'__metadata__':{'k':1}}                                               | 0 | text under __metadata__ \"k\"",
        "{'__metadata__':{'k':null}}                                            | 0 | text under __metadata__ \"k\"",
        "{'__metadata__':[]}                                                    | 0 | object of texts",
        "{'\\ud83d':{'dtype':'U8','shape':[],'data_offsets':[0,1]}}             | 1 | unpaired surrogate",
        "{'a\tb':{'dtype':'U8','shape':[],'data_offsets':[0,1]}}                | 1 | not the JSON",
        "{'a':{'dtype':'U8','shape':[],'data_offsets':[0,1],}}                  | 1 | not the JSON",
        "{'a':{'dtype':'U8','shape':[NaN],'data_offsets':[0,1]}}                | 1 | not the JSON",
      })
  void parse_brokenRule_saysWhichInOneLine(String header, int dataBytes, String part) {
    String message = refusal(file(header.replace('\'', '"').getBytes(UTF_8), dataBytes));
    assertTrue(message.contains(part), message);
  }

  @Test
  void parse_shortFiles_areRefused() {
    for (int size = 0; size < 8; size++) {
      assertTrue(refusal(new byte[size]).contains("at least 8 bytes, found " + size));
    }
    assertTrue(refusal(withLength(0, new byte[0])).contains("JSON object, found nothing"));
    assertTrue(refusal(withLength(3, new byte[2])).contains("claims 3 bytes, the file has 2"));
  }

  @Test
  void parse_hugeHeaderLength_isRefusedBeforeAnythingIsAllocated() {
    assertTrue(refusal(withLength(100_000_001, new byte[2])).contains("at most 100000000 bytes, found 100000001"));
    assertTrue(refusal(withLength(100_000_000, new byte[2])).contains("claims 100000000 bytes"));
    assertTrue(refusal(withLength(Long.MAX_VALUE, new byte[2])).contains("at most 100000000"));
    assertTrue(refusal(withLength(-1, new byte[2])).contains("found 18446744073709551615"));
  }

  @Test
  void parse_headerNotUtf8_isRefused() {
    assertTrue(refusal(file("{\"__metadata__\":{\"a\":\"\u00e9\"}}".getBytes(ISO_8859_1), 0)).contains("UTF-8"));
    byte[] overlong = "{\"__metadata__\":{\"a\":\"xx\"}}".getBytes(UTF_8);
    overlong[overlong.length - 5] = (byte) 0xc0;
    overlong[overlong.length - 4] = (byte) 0xaf;
    assertTrue(refusal(file(overlong, 0)).contains("UTF-8"));
  }

  @Test
  void parse_byteOrderMarkOrZeroPadding_isRefused() {
    assertTrue(refusal(file("\ufeff{}".getBytes(UTF_8), 0)).contains("not the JSON"));
    assertTrue(refusal(file("{}\0\0".getBytes(UTF_8), 0)).contains("not the JSON"));
  }

  @Test
  void parse_tooManyDimensions_isRefused() {
    String shape = "1,".repeat(SafetensorsHeaderReader.MAX_RANK) + "1";
    String header = "{\"a\":{\"dtype\":\"U8\",\"shape\":[" + shape + "],\"data_offsets\":[0,1]}}";
    assertTrue(refusal(file(header.getBytes(UTF_8), 1)).contains("at most 64 numbers in shape"));
  }

  @Test
  void parse_deepNesting_isRefused() {
    String header = "{\"a\":{\"x\":" + "[".repeat(5_000) + "]".repeat(5_000) + "}}";
    assertTrue(refusal(file(header.getBytes(UTF_8), 0)).contains("nesting"));
  }

  @Test
  void parse_hostileName_staysInOneShortLine() {
    String name = "a\\n\\u0007" + "x".repeat(60_000);
    String message = refusal(file(("{\"" + name + "\":3}").getBytes(UTF_8), 0));
    assertTrue(message.contains("\"a\\n\\u0007xxx"), message);
    assertTrue(message.length() < 400, message);
  }

  @Test
  void parse_whatTheReferenceTakes_isTaken() {
    String header =
        " \n{\"b\":{\"extra\":{\"deep\":[1,{}]},\"data_offsets\":[8,16],\"dtype\":\"F32\",\"shape\":[2,1]},"
            + "\"z\":{\"dtype\":\"F64\",\"shape\":[7,0],\"data_offsets\":[8,8]},"
            + "\"\":{\"dtype\":\"I64\",\"shape\":[],\"data_offsets\":[0,8]},\"__metadata__\":null}\t \r\n ";
    byte[] bytes = file(header.getBytes(UTF_8), 16);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(bytes.length - 16, -5).putFloat(bytes.length - 8, 1.5f);
    try (SafetensorsFile file = Safetensors.parse(MemorySegment.ofArray(bytes), "memory")) {
      assertEquals(List.of("", "b", "z"), List.copyOf(file.names()));
      assertArrayEquals(new long[] {-5}, file.tensor("").longs());
      assertArrayEquals(new float[] {1.5f, 0}, file.tensor("b").floats());
      assertEquals(List.of(7L, 0L), file.tensor("z").shape());
      assertEquals(Map.of(), file.metadata());
    }
  }

  @Test
  void parse_longNames_areTaken() {
    String name = "n".repeat(70_000);
    byte[] bytes = file(("{\"" + name + "\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}").getBytes(UTF_8), 1);
    try (SafetensorsFile file = Safetensors.parse(MemorySegment.ofArray(bytes), "memory")) {
      assertEquals(List.of(1L), file.tensor(name).shape());
    }
  }

  private static String refusal(byte[] file) {
    var failure =
        assertThrows(FailureException.class, () -> Safetensors.parse(MemorySegment.ofArray(file), "dir/x.safetensors"));
    String message = String.valueOf(failure.getMessage());
    assertTrue(message.startsWith("dir/x.safetensors: "), message);
    assertFalse(message.chars().anyMatch(c -> c < ' '), message);
    return message;
  }

  private static byte[] file(byte[] header, int dataBytes) {
    byte[] rest = new byte[header.length + dataBytes];
    System.arraycopy(header, 0, rest, 0, header.length);
    return withLength(header.length, rest);
  }

  private static byte[] withLength(long length, byte[] rest) {
    return ByteBuffer.allocate(8 + rest.length).order(ByteOrder.LITTLE_ENDIAN).putLong(length).put(rest).array();
  }
}
