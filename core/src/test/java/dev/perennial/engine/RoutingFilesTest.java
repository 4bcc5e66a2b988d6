package dev.perennial.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.FailureException;
import dev.perennial.route.FeatureMeans;
import dev.perennial.route.SiteVectors;
import dev.perennial.tensor.Safetensors;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RoutingFilesTest {

  @TempDir private Path dir = Path.of("");

  private static RoutingFiles.Stamped stamped() {
    var byBrick = new TreeMap<String, Map<String, float[]>>();
    byBrick.put("a", Map.of("query", new float[] {1, 2}, "output", new float[] {3, 4, 5}));
    byBrick.put("b", Map.of());
    byBrick.put("c", Map.of("output", new float[] {6, 7, 8}));
    return new RoutingFiles.Stamped(
        new SiteVectors(byBrick), new TreeMap<>(Map.of("a", "then", "b", "now", "c", "later")));
  }

  @Test
  void vectors_written_areReadBackWithStampsAndOnlyForTheirBackbone() {
    var files = new RoutingFiles(dir, "base");
    assertEquals(0, files.vectors("arrow").stamps().size());
    files.write("arrow", stamped());
    RoutingFiles.Stamped read = files.vectors("arrow");
    assertEquals(stamped().stamps(), read.stamps());
    stamped().vectors().byBrick().forEach((brick, vectors) -> {
      Map<String, float[]> found = read.vectors().byBrick().get(brick);
      assertEquals(vectors.keySet(), Objects.requireNonNull(found).keySet());
      vectors.forEach((site, vector) -> assertArrayEquals(vector, found.get(site)));
    });
    assertEquals(0, new RoutingFiles(dir, "another").vectors("arrow").stamps().size());
  }

  @Test
  void means_written_areReadBackWithClasses() {
    var files = new RoutingFiles(dir, "base");
    FeatureMeans means = FeatureMeans.NONE;
    try (TensorScope scope = TensorScope.inference()) {
      means = means.with("a", "", Tensors.floats(new float[] {3, 4, 0, 2}, 2, 2));
      means = means.with("b", "x", Tensors.floats(new float[] {1, 0}, 1, 2));
      means = means.with("b", "y", Tensors.floats(new float[] {0, 1}, 1, 2));
    }
    files.write("prototypes", means);
    assertEquals(means, files.means("prototypes"));
    assertEquals(FeatureMeans.NONE, new RoutingFiles(dir, "another").means("prototypes"));
  }

  @Test
  void learned_written_isReadBackWithNotesAndOnlyForItsBackbone() {
    var files = new RoutingFiles(dir, "base");
    assertEquals(RoutingFiles.Learned.NONE, files.learned("top-p"));
    files.write("top-p", new RoutingFiles.Learned(List.of("b", "a"), List.of("now", "then"),
        Map.of("gate", TensorData.of(new float[] {1, 2}, 1, 2), "sums", TensorData.of(new double[] {3}, 1))));
    RoutingFiles.Learned read = files.learned("top-p");
    assertEquals(List.of("b", "a"), read.names());
    assertEquals(List.of("now", "then"), read.notes());
    assertArrayEquals(new float[] {1, 2}, Objects.requireNonNull(read.tensors().get("gate")).floats());
    assertArrayEquals(new double[] {3}, Objects.requireNonNull(read.tensors().get("sums")).doubles());
    assertEquals(RoutingFiles.Learned.NONE, new RoutingFiles(dir, "another").learned("top-p"));
  }

  @Test
  void file_ofAnotherSortOrCutShort_isRefusedByName() {
    var files = new RoutingFiles(dir, "base");
    files.write("arrow", stamped());
    Path path = dir.resolve("routing").resolve("arrow.safetensors");
    for (Map<String, TensorData> tensors : List.<Map<String, TensorData>>of(
        Map.of("query", TensorData.of(new float[4], 2, 2)),
        Map.of("query", TensorData.of(new float[4], 2, 2), "query:bricks", TensorData.of(new long[] {0, 9}, 2)),
        Map.of("query", TensorData.of(new float[4], 2, 2), "query:bricks", TensorData.of(new long[] {0}, 1)),
        Map.of("query", TensorData.of(new float[4], 4), "query:bricks", TensorData.of(new long[] {0, 1}, 2)))) {
      Safetensors.write(path, tensors, Map.of("perennial",
          "{\"format\": 1, \"base\": \"base\", \"names\": [\"a\", \"b\"], \"notes\": [\"1\", \"2\"]}"));
      var refused = assertThrows(FailureException.class, () -> files.vectors("arrow"));
      assertTrue(String.valueOf(refused.getMessage()).contains("arrow.safetensors"), String.valueOf(refused.getMessage()));
    }
    for (String header : new String[] {"null", "[]", "{\"format\": 1, \"base\": \"base\"}", "{\"format\": 2}", "{",
        "{\"format\": 1, \"base\": \"base\", \"names\": [null], \"notes\": [\"1\"]}"}) {
      Safetensors.write(path, Map.of(), Map.of("perennial", header));
      var refused = assertThrows(FailureException.class, () -> files.vectors("arrow"));
      assertTrue(String.valueOf(refused.getMessage()).contains("arrow.safetensors"), String.valueOf(refused.getMessage()));
    }
  }
}
