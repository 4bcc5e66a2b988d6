package dev.perennial.store;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Dtype;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StateDigestTest {

  @Test
  void of_knownState_isTheDocumentedDigest() throws NoSuchAlgorithmException {
    var out = new ByteArrayOutputStream();
    text(out, "perennial state 1");
    number(out, 2);
    text(out, "a");
    number(out, 0);
    text(out, "b");
    number(out, 2);
    text(out, "x");
    text(out, "F32");
    number(out, 2);
    number(out, 1);
    number(out, 2);
    out.writeBytes(new byte[] {0, 0, (byte) 0x80, 0x3f, 0, 0, 0, 0x40});
    text(out, "é");
    text(out, "I64");
    number(out, 0);
    number(out, -2);
    var state =
        List.of(
            StatePart.of(
                "b",
                Combine.SUM,
                Map.of("é", TensorData.of(new long[] {-2}), "x", TensorData.of(new float[] {1, 2}, 1, 2))),
            StatePart.of("a", Combine.LATEST, Map.of()));
    byte[] expected = MessageDigest.getInstance("SHA-256").digest(out.toByteArray());
    assertEquals(HexFormat.of().formatHex(expected), StateDigest.of(state));
    assertEquals(StateDigest.of(state), StateDigest.of(state.reversed()));
  }

  @Test
  void of_noParts_neverChanges() {
    assertEquals("7db369d95e07a9aa2bbfb0dd69fb55d464b7218a369acd2ba19dbc82ae40b47b", StateDigest.of(List.of()));
  }

  @Test
  void of_anyDifference_isAnotherDigest() {
    TensorData tensor = TensorData.of(new float[] {1, 2}, 2);
    byte[] bytes = tensor.data().toArray(JAVA_BYTE);
    List<List<StatePart>> states =
        List.of(
            List.of(),
            part("p", Map.of()),
            part("p", Map.of("t", tensor)),
            part("q", Map.of("t", tensor)),
            part("p", Map.of("u", tensor)),
            part("pt", Map.of("", tensor)),
            part("p", Map.of("t", TensorData.of(new float[] {1, Math.nextUp(2f)}, 2))),
            part("p", Map.of("t", TensorData.ofBytes(Dtype.F32, bytes, 1, 2))),
            part("p", Map.of("t", TensorData.ofBytes(Dtype.I32, bytes, 2))),
            part("p", Map.of("t", tensor, "u", tensor)),
            List.of(part("p", Map.of("t", tensor)).get(0), part("q", Map.of()).get(0)));
    var digests = new HashSet<String>();
    states.forEach(state -> digests.add(StateDigest.of(state)));
    assertEquals(states.size(), digests.size());
  }

  @Test
  void of_wayOfCombining_isNotDigested() {
    assertEquals(
        StateDigest.of(List.of(StatePart.of("p", Combine.SUM, Map.of()))),
        StateDigest.of(List.of(StatePart.of("p", Combine.LATEST, Map.of()))));
  }

  @Test
  void of_namesPastTheBasicPlane_goByCodePoint() {
    TensorData one = TensorData.of(new int[] {1});
    var swapped = part("p", Map.of("\uffee", one, "\ud83d\ude00", one));
    assertEquals(
        StateDigest.of(swapped), StateDigest.of(part("p", Map.of("\ud83d\ude00", one, "\uffee", one))));
    assertEquals("06b214779b1ed7b28e128c6429d3748ad744c3be8ac9b2f0b66ae2c958b18adc", StateDigest.of(swapped));
  }

  @Test
  void of_twoPartsOfOneName_isRefused() {
    StatePart part = StatePart.of("p", Combine.SUM, Map.of());
    assertThrows(IllegalArgumentException.class, () -> StateDigest.of(List.of(part, part)));
  }

  private static List<StatePart> part(String name, Map<String, TensorData> tensors) {
    return List.of(StatePart.of(name, Combine.SUM, tensors));
  }

  private static void number(ByteArrayOutputStream out, long number) {
    out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(number).array());
  }

  private static void text(ByteArrayOutputStream out, String text) {
    number(out, text.getBytes(UTF_8).length);
    out.writeBytes(text.getBytes(UTF_8));
  }
}
