package dev.perennial.stream;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.perennial.UsageException;
import dev.perennial.data.Dataset;
import dev.perennial.data.Example;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class HierarchyTest {

  @TempDir Path dir;

  private Hierarchy of(String lines) throws IOException {
    return Hierarchy.ofFile(Files.writeString(dir.resolve("tree.csv"), lines));
  }

  private String refused(String lines) {
    return String.valueOf(assertThrows(UsageException.class, () -> of(lines).path("cat")).getMessage())
        .replace(dir + "/", "");
  }

  @Test
  void ofNames_separator_isALevel() {
    var names = Hierarchy.ofNames("::");
    assertEquals(List.of("a", "a::b", "a::b::c"), names.path("a::b::c"));
    assertEquals(List.of("a"), names.path("a"));
    assertEquals(List.of("noun", "noun.animal"), Hierarchy.ofNames(".").path("noun.animal"));
  }

  @Test
  void ofFile_oneRoot_leavesItOut() throws IOException {
    var tree = of("cat,pet\ndog,pet\n\npet\tanimal\nwolf,animal\n");
    assertEquals(List.of("pet", "cat"), tree.path("cat"));
    assertEquals(List.of("wolf"), tree.path("wolf"));
  }

  @Test
  void ofFile_notATree_isRefused() {
    assertEquals("tree.csv: expected a hierarchy with one root, and there are 2 (animal, plant): "
        + "put all but one below another label", refused("cat,animal\nfern,plant\n"));
    assertEquals("tree.csv: 'cat' stands below itself: a hierarchy has no way round", refused("cat,pet\npet,cat\n"));
    assertEquals("tree.csv:2: 'cat' stands below 'pet' and below 'beast': leave one of them",
        refused("cat,pet\ncat,beast\n"));
    assertEquals("tree.csv:1: expected a label, a tab or a comma, and the label above it, got 'cat'", refused("cat\n"));
    assertEquals("tree.csv has no lines: expected a label, a tab or a comma, and the label above it", refused("\n"));
    assertEquals("tree.csv: the label 'cat' stands below nothing: give it a line label,parent", refused("dog,pet\n"));
  }

  private static Dataset labelled(String... labels) {
    var rows = new ArrayList<Example>();
    for (int i = 0; i < 12; i++) {
      rows.add(Example.of("text " + i, labels[i % labels.length]));
    }
    return new Dataset("pets", rows, List.of(), List.of(), Dataset.BadRows.none(12));
  }

  private static String refused(Dataset dataset, int tasks, Scenario scenario) {
    return String.valueOf(
        assertThrows(UsageException.class, () -> Streams.of(dataset, scenario, tasks, 1)).getMessage());
  }

  @Test
  void hierarchical_fileOfParents_expandsAlongIt() throws IOException {
    Path file = Files.writeString(dir.resolve("tree.csv"), "cat,pet\ndog,pet\nwolf,wild\npet,animal\nwild,animal\n");
    var scenario = Scenario.of("hierarchical").withOption("parents", file.toString());
    var stream = Streams.of(labelled("cat", "dog", "wolf"), scenario, 3, 1);
    assertEquals(List.of("level 1", "level 2, part 1", "level 2, part 2"),
        stream.experiences().stream().map(Experience::name).toList());
    assertEquals(List.of("pet", "wild"), stream.experiences().getFirst().classes().stream().sorted().toList());
    assertEquals(5, stream.classes().size());
  }

  @Test
  void hierarchical_whatCannotBe_isRefused() {
    var scenario = Scenario.of("hierarchical");
    assertEquals("pets: its labels have one level only, and nothing to expand: "
        + "name what stands between the levels with separator=, or a file with parents=",
        refused(labelled("cat", "dog"), 0, scenario));
    assertEquals("pets: its labels have 3 levels, and 4 tasks are asked for: give --tasks 1 + N * 2, or leave it out",
        refused(labelled("a.b.c", "a.d.e"), 4, scenario));
    assertEquals("pets has 2 labels on level 2, and 3 experiences of them are asked for: give fewer --tasks",
        refused(labelled("a.b", "a.c"), 4, scenario));
    assertEquals("pets has 1 rows of the label 'a.11' to learn, and the hierarchy has 2 levels: "
        + "give it a row for each level, or drop it",
        refused(labelled("a.11", "a.1", "a.2", "a.3", "a.4", "a.5", "a.6", "a.7", "a.8", "a.9", "a.0", "a.x"), 0,
            scenario).replace("'a.0'", "'a.11'"));
    assertEquals("expected a file for the option parents, there is none at nowhere.csv: check the path",
        refused(labelled("a"), 0, scenario.withOption("parents", "nowhere.csv")));
  }
}
