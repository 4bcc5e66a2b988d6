package dev.perennial.shrink;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.backbone.TextModel;
import dev.perennial.backbone.TinyBert;
import dev.perennial.data.Input;
import dev.perennial.tensor.Device;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import dev.perennial.tensor.Workers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tiny encoder made smaller. */
final class EncodersTest {

  private static final List<Input.Text> TEXTS = List.of(
      new Input.Text("a b c"), new Input.Text("d e"), new Input.Text("a a e d c"), new Input.Text("b"),
      new Input.Text("c d a"), new Input.Text("e e b a"), new Input.Text("d"), new Input.Text("b c d e a b"));

  @TempDir
  private Path directory = Path.of("");
  private final Path tiny;
  private final TextModel model;
  private final Backbone backbone;
  private final Calibration calibration;

  EncodersTest() throws IOException {
    tiny = TinyBert.directory(Files.createTempDirectory("tiny"), TinyBert.tensors());
    model = TextModel.read(tiny.toString());
    backbone = Backbones.load(tiny.toString());
    calibration = new Calibration(backbone, TEXTS);
  }

  @AfterEach
  void close() throws IOException {
    calibration.close();
    backbone.close();
    for (String file : new String[] {"config.json", "tokenizer.json", "model.safetensors"}) {
      Files.deleteIfExists(tiny.resolve(file));
    }
    Files.delete(tiny);
  }

  private float[] features(Backbone of, Adaptation adaptation) {
    try (TensorScope scope = TensorScope.inference()) {
      return Tensors.toFloats(Calibration.features(of, of.prepare(TEXTS), adaptation));
    }
  }

  /** Weights of every kind that stand in for the encoder's own do what an encoder of these weights does. */
  @Test
  void standIns_ofAllNames_doWhatAnEncoderOfThemDoes() {
    var other = new TreeMap<String, TensorData>();
    model.tensors().forEach((name, data) -> {
      if (!name.startsWith("embeddings.position") && !name.startsWith("embeddings.token_type")) {
        float[] values = data.floats();
        for (int i = 0; i < values.length; i++) {
          values[i] = values[i] * 0.5f + 0.01f * (i % 7);
        }
        other.put(name, TensorData.of(values, data.shape().stream().mapToLong(Long::longValue).toArray()));
      }
    });
    try (TensorScope scope = TensorScope.inference(); Backbone twin = model.backbone("twin", other, Device.CPU)) {
      var tensors = new TreeMap<String, Tensor>();
      other.forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      float[] expected = features(twin, Adaptation.NONE);
      assertArrayEquals(expected, features(backbone, Adaptation.ofWeights(tensors)), 1e-5f);
      // One of them alone as well: the value's weight, which lies between others in one product.
      String value = "encoder.layer.1.attention.self.value.weight";
      try (Backbone one = model.backbone("one", Map.of(value, Objects.requireNonNull(other.get(value))), Device.CPU)) {
        assertArrayEquals(features(one, Adaptation.NONE),
            features(backbone, Adaptation.ofWeights(Map.of(value, Objects.requireNonNull(tensors.get(value))))), 1e-5f);
        assertNotEquals(0, calibration.distance(one));
      }
    }
    assertEquals(0, calibration.distance(Map.of()), 1e-10);
  }

  @Test
  void inputs_ofTheFirstSite_areTheRootOfTheMeanSquareOfWhatItIsGiven() {
    Map<String, float[]> inputs = calibration.inputs();
    assertEquals(12, inputs.size());
    float[] query = Objects.requireNonNull(inputs.get("encoder.layer.0.attention.self.query"));
    assertArrayEquals(query, inputs.get("encoder.layer.0.attention.self.value"));
    double[] squares = new double[8];
    int tokens = 0;
    try (TensorScope scope = TensorScope.inference()) {
      for (Input.Text text : TEXTS) {
        float[] state = Tensors.toFloats(backbone.pass(backbone.prepare(List.of(text))).start());
        tokens += state.length / 8;
        for (int i = 0; i < state.length; i++) {
          squares[i % 8] += state[i] * state[i];
        }
      }
    }
    // Padding is counted too, and is a vector like any other.
    for (int i = 0; i < 8; i++) {
      assertEquals(Math.sqrt(squares[i] / tokens), query[i], 1.0);
    }
  }

