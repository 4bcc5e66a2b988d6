package dev.perennial.learn;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class SearchSpaceTest {

  @Test
  void points_areAllCombinations_theLastOptionFastest() {
    SearchSpace space = SearchSpace.of("a", "1", "2").and("b", "x", "y", "z");
    assertEquals(List.of(
        Map.of("a", "1", "b", "x"), Map.of("a", "1", "b", "y"), Map.of("a", "1", "b", "z"),
        Map.of("a", "2", "b", "x"), Map.of("a", "2", "b", "y"), Map.of("a", "2", "b", "z")), space.points());
    assertEquals(List.of(Map.of()), SearchSpace.NONE.points());
    assertEquals(Map.of("b", "y"), space.startingAt("b", "y").start());
    assertThrows(IllegalArgumentException.class, () -> SearchSpace.of("a"));
  }

  @Test
  void points_ofEveryTechnique_areOptionsOfIt() {
    Techniques techniques = Techniques.load();
    for (String name : techniques.names()) {
      SearchSpace space = techniques.named(name).searchSpace();
      var distinct = new HashSet<Record>();
      space.points().forEach(point -> distinct.add(techniques.choose(name, point).options()));
      assertEquals(space.points().size(), distinct.size(), name + " has no point twice");
      techniques.choose(name, space.start());
      assertFalse(space.values().containsKey("memory"), name + ": a memory is a budget, which is not tuned");
      assertTrue(space.points().size() <= 30, name + ": a search space is small");
    }
  }

  @Test
  void points_ofEveryTechniqueWithOptionsThatMatter_areMoreThanTheDefaults() {
    Techniques techniques = Techniques.load();
    for (String name : List.of("ewc", "lwf", "g-acil", "first-session-analytic", "replay", "fine-tune", "joint")) {
      assertTrue(techniques.named(name).searchSpace().points().size() > 1, name);
    }
  }
}
