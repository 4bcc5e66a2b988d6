package dev.perennial.brick;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Site;
import dev.perennial.tensor.Tensors;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;

/** Kinds whose numbers belong to several places or sites. */
final class SharedNumbersTest extends KindFixture {

  private static final int NUMBERS = 4 * 8 * 8;

  @Test
  void subspace_columnsOfTheProjection_areNearlyOrthonormal() {
    Brick brick = new BrickOptions("subspace:dimension=6", new LoraOptions(2, 3, 0, ".*")).on(backbone);
    double[][] columns = new double[6][];
    for (int i = 0; i < 6; i++) {
      float[] unit = new float[6];
      unit[i] = 1;
      columns[i] = all(brick, Map.of("subspace.numbers", Tensors.floats(unit, 6)));
    }
    for (int i = 0; i < 6; i++) {
      for (int j = 0; j <= i; j++) {
        double dot = 0;
        for (int k = 0; k < columns[i].length; k++) {
          dot += columns[i][k] * columns[j][k];
        }
        assertEquals(i == j ? 1 : 0, dot, 0.25, i + " and " + j);
      }
    }
  }

  @Test
  void subspace_projection_isLinearAndThatOfItsSeed() {
    Brick brick = brick("subspace:dimension=6", "usual");
    Map<String, Tensor> one = Map.of("subspace.numbers", normal(1, 1, 6).view(6));
    Map<String, Tensor> other = Map.of("subspace.numbers", normal(2, 1, 6).view(6));
    Map<String, Tensor> sum = Map.of("subspace.numbers", normal(1, 1, 6).add(normal(2, 1, 6)).view(6));
    double[] summed = all(brick, one);
    double[] second = all(brick, other);
    for (int i = 0; i < summed.length; i++) {
      summed[i] += second[i];
    }
    assertArrayEquals(summed, all(brick, sum), 1e-5);
    assertArrayEquals(all(brick, one), all(brick("subspace:dimension=6", "usual"), one));
    assertFalse(Arrays.equals(all(brick, one), all(brick("subspace:dimension=6,projectionSeed=1", "usual"), one)));
  }

  @Test
  void sharedWeights_withoutCompression_areTheMemoryItself() {
    Brick brick = brick("stable-rps:compression=1", "usual");
    float[] memory = new float[NUMBERS];
    for (int i = 0; i < NUMBERS; i++) {
      memory[i] = i + 1;
    }
    double[] weights = all(brick, Map.of("shared.memory", Tensors.floats(memory, NUMBERS)));
    double sign = Math.signum(weights[0]);
    var seen = new HashSet<Double>();
    for (double weight : weights) {
      assertEquals(sign, Math.signum(weight));
      assertTrue(seen.add(weight), "each number of the memory once");
    }
    assertEquals(NUMBERS, seen.size());
  }

  @Test
  void sharedWeights_compressed_shareNoNumberWithinAChunkAndEachAsOftenAsThereAreChunks() {
    Brick brick = brick("stable-rps:compression=4", "usual");
    assertEquals(NUMBERS / 4, brick.parameters());
    float[] memory = new float[NUMBERS / 4];
    for (int i = 0; i < memory.length; i++) {
      memory[i] = i + 1;
    }
    double[] weights = all(brick, Map.of("shared.memory", Tensors.floats(memory, memory.length)));
    var turns = new HashSet<Double>();
    for (int chunk = 0; chunk < 4; chunk++) {
      double[] own = Arrays.copyOfRange(weights, chunk * 64, (chunk + 1) * 64);
      turns.add(own[0]);
      double[] sizes = Arrays.stream(own).map(value -> Math.round(Math.abs(value) * 2)).sorted().toArray();
      for (int i = 0; i < 64; i++) {
        assertEquals(i + 1, sizes[i]);
      }
    }
    assertTrue(turns.size() > 1, "chunks are turned differently");
  }

  @Test
  void sharedWeights_gradientStep_movesANumberByTheMeanOfItsGradients() {
    Brick brick = brick("stable-rps:compression=4", "usual");
    // With the gradient g of D, M moves by -P' g and D by -P P' g: at a place, its own g over the number of chunks.
    double[] columns = new double[64];
    for (int i = 0; i < 64; i++) {
      float[] unit = new float[64];
      unit[i] = 1;
      columns[i] = Arrays.stream(all(brick, Map.of("shared.memory", Tensors.floats(unit, 64)))).map(x -> x * x).sum();
    }
    for (double squared : columns) {
      assertEquals(1, squared, 1e-6);
    }
  }