  /** The written directory loads to the same digest as the weights themselves, in whole and in part. */
  @Test
  void directory_ofAPackedEncoder_loadsAsManyMegabytesAsAreAskedFor() {
    Packed whole = Shrink.of(model, calibration, new ShrinkOptions(ShrinkOptions.Method.BITSTACK, 4, 6, 4), ShrinkProgress.NONE);
    model.writeTo(directory);
    whole.write(directory.resolve("model.packed"), model.tensors(), Map.of());
    try (Backbone expected = model.backbone("x", whole.decode(), Device.CPU);
        Backbone loaded = Backbones.load(directory.toString())) {
      assertEquals(expected.digest(), loaded.digest());
      assertTrue(calibration.distance(loaded) < 0.05, calibration.distance(loaded) + "");
    }
    double kilobyte = 1e-3;
    double size = directory.resolve("model.packed").toFile().length() / 1e6;
    try (Backbone part = Backbones.load(directory + "@" + String.format(Locale.ROOT, "%.6f", size - kilobyte));
        Backbone all = Backbones.load(directory + "@" + String.format(Locale.ROOT, "%.6fMB", size))) {
      assertNotEquals(part.digest(), all.digest());
      assertTrue(calibration.distance(part) >= calibration.distance(all));
    }
    assertThrows(UsageException.class, () -> Backbones.load(directory + "@0.0001"));
    assertThrows(UsageException.class, () -> Backbones.load(tiny + "@5"));
    assertThrows(UsageException.class, () -> model.writeTo(directory));
    assertEquals(directory.toAbsolutePath() + "@5", Backbones.fromAnywhere(directory + "@5"));
  }

  /** Within a level those blocks come first that leave the features nearest to what they were. */
  @Test
  void byDistance_order_isThatOfTheMeasureWithOneBlockMore() {
    Packed whole = Shrink.of(model, calibration, new ShrinkOptions(ShrinkOptions.Method.BITSTACK, 1, 2, 4), ShrinkProgress.NONE);
    var distances = new TreeMap<String, Double>();
    for (String name : whole.tensors().keySet()) {
      var weights = new TreeMap<String, TensorData>();
      whole.tensors().forEach((other, tensor) -> weights.put(other, tensor.decode(other.equals(name) ? 2 : 1)));
      try (Backbone changed = model.backbone("x", weights, Device.CPU)) {
        distances.put(name, calibration.distance(changed));
      }
    }
    double before = 0;
    for (String name : whole.order()) {
      double distance = Objects.requireNonNull(distances.get(name));
      assertTrue(distance >= before - 1e-5, name);
      before = distance;
    }
    assertEquals(whole.tensors().size(), whole.order().size());
  }

  @Test
  void perp_everySubset_comesNearerAndKeepsTheZeros() {
    SortedMap<String, TensorData> pruned = Perp.prune(model, backbone, Pruning.unstructured(0.5));
    assertEquals(12, pruned.size());
    double before;
    try (Backbone dropped = model.backbone("x", pruned, Device.CPU)) {
      before = calibration.distance(dropped);
    }
    try (var workers = new Workers(2)) {
      for (Perp.Subset subset : Perp.Subset.values()) {
        Perp.Outcome outcome = Perp.retrain(model, backbone, pruned, subset, TEXTS, workers,
            new DistillOptions(80, 4, 0.02, 1), ShrinkProgress.NONE);
        pruned.forEach((name, data) -> {
          float[] then = data.floats();
          float[] now = Objects.requireNonNull(outcome.weights().get(name)).floats();
          boolean same = true;
          for (int i = 0; i < then.length; i++) {
            assertTrue(then[i] != 0 || now[i] == 0);
            same &= then[i] == now[i];
          }
          assertEquals(subset != Perp.Subset.MASK_LORA, same);
        });
        try (Backbone retrained = model.backbone("x", outcome.weights(), Device.CPU)) {
          assertTrue(calibration.distance(retrained) < 0.8 * before, subset + ": " + calibration.distance(retrained));
        }
      }
      assertEquals(2L * (4 * 8 + 12 + 8), Perp.retrain(model, backbone, pruned, Perp.Subset.BIASES, TEXTS, workers,
          new DistillOptions(1, 4, 0.02, 1), ShrinkProgress.NONE).trained());
    }
  }

