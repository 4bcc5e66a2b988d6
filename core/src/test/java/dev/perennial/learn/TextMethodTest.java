package dev.perennial.learn;

import dev.perennial.backbone.Backbones;
import dev.perennial.data.Example;
import dev.perennial.stream.Experience;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;

/** Every technique on a few real texts with the default backbone, and with a brick in its last block alone. */
@Tag("heavy")
final class TextMethodTest extends MethodContract {

  private final World world = new World(Backbones.load("minilm"), 2, List.of(
      experience(0, "animal", "a large grey animal with a trunk", "a small bird that sings at night",
          "food", "bread with butter and jam", "a hot soup of onions and cheese, eaten in winter"),
      experience(1, "money", "the rate of interest on a loan", "coins and notes",
          "weather", "heavy rain with thunder", "a cold wind from the north brings snow tomorrow"),
      experience(2, "travel", "the train leaves at noon", "two tickets to the sea",
          "health", "take these pills after every meal", "the doctor will see you now")));

  private static Experience experience(
      int index, String one, String first, String second, String other, String third, String fourth) {
    return new Experience(index, "experience " + index, List.of(one, other), List.of(
        Example.of(first, one), Example.of(third, other), Example.of(second, one), Example.of(fourth, other)), List.of());
  }

  @Override
  World world() {
    return world;
  }

  @Override
  Map<String, String> options() {
    return Map.ofEntries(
        Map.entry("epochs", "3"), Map.entry("batch", "3"), Map.entry("rate", "0.01"),
        Map.entry("sites", "layer.5.*(query|value)"), Map.entry("features", "64"), Map.entry("memory", "6"),
        Map.entry("fisherRows", "2"), Map.entry("strength", "1"), Map.entry("passes", "10"),
        Map.entry("send", "1"));
  }

  @Override
  List<Long> stops(long steps) {
    return List.of(steps / 2 + 1);
  }

  @AfterAll
  void close() {
    world.close();
  }
}
