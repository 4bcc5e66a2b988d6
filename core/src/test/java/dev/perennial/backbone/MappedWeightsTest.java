package dev.perennial.backbone;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.tensor.LibTorch;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights that were unpacked: the same numbers, or none at all. */
final class MappedWeightsTest {

  @TempDir Path dir;

  @BeforeAll
  static void load() {
    LibTorch.load();
  }

  private Path written() {
    Path file = dir.resolve("minilm.safetensors");
    Backbones.Parts parts = Backbones.parts("minilm");
    MappedWeights.write(file, parts.weights(), parts.weights().digest(Pooling.MEAN));
    return file;
  }

  @Test
  void open_whatWasWritten_hasTheSameNumbersAndDigest() {
    try (TensorScope scope = TensorScope.inference()) {
      Path file = written();
      BertWeights original = Backbones.parts("minilm").weights();
      try (MappedWeights mapped = MappedWeights.open(file).orElseThrow()) {
        assertEquals(original.config(), mapped.weights().config());
        assertEquals(original.tensors().keySet(), mapped.weights().tensors().keySet());
        String bias = "encoder.layer.3.output.dense.bias";
        assertArrayEquals(Tensors.toFloats(original.named(bias)), Tensors.toFloats(mapped.weights().named(bias)));
        assertEquals(original.digest(Pooling.MEAN), mapped.digest());
        assertEquals(mapped.digest(), mapped.weights().digest(Pooling.MEAN), "the digest is that of these numbers");
      }
    }
  }

  @Test
  void open_aFileThatIsDamaged_isNone() throws IOException {
    try (TensorScope scope = TensorScope.inference()) {
      Path file = written();
      byte[] bytes = Files.readAllBytes(file);
      bytes[bytes.length / 2] ^= 1;
      Files.write(file, bytes);
      assertTrue(MappedWeights.open(file).isEmpty(), "one bit");
      Files.write(file, Arrays.copyOf(bytes, bytes.length / 3));
      assertTrue(MappedWeights.open(file).isEmpty(), "cut off");
      assertTrue(MappedWeights.open(dir.resolve("none")).isEmpty());
    }
  }

  @Test
  void write_whereNothingCanBeWritten_isNoFailure() throws IOException {
    try (TensorScope scope = TensorScope.inference()) {
      Path file = Files.createFile(dir.resolve("file")).resolve("below");
      BertWeights weights = Backbones.parts("minilm").weights();
      MappedWeights.write(file, weights, "digest");
      assertFalse(Files.exists(file));
    }
  }
}