  @Test
  void perp_sameSeed_givesTheSameBits() {
    SortedMap<String, TensorData> pruned = Perp.prune(model, backbone, Pruning.structure("2:4"));
    try (var workers = new Workers(2)) {
      var options = new DistillOptions(5, 4, 0.02, 3);
      assertEquals(
          Perp.retrain(model, backbone, pruned, Perp.Subset.MASK_LORA, TEXTS, workers, options, ShrinkProgress.NONE).weights(),
          Perp.retrain(model, backbone, pruned, Perp.Subset.MASK_LORA, TEXTS, workers, options, ShrinkProgress.NONE).weights());
    }
  }

  @Test
  void onceForAll_draws_goUpAndDownWithTheStep() {
    assertEquals(4, OnceForAll.expected(0));
    assertEquals(2, OnceForAll.expected(25));
    assertEquals(3, OnceForAll.expected(37), 0.05);
    assertEquals(4, OnceForAll.expected(50));
    try (var all = new OnceForAll(model, backbone, 1)) {
      for (int bits : all.drawn(0)) {
        assertEquals(4, bits);
      }
      for (int bits : all.drawn(25)) {
        assertEquals(2, bits);
      }
      double sum = 0;
      for (long step = 0; step < 50; step++) {
        for (int bits : all.drawn(step)) {
          sum += bits;
        }
      }
      assertEquals(3, sum / (50 * 12), 0.1);
    }
  }

  @Test
  void onceForAll_aStepOfTwoBits_leavesTheOtherProductsAlone() {
    try (var all = new OnceForAll(model, backbone, 1); var workers = new Workers(2)) {
      // 26 steps: the last one has two bits everywhere; the first one four.
      int[] four = new int[12];
      Arrays.fill(four, 4);
      Map<String, TensorData> before = all.subnet(four).decode();
      all.train(backbone, TEXTS, workers, new DistillOptions(1, 4, 0.02, 1), ShrinkProgress.NONE);
      int[] two = new int[12];
      Arrays.fill(two, 2);
      assertNotEquals(before, all.subnet(four).decode());
      try (var untrained = new OnceForAll(model, backbone, 1)) {
        assertEquals(untrained.subnet(two).decode(), all.subnet(two).decode());
      }
    }
  }

  @Test
  void onceForAll_trainedOnce_isNearerAtEveryBudgetAndKeepsIt() {
    try (var all = new OnceForAll(model, backbone, 1); var workers = new Workers(2)) {
      var before = new TreeMap<Double, Double>();
      for (double bits : new double[] {2, 2.5, 3.5, 4}) {
        before.put(bits, distance(all, all.search(bits, calibration)));
      }
      all.train(backbone, TEXTS, workers, new DistillOptions(150, 8, 0.01, 1), ShrinkProgress.NONE);
      before.forEach((bits, old) -> {
        int[] found = all.search(bits, calibration);
        assertTrue(all.mean(found) <= bits, Arrays.toString(found));
        assertTrue(all.mean(found) > bits - 0.2);
        double now = distance(all, found);
        assertTrue(now < old, bits + ": " + now + " after " + old);
      });
      assertThrows(UsageException.class, () -> all.search(1.9, calibration));
    }
  }

  private double distance(OnceForAll all, int[] bits) {
    try (Backbone subnet = model.backbone("x", all.subnet(bits).decode(), Device.CPU)) {
      return calibration.distance(subnet);
    }
  }

  @Test
  void encoders_aTensorThatIsNone_isRefused() {
    assertFalse(model.tensors().isEmpty());
    assertThrows(UsageException.class, () -> Pruning.unstructured(0.5).of(Map.of("a", TensorData.of(new float[4], 2, 2))));
    assertThrows(UsageException.class,
        () -> Shrink.of(Map.of("a", TensorData.of(new float[4], 4)), ShrinkOptions.DEFAULT, ShrinkProgress.NONE));
  }
}
