package dev.perennial.learn.growth;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.perennial.UsageException;
import dev.perennial.data.Example;
import dev.perennial.learn.Learner;
import dev.perennial.learn.Techniques;
import dev.perennial.learn.World;
import dev.perennial.learn.replay.StoredExamples;
import dev.perennial.stream.Experience;
import dev.perennial.tensor.Combine;
import dev.perennial.tensor.StatePart;
import dev.perennial.tensor.TensorData;
import dev.perennial.tensor.TensorScope;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class StaticConPetTest {

  private static final Map<String, String> SMALL =
      Map.of("epochs", "1", "batch", "4", "rate", "0.01", "sites", "linear", "rank", "2");

  private static Learner learner(World world, int memory, int fresh) {
    var asked = new HashMap<>(SMALL);
    asked.put("memory", String.valueOf(memory));
    asked.put("fresh", String.valueOf(fresh));
    return Techniques.load().choose("static-conpet", asked).learner(world.context(1));
  }

  private static void learn(Learner learner, Experience experience) {
    for (long step = 0; step < learner.steps(experience); step++) {
      try (TensorScope scope = TensorScope.inference()) {
        learner.step(experience, step);
      }
    }
  }

  private static StatePart memory(Learner learner) {
    return learner.state().stream().filter(part -> part.name().equals("memory")).findFirst().orElseThrow();
  }

  private static List<Example> kept(Learner learner) {
    return StoredExamples.examples(memory(learner).tensors());
  }

  @Test
  void memory_afterEachTask_hasAnEvenShareOfEach() {
    try (World world = World.tiny(1); Learner learner = learner(world, 7, 100)) {
      int[][] shares = {{7}, {3, 3}, {2, 2, 2}};
      for (Experience experience : world.experiences()) {
        learn(learner, experience);
        long[] sizes = memory(learner).tensor("tasks").longs();
        int[] expected = shares[experience.index()];
        assertEquals(expected.length, sizes.length);
        int start = 0;
        for (int task = 0; task < expected.length; task++) {
          assertEquals(expected[task], sizes[task]);
          var own = new HashSet<>(world.experiences().get(task).train());
          assertTrue(own.containsAll(kept(learner).subList(start, start + expected[task])), "task " + task);
          start += expected[task];
        }
        assertEquals(StoredExamples.bytes(kept(learner)), learner.footprint().memoryBytes());
      }
    }
  }

  @Test
  void memory_moreTasksThanPlaces_keepsOneRowOfSomeTasks() {
    try (World world = World.tiny(1); Learner learner = learner(world, 2, 100)) {
      world.experiences().forEach(experience -> learn(learner, experience));
      assertEquals(2, kept(learner).size());
    }
  }

  @Test
  void steps_largeExperience_areBoundedByFreshRows() {
    try (World world = World.tiny(1); Learner learner = learner(world, 7, 6)) {
      assertEquals(15, world.experiences().getFirst().train().size());
      assertEquals(2, learner.steps(world.experiences().getFirst()));
    }
    try (World world = World.tiny(1); Learner learner = learner(world, 7, 100)) {
      assertEquals(4, learner.steps(world.experiences().getFirst()));
    }
  }

  @Test
  void replayed_oldRows_areDrawnByTaskFirst() {
    var replay = new StaticConPet.DynamicReplay(new StaticConPet().defaults(), 3);
    Experience any = new Experience(9, "e", List.of(), List.of(), List.of());
    assertEquals(List.of(), replay.replayed(any, 0));
    Example lonely = Example.of("lonely", "a");
    // A task of one row and one of 99: each is drawn as often.
    replay.restore(Map.of("memory", state(lonely)), List.of());
    int count = 0;
    int drawn = 0;
    for (long step = 0; step < 100; step++) {
      List<Example> rows = replay.replayed(any, step);
      drawn += rows.size();
      count += (int) rows.stream().filter(lonely::equals).count();
    }
    assertEquals(3200, drawn);
    assertEquals(0.5, (double) count / drawn, 0.05);
  }

  private static StatePart state(Example lonely) {
    var rows = new ArrayList<Example>(List.of(lonely));
    for (int i = 0; i < 99; i++) {
      rows.add(Example.of("row " + i, "b"));
    }
    var tensors = new HashMap<>(StoredExamples.tensors(rows));
    tensors.put("tasks", TensorData.of(new long[] {1, 99}, 2));
    tensors.put("learned", TensorData.of(new long[] {2}, 1));
    return StatePart.of("memory", Combine.UNION, tensors);
  }

  @Test
  void choose_optionOutOfItsRange_isRefused() {
    for (Map<String, String> wrong : List.of(Map.of("memory", "0"), Map.of("fresh", "0"))) {
      assertThrows(UsageException.class, () -> Techniques.load().choose("static-conpet", wrong));
    }
  }
}
