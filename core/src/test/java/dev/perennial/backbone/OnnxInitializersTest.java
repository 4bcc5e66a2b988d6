package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.CodedOutputStream;
import dev.perennial.FailureException;
import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

final class OnnxInitializersTest {

  private static final byte[] WHOLE = TinyBert.onnx();

  private static void read(byte[] bytes) {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      BertWeights.fromOnnx(new ByteArrayInputStream(bytes), "here.onnx", 2);
    }
  }

  /** Whatever the bytes: an encoder, or one line. */
  private static void readOrRefused(byte[] bytes) {
    try {
      read(bytes);
    } catch (FailureException e) {
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains("here.onnx"), message);
      assertEquals(1, message.lines().count(), message);
    }
  }

  @Test
  void fromOnnx_encoder_givesWeightsUnderTheirNames() {
    LibTorch.load();
    try (TensorScope scope = TensorScope.inference()) {
      BertWeights weights = BertWeights.fromOnnx(new ByteArrayInputStream(WHOLE), "here.onnx", 2);
      assertEquals(TinyBert.CONFIG, weights.config());
      Map<String, TensorData> expected = TinyBert.tensors();
      assertEquals(expected.keySet(), weights.tensors().keySet());
      weights.tensors().forEach((name, tensor) -> {
        TensorData data = expected.getOrDefault(name, TensorData.of(new float[0], 0));
        assertEquals(data.shape(), Arrays.stream(tensor.shape()).boxed().toList());
        assertArrayEquals(data.floats(), Tensors.toFloats(tensor), name);
      });
    }
  }

  @Property(tries = 1500)
  void fromOnnx_mutatedBytes_isAnEncoderOrRefused(
      @ForAll @IntRange(max = 1 << 20) int place, @ForAll @Size(min = 1, max = 6) byte[] replacement) {
    byte[] bytes = WHOLE.clone();
    int at = place % bytes.length;
    System.arraycopy(replacement, 0, bytes, at, Math.min(replacement.length, bytes.length - at));
    readOrRefused(bytes);
  }

  /** Mutations where they hurt most: around the names and sizes at the beginning of a tensor. */
  @Property(tries = 1500)
  void fromOnnx_mutatedHeader_isAnEncoderOrRefused(
      @ForAll @IntRange(max = 1 << 20) int tensor, @ForAll @IntRange(max = 40) int offset, @ForAll byte value) {
    byte[] bytes = WHOLE.clone();
    int at = 0;
    for (int found = tensor % 30; at < bytes.length - 60; at++) {
      if (bytes[at] == 'L' && bytes[at + 1] == 'a' && found-- == 0) {
        break;
      }
    }
    bytes[Math.max(0, at - 20 + offset)] = value;
    readOrRefused(bytes);
  }

  @Property(tries = 500)
  void fromOnnx_cut_isRefused(@ForAll @IntRange(max = 1 << 20) int length) {
    byte[] bytes = Arrays.copyOf(WHOLE, length % WHOLE.length);
    Refusal.message(FailureException.class, () -> read(bytes));
  }

  @Property(tries = 1000)
  void fromOnnx_noise_isRefused(@ForAll @Size(max = 200) byte[] noise) {
    Refusal.message(FailureException.class, () -> read(noise));
  }

  /** A tensor of 8 bytes that claims 2^40 numbers, one that claims fewer than none, and one whose size overflows. */
  @Test
  void tensor_claimingAnotherSize_isRefusedBeforeItIsAllocated() throws IOException {
    for (List<Long> shape
        : List.of(List.of(1L << 20, 1L << 20), List.of(-2L), List.of(1L << 62, 1L << 62), List.of(3L))) {
      OnnxInitializers onnx = OnnxInitializers.read(new ByteArrayInputStream(model(shape, 1)), "here.onnx");
      String message = Refusal.message(FailureException.class, () -> onnx.named("w").data());
      assertTrue(message.contains("w inside here.onnx"), message);
    }
  }

  @Test
  void read_sameNameTwice_isRefused() throws IOException {
    byte[] bytes = model(List.of(2L), 2);
    String message = Refusal.message(
        FailureException.class, () -> OnnxInitializers.read(new ByteArrayInputStream(bytes), "here.onnx"));
    assertTrue(message.contains("two weights are named w"), message);
  }

  @Test
  void multipliedBy_nodeThatIsMissing_isRefused() {
    OnnxInitializers onnx = OnnxInitializers.read(new ByteArrayInputStream(WHOLE), "here.onnx");
    assertThrows(FailureException.class, () -> onnx.multipliedBy("/encoder/layer.7/output/dense/MatMul"));
    assertArrayEquals(new long[] {12, 8}, onnx.multipliedBy("/encoder/layer.1/output/dense/MatMul").shape());
  }

  private static byte[] model(List<Long> shape, int copies) throws IOException {
    var tensor = new ByteArrayOutputStream();
    CodedOutputStream out = CodedOutputStream.newInstance(tensor);
    for (long size : shape) {
      out.writeInt64(1, size);
    }
    out.writeInt32(2, 1);
    out.writeString(8, "w");
    out.writeByteArray(9, new byte[8]);
    out.flush();
    var graph = new ByteArrayOutputStream();
    out = CodedOutputStream.newInstance(graph);
    for (int i = 0; i < copies; i++) {
      out.writeByteArray(5, tensor.toByteArray());
    }
    out.flush();
    var model = new ByteArrayOutputStream();
    out = CodedOutputStream.newInstance(model);
    out.writeByteArray(7, graph.toByteArray());
    out.flush();
    return model.toByteArray();
  }
}
