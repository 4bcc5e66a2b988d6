package dev.perennial.learn.analytic;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Backbone;
import dev.perennial.backbone.Backbones;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.Learner;
import dev.perennial.learn.TinyBackbone;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

final class GAcilTest {

  private static final int FEATURES = 48;

  @Test
  void weights_anyOrderAndAnySplit_areThoseOfAllRowsAtOnce() {
    List<Experience> stream = World.letters(3, 2, 9);
    var all = new ArrayList<Example>();
    var classes = new ArrayList<String>();
    stream.forEach(experience -> {
      all.addAll(experience.train());
      classes.addAll(experience.classes());
    });
    double[] joint = weights(stream, List.of(new Experience(0, "all", classes, all, List.of())));
    assertClose(joint, weights(stream, stream));
    var random = CounterRandom.of(4);
    for (int trial = 0; trial < 3; trial++) {
      var shuffled = new ArrayList<Example>();
      for (int place : CounterRandom.of(5, trial).permutation(all.size())) {
        shuffled.add(all.get(place));
      }
      var split = new ArrayList<Experience>();
      for (int start = 0; start < shuffled.size(); ) {
        int end = Math.min(shuffled.size(), start + 1 + random.below(100 * trial + start, 25));
        List<Example> rows = shuffled.subList(start, end);
        split.add(new Experience(
            split.size(), "part", rows.stream().map(Example::label).distinct().toList(), rows, List.of()));
        start = end;
      }
      assertClose(joint, weights(stream, split));
    }
  }

  @Test
  void source_imagesOnABackboneDrawnAtRandom_arePatches_inAnyOrderAndSplit() {
    List<Example> rows = images();
    var whole = List.of(new Experience(0, "all", List.of("even", "odd"), rows, List.of()));
    double[] joint = imageWeights(Source.AUTO, whole);
    assertClose(joint, imageWeights(Source.PATCHES, whole));
    assertClose(joint, imageWeights(Source.AUTO, List.of(
        new Experience(0, "first", List.of("even", "odd"), rows.subList(30, 50), List.of()),
        new Experience(1, "second", List.of("even", "odd"), rows.subList(0, 30), List.of()))));
    double[] backbone = imageWeights(Source.BACKBONE, whole);
    double difference = 0;
    for (int i = 0; i < joint.length; i++) {
      difference += Math.abs(joint[i] - backbone[i]);
    }
    assertTrue(difference > 0.1, "the backbone's features are others: " + difference);
  }

  private static List<Example> images() {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < 50; i++) {
      byte[] samples = new byte[64];
      for (int s = 0; s < 64; s++) {
        samples[s] = (byte) CounterRandom.of(9, i).below(s, i % 2 == 0 ? 256 : 100);
      }
      rows.add(new Example(new Input.Image(1, 8, 8, samples), i % 2 == 0 ? "even" : "odd", null, null));
    }
    return rows;
  }

  private static double[] imageWeights(Source source, List<Experience> stream) {
    Backbone backbone = Backbones.forImages("mlp", 1, 8, 8, 1);
    try (var world = new World(backbone, 2, stream);
        TensorScope scope = TensorScope.inference();
        Learner learner = new GAcil().learner(
            new GAcil.Options(new AnalyticOptions(FEATURES, 1, 0.01), source), world.context(6))) {
      for (Experience experience : stream) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
        }
      }
      assertEquals(List.of("even", "odd"), learner.classNames());
      Map<String, StatePart> state = new HashMap<>();
      learner.state().forEach(part -> state.put(part.name(), part));
      return Tensors.toDoubles(Tensors.copyOf(Objects.requireNonNull(state.get("head")).tensor("weight")));
    }
  }

  private static void assertClose(double[] expected, double[] weights) {
    assertEquals(expected.length, weights.length);
    double difference = 0;
    double length = 0;
    for (int i = 0; i < expected.length; i++) {
      difference += (expected[i] - weights[i]) * (expected[i] - weights[i]);
      length += expected[i] * expected[i];
    }
    assertTrue(length > 0 && Math.sqrt(difference / length) <= 1e-6, "relative difference "
        + Math.sqrt(difference / length));
  }

  /** W after the stream, its columns in the order of the classes' names. */
  private static double[] weights(List<Experience> inputs, List<Experience> stream) {
    // A world registers its inputs in one order, so that their features are the same to the bit.
    try (var world = new World(TinyBackbone.frozen(), 2, inputs);
        TensorScope scope = TensorScope.inference();
        Learner learner = new GAcil().learner(
            new GAcil.Options(new AnalyticOptions(FEATURES, 1, 0.01)), world.context(6))) {
      for (Experience experience : stream) {
        for (long step = 0; step < learner.steps(experience); step++) {
          learner.step(experience, step);
        }
      }
      Map<String, StatePart> state = new HashMap<>();
      learner.state().forEach(part -> state.put(part.name(), part));
      StatePart head = state.get("head");
      if (head == null) {
        throw new AssertionError("no head among " + state.keySet());
      }
      double[] columns = Tensors.toDoubles(Tensors.copyOf(head.tensor("weight")));
      List<String> names = learner.classNames();
      List<String> sorted = names.stream().sorted().toList();
      double[] weights = new double[columns.length];
      for (int feature = 0; feature < FEATURES; feature++) {
        for (int c = 0; c < names.size(); c++) {
          weights[feature * names.size() + sorted.indexOf(names.get(c))] = columns[feature * names.size() + c];
        }
      }
      return weights;
    }
  }
}
