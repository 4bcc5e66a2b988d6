package dev.perennial.open;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.data.Example;
import dev.perennial.learn.Absorbing;
import dev.perennial.learn.Learner;
import dev.perennial.learn.LearnerContext;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A thousand classes that come at once, after a few. */
final class ManyClassesTest {

  private static Experience thousand(int index) {
    var rows = new ArrayList<Example>();
    var classes = new ArrayList<String>();
    for (int c = 0; c < 1000; c++) {
      classes.add("many-" + c);
      rows.add(Example.of("x" + c, "many-" + c));
      rows.add(Example.of("y" + c, "many-" + c));
    }
    return new Experience(index, "a thousand", classes, rows, List.of());
  }

  private static void learn(Learner learner, List<Experience> stream) {
    for (Experience experience : stream) {
      for (long step = 0; step < learner.steps(experience); step++) {
        try (TensorScope scope = TensorScope.inference()) {
          learner.step(experience, step);
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"g-acil", "ncm", "fine-tune", "first-session-analytic", "auto"})
  void learn_aThousandNewClassesAtOnce_knowsThemAll(String technique) {
    try (World world = new World(World.tiny(1).backbone(), 1, World.letters(1, 2, 20))) {
      LearnerContext context = world.context(1);
      Map<String, String> options = technique.equals("g-acil") ? Map.of("features", "64")
          : technique.equals("ncm") ? Map.of()
          : technique.equals("fine-tune") ? Map.of("epochs", "1", "sites", "linear")
          : Map.of("epochs", "1", "sites", "linear", "features", "64");
      try (Learner learner = Techniques.load().choose(technique, options).learner(context);
          TensorScope scope = TensorScope.inference()) {
        learn(learner, List.of(world.experiences().getFirst(), thousand(1)));
        assertEquals(1002, learner.classNames().size());
        assertEquals(1002, learner.scores(List.of(world.experiences().getFirst().train().getFirst().input())).size(1));
      }
    }
  }

  @Test
  void learn_aThousandClassesTooSmallToHoldRowsBack_keepsTheThresholdThatThereWas() {
    try (World world = new World(World.tiny(1).backbone(), 1, World.letters(1, 2, 60))) {
      LearnerContext context = world.context(1);
      var inner = (Absorbing) Techniques.load().choose("g-acil", Map.of("features", "64")).learner(context);
      try (var learner = new OpenLearner(OpenOptions.DEFAULT.withKeep(0.8), context, inner)) {
        learn(learner, List.of(world.experiences().getFirst()));
        double threshold = learner.threshold();
        assertTrue(Double.isFinite(threshold));
        learn(learner, List.of(thousand(1)));
        assertEquals(threshold, learner.threshold());
        assertEquals(1002, learner.classNames().size());
      }
    }
  }
}
