package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.backbone.Adaptation;
import dev.perennial.backbone.Pass;
import dev.perennial.backbone.TinyBert;
import dev.perennial.brick.BrickKinds;
import dev.perennial.brick.BrickOptions;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.brick.SavedBrick;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.CounterRandom;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of brick under the learner that trains by gradients, on the tiny encoder. */
final class BrickLearningTest {

  private World world;
  private TensorScope scope;

  static Stream<String> kinds() {
    return Stream.concat(Stream.of("adalora:targetRank=1,interval=2"),
        BrickKinds.load().names().stream().filter(name -> !name.equals("edits"))).map(name -> switch (name) {
      case "sparse" -> "sparse:density=0.3,interval=3,drop=0.5";
      case "sara" -> "sara:density=0.5";
      case "prompt", "prefix" -> name + ":tokens=2";
      case "ept" -> "ept:tokens=2,places=4,spaces=2";
      case "compacter" -> "compacter:factors=2";
      case "stable-rps" -> "stable-rps:compression=4";
      default -> name;
    });
  }

  @BeforeEach
  void open() {
    world = new World(TinyBert.backbone(), 2, words());
    scope = TensorScope.inference();
  }

  @AfterEach
  void close() {
    scope.close();
    world.close();
  }

  /** Two experiences of two classes each; a class has two of the five words, in any order. */
  private static List<Experience> words() {
    String[][] classes = {{"a", "b"}, {"c", "d"}, {"e", "a"}, {"b", "c"}};
    var random = CounterRandom.of(5);
    long drawn = 0;
    var stream = new ArrayList<Experience>();
    for (int e = 0; e < 2; e++) {
      var train = new ArrayList<Example>();
      for (int row = 0; row < 10; row++) {
        int c = 2 * e + row % 2;
        var text = new StringBuilder(classes[c][0]);
        for (int i = random.below(drawn++, 5); i >= 0; i--) {
          text.append(' ').append(classes[c][random.below(drawn++, 2)]);
        }
        train.add(Example.of(text.toString(), "class-" + c));
      }
      stream.add(new Experience(
          e, "experience " + e, List.of("class-" + 2 * e, "class-" + (2 * e + 1)), train, List.of()));
    }
    return stream;
  }

  private GradientLearner learner(String kind) {
    var options = new GradientOptions(3, 4, OptimiserOptions.adamW(0.02),
        new LoraOptions(2, 4, 0.1, LoraOptions.USUAL), HeadOptions.DEFAULT);
    return new GradientLearner(options.withBrick(new BrickOptions(kind, options.brick().lora())), world.context(1),
        new Objective() {});
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void step_stoppedInTheMiddleAndRestored_goesOnToTheSameBits(String kind) {
    try (var straight = learner(kind); var first = learner(kind); var second = learner(kind)) {
      learn(straight, 0, 0, Long.MAX_VALUE);
      learn(straight, 1, 0, Long.MAX_VALUE);
      learn(first, 0, 0, Long.MAX_VALUE);
      learn(first, 1, 0, 5);
      second.restore(byName(first.state()), world.experiences());
      learn(second, 1, 5, Long.MAX_VALUE);
      assertEquals(byName(straight.state()), byName(second.state()));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void step_anyKind_lowersTheLoss(String kind) {
    try (var learner = learner(kind)) {
      Experience experience = world.experiences().getFirst();
      learn(learner, 0, 0, 1);
      double before = loss(learner, experience);
      String digest = learner.parameters().digest();
      learn(learner, 0, 1, Long.MAX_VALUE);
      assertTrue(loss(learner, experience) < before - 0.01, before + " to " + loss(learner, experience));
      assertTrue(!digest.equals(learner.parameters().digest()));
    }
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void saved_trainedBrick_doesWhatTheLearnerDoes(String kind) {
    try (var learner = learner(kind)) {
      assertTrue(learner.saved("brick").isEmpty());
      learn(learner, 0, 0, Long.MAX_VALUE);
      SavedBrick saved = learner.saved("brick").orElseThrow();
      assertTrue(learner.saved("head").isEmpty());
      assertEquals(learner.classNames(), saved.head().orElseThrow().classes());
      List<Input> inputs = world.experiences().getFirst().train().stream().map(Example::input).toList();
      var tensors = new HashMap<String, Tensor>();
      saved.tensors().forEach((name, data) -> tensors.put(name, Tensors.copyOf(data)));
      Adaptation adaptation = saved.on(world.backbone()).adaptation(tensors);
      Pass pass = world.backbone().pass(world.backbone().prepare(inputs));
      float[] own = Tensors.toFloats(pass.pool(pass.advance(pass.start(adaptation), 0, 2, adaptation)));
      assertArrayEquals(Tensors.toFloats(learner.features(inputs)), own, 1e-5f);
      float[] frozen = Tensors.toFloats(world.context(1).cache().features(inputs, learner.freeze()));
      assertArrayEquals(own, frozen, 1e-5f);
    }
  }

  private static double loss(GradientLearner learner, Experience experience) {
    List<Example> rows = experience.train();
    float[] logits = Tensors.toFloats(learner.logits(rows));
    int classes = logits.length / rows.size();
    double sum = 0;
    for (int row = 0; row < rows.size(); row++) {
      float[] own = Arrays.copyOfRange(logits, row * classes, (row + 1) * classes);
      double all = 0;
      for (float logit : own) {
        all += Math.exp(logit);
      }
      sum += Math.log(all) - own[learner.classNames().indexOf(rows.get(row).label())];
    }
    return sum / rows.size();
  }

  private void learn(Learner learner, int experience, long from, long to) {
    Experience own = world.experiences().get(experience);
    for (long step = from; step < Math.min(to, learner.steps(own)); step++) {
      try (TensorScope inner = TensorScope.inference()) {
        learner.step(own, step);
      }
    }
  }

  private static Map<String, StatePart> byName(List<StatePart> state) {
    var parts = new HashMap<String, StatePart>();
    state.forEach(part -> parts.put(part.name(), part));
    return parts;
  }
}
