package dev.perennial.tensor;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsFileTest {
  @TempDir Path dir;

  @Test
  void open_writtenFile_givesTensorsUntilClosed() {
    Path path = dir.resolve("w.safetensors");
    Safetensors.write(path, Map.of("w", TensorData.of(new float[] {1, 2, 3}, 3)), Map.of("format", "pt"));
    SafetensorsFile file = Safetensors.open(path);
    TensorData tensor = file.tensor("w");
    assertArrayEquals(new float[] {1, 2, 3}, tensor.floats());
    assertTrue(tensor.data().isNative());
    assertEquals(Map.of("format", "pt"), file.metadata());
    file.close();
    file.close();
    assertThrows(IllegalStateException.class, tensor::floats);
  }

  @Test
  void write_overOpenFile_leavesItsTensorsAndNoOtherFile() throws IOException {
    Path path = dir.resolve("w.safetensors");
    Safetensors.write(path, Map.of("w", TensorData.of(new int[] {1, 2}, 2)), Map.of());
    try (SafetensorsFile old = Safetensors.open(path)) {
      Safetensors.write(path, Map.of("w", TensorData.of(new int[] {3}, 1)), Map.of());
      assertArrayEquals(new int[] {1, 2}, old.tensor("w").ints());
    }
    try (var files = Files.list(dir)) {
      assertEquals(List.of(path), files.toList());
    }
  }

  @Test
  void tensor_unknownName_saysWhichFile() {
    Path path = dir.resolve("w.safetensors");
    Safetensors.write(path, Map.of(), Map.of());
    try (SafetensorsFile file = Safetensors.open(path)) {
      assertEquals(
          path + ": expected a tensor \"q\", the file has none of that name", refusal(() -> file.tensor("q")));
    }
  }

  @Test
  void open_missingEmptyOrDirectory_saysSo() throws IOException {
    Path missing = dir.resolve("none.safetensors");
    assertEquals(
        "cannot read " + missing + ": no such file or directory; expected a safetensors file",
        refusal(() -> Safetensors.open(missing)));
    Path empty = Files.createFile(dir.resolve("empty.safetensors"));
    assertTrue(refusal(() -> Safetensors.open(empty)).startsWith(empty + ": expected at least 8 bytes, found 0"));
    assertTrue(refusal(() -> Safetensors.open(dir)).contains(dir.toString()));
  }

  @Test
  void write_targetIsDirectory_failsAndLeavesNothing() throws IOException {
    Path target = Files.createDirectory(dir.resolve("taken"));
    Files.writeString(target.resolve("inside"), "x", UTF_8);
    String message = refusal(() -> Safetensors.write(target, Map.of(), Map.of()));
    assertTrue(message.startsWith("cannot write " + target + ": "), message);
    try (var files = Files.list(dir)) {
      assertEquals(List.of(target), files.toList());
    }
  }

  @Test
  void write_missingDirectory_failsInOneLine() {
    Path target = dir.resolve("none").resolve("w.safetensors");
    assertEquals(
        "cannot write " + target + ": no such file or directory; check the place and its space",
        refusal(() -> Safetensors.write(target, Map.of(), Map.of())));
  }

  private static String refusal(Executable action) {
    return String.valueOf(assertThrows(FailureException.class, action).getMessage());
  }
}
