package dev.perennial.shard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.PerennialException;
import dev.perennial.UsageException;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.SafetensorsFile;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ShardFilesTest {

  private static final List<StatePart> STATE = List.of(
      StatePart.of("sums/of a", Combine.SUM, Map.of("gram", TensorData.of(new double[] {1, 2, 3, 4}, 2, 2))),
      StatePart.of("none", Combine.LATEST, Map.of()),
      StatePart.of("memory", Combine.UNION, Map.of("rows", TensorData.of(new int[] {1, 2, 3}, 3))));

  @TempDir private Path dir;

  private void write(int count) {
    Shards.split(STATE, count).forEach(shard -> ShardFiles.write(dir, shard));
  }

  private List<StatePart> read() {
    try (ShardFiles.Opened opened = ShardFiles.open(dir)) {
      return Shards.unite(opened.shards());
    }
  }

  @Test
  void open_ofWhatWasWritten_unitesToTheState() {
    write(3);
    assertEquals(STATE, read());
  }

  @Test
  void open_ofAnIncompleteOrMixedCheckpoint_isRefused() throws IOException {
    assertTells(UsageException.class, "there are none");
    write(4);
    byte[] third = Files.readAllBytes(dir.resolve(ShardFiles.name(2, 4)));
    Files.delete(dir.resolve(ShardFiles.name(2, 4)));
    assertTells(FailureException.class, "expected all of 4 shards, shard 2 is missing");
    Files.write(dir.resolve(ShardFiles.name(2, 4)), third);
    assertEquals(STATE, read());
    write(2);
    assertTells(FailureException.class, "expected shards of one checkpoint");
  }

  /** Any bit flipped anywhere in any shard is found. */
  @Test
  void open_ofAFlippedBit_isRefused() throws IOException {
    write(2);
    var random = new Random(3);
    for (int index = 0; index < 2; index++) {
      Path file = dir.resolve(ShardFiles.name(index, 2));
      byte[] sound = Files.readAllBytes(file);
      for (int i = 0; i < 400; i++) {
        byte[] flipped = sound.clone();
        int at = random.nextInt(sound.length);
        flipped[at] ^= (byte) (1 << random.nextInt(8));
        Files.write(file, flipped);
        try {
          assertEquals(STATE, read(), "what a bit of blank space or of the combination's name says may change nothing");
        } catch (PerennialException found) {
          assertFalse(String.valueOf(found.getMessage()).contains("\n"), found.getMessage());
        }
      }
      Files.write(file, sound);
    }
  }

  @Test
  void open_ofANewerFormat_isRefused() {
    write(1);
    Path file = dir.resolve(ShardFiles.name(0, 1));
    var tensors = new TreeMap<String, TensorData>();
    var metadata = new TreeMap<String, String>();
    try (SafetensorsFile opened = Safetensors.open(file)) {
      opened.tensors().forEach((name, data) ->
          tensors.put(name, TensorData.ofBytes(data.dtype(), data.data().toArray(JAVA_BYTE),
              data.shape().stream().mapToLong(Long::longValue).toArray())));
      metadata.putAll(opened.metadata());
    }
    metadata.put("perennial.shard", "2");
    Safetensors.write(file, tensors, metadata);
    assertTells(FailureException.class, "has format 2, this program reads up to format 1");
    metadata.remove("perennial.shard");
    Safetensors.write(file, tensors, metadata);
    assertTells(FailureException.class, "is damaged");
    metadata.put("perennial.shard", "1");
    for (String layout : List.of("", "null", "{}", "[1]", "{\"index\":0,\"count\":1,\"whole\":\"\",\"parts\":null}",
        "{\"index\":0,\"count\":-1,\"whole\":\"\",\"parts\":[]}")) {
      metadata.put("perennial.layout", layout);
      Safetensors.write(file, tensors, metadata);
      assertTells(FailureException.class, "is damaged");
    }
  }

  private void assertTells(Class<? extends PerennialException> type, String words) {
    String message = String.valueOf(assertThrows(type, this::read).getMessage());
    assertTrue(message.contains(words) && !message.contains("\n"), message);
  }
}
