package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.brick.GrowingHead;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.Lora;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.Parameters;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TrainerTest {

  private static final List<Example> TEXTS = List.of(
      Example.of("a large grey animal with a trunk", "a"), Example.of("coins", "b"), Example.of("bread and butter", "c"),
      Example.of("a cold wind that comes from the north in the winter", "d"), Example.of("rain", "e"));

  @ParameterizedTest
  @ValueSource(ints = {2, 3, 4, 8})
  void gradient_manyWorkers_isThatOfOne(int workers) {
    List<Example> batch = World.letters(1, 2, 7).getFirst().train();
    float[] alone = gradient(TinyBackbone::frozen, 1, batch, "linear");
    assertTrue(norm(alone) > 0);
    assertTrue(distance(alone, gradient(TinyBackbone::frozen, workers, batch, "linear")) <= 1e-6 * norm(alone));
    // In the second block alone, so that what the first makes is cached.
    float[] above = gradient(TinyBackbone::frozen, 1, batch, "1.linear");
    assertTrue(distance(above, gradient(TinyBackbone::frozen, workers, batch, "1.linear")) <= 1e-6 * norm(above));
  }

  @Test
  void gradient_realTextsOfManyLengths_isThatOfOneWorker() {
    float[] alone = gradient(() -> Backbones.load("minilm"), 1, TEXTS, "query|value");
    float[] shared = gradient(() -> Backbones.load("minilm"), 2, TEXTS, "query|value");
    assertTrue(distance(alone, shared) <= 1e-5 * norm(alone), "distance " + distance(alone, shared) / norm(alone));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 16})
  void shards_anyNumberOfWorkers_holdEveryRowOnceAndNoneIsEmpty(int workers) {
    // Lengths 1 to 60; and those of which a worker once was left without a row.
    for (List<Example> batch : List.of(texts(20, 40, 40), texts(7), texts(1, 1, 10), texts(60, 1, 1, 1, 30, 2), TEXTS)) {
      try (var world = new World(TinyBackbone.frozen(), workers, List.of(experience(batch)))) {
        LearnerContext context = world.context(1);
        List<Network.Shard> shards = network(context, null).shards(batch);
        var seen = new ArrayList<Integer>();
        for (Network.Shard shard : shards) {
          assertTrue(shard.positions().length > 0);
          Arrays.stream(shard.positions()).forEach(seen::add);
        }
        seen.sort(null);
        var expected = new ArrayList<Integer>();
        for (int i = 0; i < batch.size(); i++) {
          expected.add(i);
        }
        assertEquals(expected, seen);
        assertTrue(shards.size() <= Math.min(workers, batch.size()));
      }
    }
  }

  @Test
  void shards_oneLongRow_hasAWorkerOfItsOwn() {
    List<Example> batch = texts(1, 10, 1);
    try (var world = new World(TinyBackbone.frozen(), 2, List.of(experience(batch)))) {
      List<Network.Shard> shards = network(world.context(1), null).shards(batch);
      assertEquals(2, shards.size());
      assertArrayEquals(new int[] {0, 2}, shards.getFirst().positions());
      assertArrayEquals(new int[] {1}, shards.getLast().positions());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mlp", "convnet"})
  void gradient_imageNetwork_isTheFiniteDifference(String name) {
    var image = new Input.Image(1, 4, 4, new byte[] {9, 1, 3, -80, 5, 6, 0, 0, -9, 90, 70, 33, 2, -1, -2, 60});
    List<Example> batch = List.of(new Example(image, "a", null, null));
    try (var world = new World(Backbones.forImages(name, 1, 4, 4, 5), 1, List.of(experience(batch)));
        Parameters parameters = new Parameters();
        TensorScope scope = TensorScope.inference()) {
      Network network = network(world.context(1), null);
      network.initialise(parameters, CounterRandom.of(3));
      GrowingHead head = addHead(parameters, network.width());
      try (var trainer = new Trainer(network, head, parameters)) {
        Tensor gradient = trainer.gradient(batch, null, TrainerTest::squares);
        Tensor direction = gradient.div(gradient.norm());
        double step = 0.01;
        double up = loss(network, head, parameters, batch, direction, step);
        double down = loss(network, head, parameters, batch, direction, -step);
        double slope = gradient.norm().item_double();
        assertTrue(slope > 0.01, "slope " + slope);
        // The loss is of fourth order in the step; ReLUs may switch on the way.
        assertEquals(slope, (up - down) / (2 * step), 0.01 * slope);
      }
    }
  }

  /** The loss with the parameters a step further. */
  private static double loss(Network network, GrowingHead head, Parameters parameters, List<Example> batch,
      Tensor direction, double step) {
    Tensors.addScaled(parameters.values(), direction, step);
    Tensor features = network.features(batch.stream().map(Example::input).toList(), parameters);
    Tensor logits = head.logits(features, parameters.view(parameters.values(), Trainer.HEAD));
    Tensors.addScaled(parameters.values(), direction, -step);
    return squares(features, logits, Map.of(), new int[0]).item_double();
  }

  @Test
  void gradient_dropout_dependsOnTheNoiseAlone() {
    List<Example> batch = World.letters(1, 2, 7).getFirst().train();
    var options = new LoraOptions(4, 8, 0.3, "linear");
    try (var world = new World(TinyBackbone.frozen(), 2, List.of(experience(batch)));
        TensorScope scope = TensorScope.inference()) {
      LearnerContext context = world.context(1);
      var lora = new Lora(options, world.backbone());
      try (Parameters parameters = drawn(lora);
          var trainer = new Trainer(network(context, lora), addHead(parameters, world.backbone().width()), parameters)) {
        float[] first = Tensors.toFloats(trainer.gradient(batch, CounterRandom.of(1, 5), TrainerTest::squares));
        float[] again = Tensors.toFloats(trainer.gradient(batch, CounterRandom.of(1, 5), TrainerTest::squares));
        float[] other = Tensors.toFloats(trainer.gradient(batch, CounterRandom.of(1, 6), TrainerTest::squares));
        assertArrayEquals(first, again);
        assertTrue(distance(first, other) > 0);
      }
    }
  }

  private static float[] gradient(Supplier<Backbone> backbone, int workers, List<Example> batch, String sites) {
    try (var world = new World(backbone.get(), workers, List.of(experience(batch)));
        TensorScope scope = TensorScope.inference()) {
      LearnerContext context = world.context(1);
      var lora = new Lora(new LoraOptions(4, 8, 0, sites), world.backbone());
      try (Parameters parameters = drawn(lora);
          var trainer = new Trainer(network(context, lora), addHead(parameters, world.backbone().width()), parameters)) {
        return Tensors.toFloats(trainer.gradient(batch, null, TrainerTest::squares));
      }
    }
  }

  /** A brick whose B is not 0 any more. */
  private static Parameters drawn(Lora lora) {
    var parameters = new Parameters();
    lora.initialise(parameters, CounterRandom.of(3));
    float[] values = new float[(int) parameters.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (0.1 * CounterRandom.of(4).gaussian(i));
    }
    parameters.values().copy_(Tensors.floats(values, values.length));
    return parameters;
  }

  private static Tensor squares(Tensor features, Tensor logits, Map<String, Tensor> leaves, int[] rows) {
    return features.mul(features).sum().add(logits.mul(logits).sum()).div(new Scalar(10.0));
  }

  /** Adds rows of 3 classes. */
  private static GrowingHead addHead(Parameters parameters, int width) {
    GrowingHead head = HeadOptions.DEFAULT.of(width, true);
    parameters.add(Trainer.HEAD, head.newRows(0, 3, CounterRandom.of(5)), 3, head.rowLength());
    return head;
  }

  private static Network network(LearnerContext context, @Nullable Lora lora) {
    return new Network(context.backbone(), context.cache(), context.workers(), lora);
  }

  private static List<Example> texts(int... lengths) {
    return Arrays.stream(lengths).mapToObj(length -> Example.of("x".repeat(length - 1) + length % 10, "c")).toList();
  }

  private static Experience experience(List<Example> rows) {
    return new Experience(0, "0", List.of(), rows, List.of());
  }

  private static double norm(float[] values) {
    return distance(values, new float[values.length]);
  }

  private static double distance(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += ((double) a[i] - b[i]) * ((double) a[i] - b[i]);
    }
    return Math.sqrt(sum);
  }
}
