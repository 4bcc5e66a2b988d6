package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.perennial.data.Dataset;
import java.util.HashSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.From;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

final class OnlinePropertyTest {

  @Provide
  Arbitrary<Dataset> datasets() {
    return Rows.any(6);
  }

  @Provide
  Arbitrary<String> others() {
    return Arbitraries.of("class-incremental", "domain-incremental", "blurry", "gradual", "drift");
  }

  @Property(tries = 100)
  void of_anyOtherScenario_isThatStreamInPieces(
      @ForAll("datasets") Dataset dataset, @ForAll @From("others") String of,
      @ForAll @IntRange(min = 1, max = 40) int chunk, @ForAll @IntRange(min = 2, max = 5) int tasks,
      @ForAll long seed) {
    var scenario = Scenario.of("online").withOption("chunk", "" + chunk).withOption("of", of);
    var whole = Streams.of(dataset, Scenario.of(of), tasks, seed);
    var stream = Rows.twice(dataset, scenario, tasks, seed);
    Rows.assertWhole(dataset, stream);
    assertEquals(Rows.all(whole, Experience::train), Rows.all(stream, Experience::train));
    var stages = stream.stages();
    assertEquals(tasks, stages.size());
    for (int i = 0; i < tasks; i++) {
      var experience = whole.experiences().get(i);
      var stage = stages.get(i);
      assertEquals(i, stage.index());
      assertEquals(experience.name(), stage.name());
      assertEquals(experience.train(), stage.train());
      assertEquals(experience.test(), stage.test());
      assertEquals(new HashSet<>(experience.classes()), new HashSet<>(stage.classes()));
    }
    var sizes = stream.experiences().stream().map(e -> e.train().size()).toList();
    long full = sizes.stream().filter(size -> size == chunk).count();
    long expected = whole.experiences().stream().mapToInt(e -> e.train().size() / chunk).sum();
    assertEquals(expected, full);
    assertEquals(whole.experiences().stream().mapToInt(e -> Math.ceilDiv(e.train().size(), chunk)).sum(), sizes.size());
  }

  @Property(tries = 20)
  void stages_ofAStreamThatIsNotInPieces_areItsExperiences(@ForAll("datasets") Dataset dataset, @ForAll long seed) {
    var stream = Streams.of(dataset, Scenario.CLASS_INCREMENTAL, 3, seed);
    assertEquals(stream.experiences(), stream.stages());
    assertEquals(List.of(0, 1, 2), stream.stages().stream().map(Experience::index).toList());
  }
}