  @Test
  void mixtureOfShards_vectors_arePrivateFirstAndPickedApartForAAndB() {
    Brick brick = brick("mos:pool=2,shards=2,privates=1", "usual");
    // Shard i of a pool holds the number i + 1.
    Map<String, Tensor> tensors = Map.of("mos.pool_A.8", shards(16), "mos.pool_B.8", shards(16));
    var owners = new HashMap<Integer, Site>();
    int apart = 0;
    for (Site site : brick.sites()) {
      float[] delta = Tensors.toFloats(
          Objects.requireNonNull(brick.delta(site, tensors)).weight().div(new Scalar(1.5)));
      int index = brick.sites().indexOf(site);
      // Rank 2: a private vector of shards 8 + 2 i and 9 + 2 i, and one of two shards below 8.
      double privateShare = (9 + 2 * index) * (9 + 2 * index);
      double rest = delta[0] - privateShare;
      assertTrue(rest >= 1 && rest <= 64, "the other vector is of shared shards: " + rest);
      owners.put(8 + 2 * index, site);
      double b = delta[7] - (9 + 2 * index) * (10 + 2 * index);
      double c = delta[7 * 8] - (10 + 2 * index) * (9 + 2 * index);
      apart += Math.abs(b - c) > 1e-3 ? 1 : 0;
    }
    assertEquals(4, owners.size());
    assertTrue(apart > 0, "A and B are not made of the same shards");
  }

  private static Tensor shards(int count) {
    float[] values = new float[count * 4];
    for (int i = 0; i < values.length; i++) {
      values[i] = i / 4 + 1;
    }
    return Tensors.floats(values, count, 4);
  }

  @Test
  void decomposedPrompt_tokens_areThoseOfTheFormula() {
    var brick = (TokenBrick) moved("ept:tokens=2,places=3,spaces=2", "usual");
    float[] prompt = values("prompt_embeddings");
    float[] a = values("decomposed.places");
    float[] b = values("decomposed.shifts");
    float[] down = values("spaces.down");
    float[] up = values("spaces.up");
    float[] gate = values("spaces.gate");
    double[][] shift = new double[3][8];
    for (int p = 0; p < 3; p++) {
      for (int h = 0; h < 8; h++) {
        shift[p][h] = a[p * 2] * b[h] + a[p * 2 + 1] * b[8 + h];
      }
    }
    double[][] fused = new double[2][8];
    for (int t = 0; t < 2; t++) {
      double[] scores = new double[3];
      for (int p = 0; p < 3; p++) {
        for (int h = 0; h < 8; h++) {
          scores[p] += prompt[t * 8 + h] * shift[p][h] / Math.sqrt(8);
        }
      }
      double[] shares = softmax(scores);
      for (int h = 0; h < 8; h++) {
        fused[t][h] = prompt[t * 8 + h];
        for (int p = 0; p < 3; p++) {
          fused[t][h] += shares[p] * shift[p][h];
        }
      }
    }
    double[] scores = new double[2];
    for (int k = 0; k < 2; k++) {
      for (int h = 0; h < 8; h++) {
        scores[k] += (fused[0][h] + fused[1][h]) / 2 * gate[h * 2 + k];
      }
    }
    double[] gates = softmax(scores);
    float[] expected = new float[16];
    for (int t = 0; t < 2; t++) {
      for (int h = 0; h < 8; h++) {
        double sum = fused[t][h];
        for (int k = 0; k < 2; k++) {
          for (int r = 0; r < 2; r++) {
            double low = 0;
            for (int i = 0; i < 8; i++) {
              low += fused[t][i] * down[k * 16 + i * 2 + r];
            }
            sum += gates[k] * low * up[k * 16 + r * 8 + h];
          }
        }
        expected[t * 8 + h] = (float) sum;
      }
    }
    var tokens = brick.tokens(parameters.views());
    assertArrayEquals(expected, Tensors.toFloats(Objects.requireNonNull(tokens.prompt())), 1e-5f);
    float[] flat = new float[24];
    for (int i = 0; i < 24; i++) {
      flat[i] = (float) shift[i / 8][i % 8];
    }
    assertArrayEquals(flat, Tensors.toFloats(Objects.requireNonNull(tokens.shift())), 1e-5f);
  }

  private static double[] softmax(double[] scores) {
    double sum = Arrays.stream(scores).map(Math::exp).sum();
    return Arrays.stream(scores).map(score -> Math.exp(score) / sum).toArray();
  }

  private static double[] all(Brick brick, Map<String, Tensor> tensors) {
    List<float[]> deltas = brick.sites().stream()
        .map(site -> Tensors.toFloats(Objects.requireNonNull(brick.delta(site, tensors)).weight())).toList();
    return deltas.stream().flatMapToDouble(
        delta -> IntStream.range(0, delta.length).mapToDouble(i -> delta[i])).toArray();
  }
}
