package dev.perennial.learn.regularisation;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.brick.HeadOptions;
import dev.perennial.brick.LoraOptions;
import dev.perennial.data.Example;
import dev.perennial.data.Input;
import dev.perennial.learn.GradientOptions;
import dev.perennial.learn.OptimiserOptions;
import dev.perennial.learn.World;
import dev.perennial.store.StateDigest;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import dev.perennial.tensor.Tensors;
import java.util.List;
import org.junit.jupiter.api.Test;

final class IbclTest {

  private static final GradientOptions TRAINING = new GradientOptions(
      20, 4, OptimiserOptions.adamW(0.02), new LoraOptions(2, 4, 0, "linear"), HeadOptions.DEFAULT);

  private static Ibcl.Options options(String preference, double distance, int models) {
    return new Ibcl.Options(
        new Vcl.Options(TRAINING, 1, 1, 0.01, 0.01, 0.01, 0), 2, 2, distance, preference, models, 0.9);
  }

  @Test
  void prefer_anotherExperience_favoursItWithoutTraining() {
    try (World world = World.tiny(1);
        TensorScope scope = TensorScope.inference();
        CredalLearner learner = new Ibcl().learner(options("", 0, 0), world.context(1))) {
      world.experiences().subList(0, 2).forEach(experience -> learn(learner, experience));
      String digest = StateDigest.of(learner.state());
      Experience first = world.experiences().getFirst();
      learner.prefer(1, 0);
      double forFirst = accuracy(learner, first);
      learner.prefer(0, 1);
      double forSecond = accuracy(learner, first);
      assertTrue(forFirst > 0.9, "accuracy on the first experience where it matters alone: " + forFirst);
      assertTrue(forSecond < forFirst, forSecond + " where the second matters alone, " + forFirst + " where the first");
      assertEquals(digest, StateDigest.of(learner.state()), "nothing is trained");
    }
  }

  @Test
  void scores_preferenceOfTheOptions_areThoseOfPrefer() {
    try (World world = World.tiny(1);
        TensorScope scope = TensorScope.inference();
        CredalLearner one = new Ibcl().learner(options("1, 3", 0, 2), world.context(1));
        CredalLearner other = new Ibcl().learner(options("", 0, 2), world.context(1))) {
      for (CredalLearner learner : List.of(one, other)) {
        world.experiences().subList(0, 2).forEach(experience -> learn(learner, experience));
      }
      other.prefer(0.5, 1.5);
      List<Input> inputs = inputs(world.experiences().getFirst());
      float[] scores = Tensors.toFloats(one.scores(inputs));
      assertArrayEquals(scores, Tensors.toFloats(other.scores(inputs)), 1e-5f);
      for (int row = 0; row < inputs.size(); row++) {
        double sum = 0;
        for (int c = 0; c < 4; c++) {
          sum += Math.exp(scores[row * 4 + c]);
        }
        assertEquals(1, sum, 1e-5, "drawn models give logarithms of probabilities");
      }
    }
  }

  @Test
  void distance_largerThanAny_keepsOnePosterior() {
    try (World world = World.tiny(1);
        TensorScope scope = TensorScope.inference();
        CredalLearner few = new Ibcl().learner(options("", 1e6, 0), world.context(1));
        CredalLearner all = new Ibcl().learner(options("", 0, 0), world.context(1))) {
      for (CredalLearner learner : List.of(few, all)) {
        world.experiences().forEach(experience -> learn(learner, experience));
      }
      long parameters = few.footprint().trainableParameters() / 2;
      long deviations = 2 * parameters * Float.BYTES;
      assertEquals(deviations + 2 * parameters * Float.BYTES, few.footprint().memoryBytes());
      assertEquals(deviations + 3 * 2 * 2 * parameters * Float.BYTES, all.footprint().memoryBytes());
    }
  }

  @Test
  void options_noPreference_areRefusedInOneLine() {
    assertEquals("expected a preference such as 0.5,0.5: a number for each experience, got a,b",
        assertThrows(UsageException.class, () -> options("a,b", 0, 0)).getMessage());
    assertEquals("expected a preference of at least 0 for each experience, got -1.0",
        assertThrows(UsageException.class, () -> options("2,-1", 0, 0)).getMessage());
    assertEquals("expected a preference above 0 for some experience, got none",
        assertThrows(UsageException.class, () -> options("0,0", 0, 0)).getMessage());
  }

  private static void learn(CredalLearner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      learner.step(experience, step);
    }
  }

  private static List<Input> inputs(Experience experience) {
    return experience.train().stream().map(Example::input).toList();
  }

  private static double accuracy(CredalLearner learner, Experience experience) {
    float[] scores = Tensors.toFloats(learner.scores(inputs(experience)));
    List<String> names = learner.classNames();
    int right = 0;
    for (int row = 0; row < experience.train().size(); row++) {
      int best = 0;
      for (int c = 1; c < names.size(); c++) {
        best = scores[row * names.size() + c] > scores[row * names.size() + best] ? c : best;
      }
      right += names.get(best).equals(experience.train().get(row).label()) ? 1 : 0;
    }
    return (double) right / experience.train().size();
  }
}
